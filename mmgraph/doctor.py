"""What this installation has: versions, extras that are missing or broken, devices."""

import platform
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any

from mmgraph.errors import MissingExtraError
from mmgraph.extras import EXTRAS, require

__all__ = ["Report", "diagnose"]

CORE = (
    "torch",
    "torch-geometric",
    "networkx",
    "scipy",
    "numpy",
    "pillow",
    "soundfile",
    "safetensors",
    "jaxtyping",
    "jsonargparse",
    "tqdm",
    "pyyaml",
)
DISTRIBUTION = {"skimage": "scikit-image"}
"""Where a package's name in the index differs from its import name."""


@dataclass(frozen=True)
class Report:
    """What `mmgraph doctor` found.

    Args:
        python: version and platform.
        versions: of mmgraph and its core dependencies.
        extras: for each optional package, its version.
        missing: for each optional package that is absent or does not import, what to do.
        devices: where tensors can lie.
        threads: how many threads torch uses.
    """

    python: str
    versions: dict[str, str]
    extras: dict[str, str]
    missing: dict[str, str]
    devices: tuple[str, ...]
    threads: int

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values that JSON can hold."""
        return asdict(self)

    def __str__(self) -> str:
        lines = [f"python {self.python}"]
        lines += [f"  {name:<16} {version}" for name, version in self.versions.items()]
        lines += ["extras"]
        lines += [f"  {name:<16} {version}" for name, version in self.extras.items()]
        lines += [f"  {name:<16} {advice}" for name, advice in self.missing.items()]
        lines += [f"devices: {', '.join(self.devices)}; {self.threads} threads"]
        return "\n".join(lines)


def diagnose() -> Report:
    """Look at the installed packages and devices; optional packages are imported to see if they can be."""
    import torch

    extras, missing = {}, {}
    for module, extra in EXTRAS.items():
        name = DISTRIBUTION.get(module, module)
        advice = f"pip install 'mmgraph[{extra}]'"
        version = _version(name)
        if version is None:
            missing[name] = f"not installed: {advice}"
        elif fault := _import_fault(module):
            missing[name] = f"{version}: {fault}"
        else:
            extras[name] = version
    return Report(
        python=f"{platform.python_version()} on {platform.platform()}",
        versions={"mmgraph": _version("mmgraph") or "not installed"}
        | {name: _version(name) or "not installed" for name in CORE},
        extras=extras,
        missing=missing,
        devices=_devices(torch),
        threads=torch.get_num_threads(),
    )


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _import_fault(module: str) -> str:
    try:
        require(module)
    except MissingExtraError as error:
        return str(error)
    return ""


def _devices(torch: Any) -> tuple[str, ...]:
    devices = ["cpu"]
    devices += [f"cuda:{i} ({torch.cuda.get_device_name(i)})" for i in range(torch.cuda.device_count())]
    devices += ["mps"] * torch.backends.mps.is_available()
    return tuple(devices)
