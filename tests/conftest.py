"""Every test runs with one thread, a fixed seed and checked shapes."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("DGLBACKEND", "pytorch")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

from jaxtyping import install_import_hook

install_import_hook("mmgraph", "beartype.beartype")

import torch
from torch.utils import backend_registration

# Before the first backward pass: the autograd engine counts the devices once.
backend_registration._setup_privateuseone_for_python_backend("sim")


@pytest.fixture(autouse=True)
def one_thread_and_a_seed():
    torch.set_num_threads(1)
    torch.manual_seed(0)


@pytest.fixture
def accelerator() -> torch.device:
    """A device on which nothing can be read: under FakeTensorMode, whatever waits for it raises."""
    return torch.device("sim")


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real data; the test skips where there is none."""
    folder = os.environ.get("MMGRAPH_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("MMGRAPH_DATA names no folder")
    return Path(folder)
