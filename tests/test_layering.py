"""Imports point down the layers of docs/design.md, and `import mmgraph` stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "mmgraph"
LAYERS = [
    {"errors", "extras", "ops", "graph", "interop", "media"},
    {"linkers", "nn", "metrics", "doctor"},
    {"builders"},
    {"encoders", "alignment", "fusion", "data"},
    {"models"},
    {"heads", "objectives", "explanation"},
    {"training", "visualization"},
    {"comparison"},
    {"tasks"},
    {"cli", "notebook"},
    {"__main__"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def place(path: Path) -> str:
    """The part of the package that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """The parts of mmgraph that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [node.module or ""]
            if node.module == "mmgraph":
                names = [f"mmgraph.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("mmgraph.")}
    return found


def test_every_part_of_the_package_has_a_layer():
    assert {place(path) for path in MODULES} <= set(LEVEL)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path):
    upward = {name for name in imports(path) if LEVEL.get(name, 0) > LEVEL[place(path)]}
    sideways = {name for name in imports(path) if LEVEL.get(name) == LEVEL[place(path)]} - {place(path)}
    if LEVEL[place(path)] == 0:
        sideways = set()
    assert not upward, f"{path} imports from a higher layer: {upward}"
    assert not sideways, f"{path} imports from its own layer: {sideways}"


def test_ops_and_media_know_no_graph():
    for path in MODULES:
        if place(path) in {"ops", "media", "errors", "extras"}:
            assert not imports(path) & {"graph", "interop"}, path


def test_importing_mmgraph_loads_no_torch_and_takes_under_300_ms_of_cpu():
    code = (
        "import time; start = time.process_time(); import mmgraph, sys; "
        "print(time.process_time() - start, 'torch' in sys.modules, 'numpy' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    seconds, torch_loaded, numpy_loaded = out.split()
    assert float(seconds) < 0.3
    assert (torch_loaded, numpy_loaded) == ("False", "False")


def test_every_public_name_loads():
    import mmgraph

    for name in mmgraph.__all__:
        assert getattr(mmgraph, name) is not None
