import html
import io
import subprocess
import sys
from dataclasses import dataclass

import pytest
import torch
from PIL import Image

pytest.importorskip("IPython")
pytest.importorskip("matplotlib")
from IPython.core.interactiveshell import InteractiveShell

import mmgraph.visualization
from mmgraph import notebook
from mmgraph.explanation import Attribution, Explanation, WeightMap
from mmgraph.graph import HeteroGraph, NodeSpec, Sample, Schema, collate

TOKENS, REGIONS = 2, 2


@dataclass
class Bundle:
    data: dict
    metadata: dict


@pytest.fixture
def shell():
    shell = InteractiveShell()
    notebook.register(shell)
    return shell


def shown(shell, value) -> Bundle:
    return Bundle(*shell.display_formatter.format(value))


def sample(name="s1", word="dog"):
    schema = Schema({"region": NodeSpec(1, pos="box"), "token": NodeSpec(1, pos="characters")}, {})
    return HeteroGraph.create(
        schema,
        [Sample(name, text=f"a {word}", image_size=(30, 20))],
        x={"region": torch.zeros(REGIONS, 1), "token": torch.zeros(TOKENS, 1)},
        pos={
            "region": torch.tensor([[0.0, 0.0, 0.5, 1.0], [0.5, 0.0, 1.0, 1.0]]),
            "token": torch.tensor([[0, 1], [2, 2 + len(word)]]),
        },
        label={"token": ("a", word)},
    )


def explanation(word="dog"):
    weights = WeightMap.of(torch.rand(TOKENS, REGIONS))
    attention = Attribution("attention", {("token", "region"): weights})
    return Explanation.of(sample(word=word), (attention,), Image.new("RGB", (30, 20)))


def test_one_sample_is_a_picture_with_its_text_beside_it(shell):
    bundle = shown(shell, sample())
    assert set(bundle.data) == {"text/plain", "image/png"}
    assert bundle.data["text/plain"] == repr(sample())
    picture = Image.open(io.BytesIO(bundle.data["image/png"]))
    assert picture.format == "PNG"
    assert picture.width == pytest.approx(2 * bundle.metadata["image/png"]["width"], abs=1)


def test_a_batch_is_a_table_of_what_it_holds(shell):
    bundle = shown(shell, collate([sample(), sample("s2")]))
    assert set(bundle.data) == {"text/plain", "text/html"}
    assert "HeteroGraph, 2 samples" in bundle.data["text/html"]
    assert "<td>region</td><td>4</td><td>2.0</td><td>0</td><td>4</td><td>1</td>" in bundle.data["text/html"]


def test_an_explanation_is_its_page_in_a_frame_that_reaches_nothing_and_a_picture(shell):
    found = explanation()
    bundle = shown(shell, found)
    assert set(bundle.data) == {"text/plain", "text/html", "image/png"}
    frame = bundle.data["text/html"]
    assert 'sandbox="allow-scripts allow-downloads"' in frame
    assert "allow-same-origin" not in frame
    page = frame.split('srcdoc="')[1].removesuffix('"></iframe>')
    assert '"' not in page
    assert html.unescape(page) == mmgraph.visualization.explanation_html(found)
    assert Image.open(io.BytesIO(bundle.data["image/png"])).width > 500


def test_hostile_words_stay_inside_of_the_frame(shell):
    word = "\"></iframe><script>alert('x')</script>"
    frame = shown(shell, explanation(word)).data["text/html"]
    assert frame.count("<") == frame.count(">") == 2
    schema = Schema({"<b>x</b>": NodeSpec(1)}, {})
    graph = HeteroGraph.create(schema, [Sample("a"), Sample("b")], x={"<b>x</b>": torch.zeros(0, 1)})
    assert "<b>" not in shown(shell, graph).data["text/html"]


def test_what_cannot_be_drawn_is_text_and_no_error(shell, monkeypatch, capsys):
    nothing = HeteroGraph.create(
        Schema({"user": NodeSpec(1)}, {}), [Sample("s")], x={"user": torch.zeros(3, 1)}
    )
    assert set(shown(shell, nothing).data) == {"text/plain"}
    assert set(shown(shell, Explanation.of(sample())).data) == {"text/plain", "text/html"}
    for module in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, module, None)
    assert set(shown(shell, sample()).data) == {"text/plain"}
    assert set(shown(shell, explanation()).data) == {"text/plain", "text/html"}
    out, error = capsys.readouterr()
    assert (out, error) == ("", "")


def test_a_page_that_cannot_be_made_leaves_the_picture(shell, monkeypatch):
    monkeypatch.setattr(mmgraph.visualization, "explanation_html", lambda _: 1 / 0)
    assert set(shown(shell, explanation()).data) == {"text/plain", "image/png"}


def test_the_extension_can_be_loaded_by_name():
    shell = InteractiveShell()
    assert "image/png" not in shown(shell, sample()).data
    shell.run_line_magic("load_ext", "mmgraph.notebook")
    assert "image/png" in shown(shell, sample()).data


def test_something_that_is_no_shell_is_left_alone():
    notebook.register(object())
    notebook.register(None)


START = "from IPython.core.interactiveshell import InteractiveShell as S; shell = S.instance(); "
LOADED = "import mmgraph, sys; print([m for m in ('torch', 'numpy', 'matplotlib') if m in sys.modules]); "


def python(code):
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return found.stdout.splitlines()


def test_importing_mmgraph_in_a_shell_registers_it_and_loads_nothing_heavy():
    show = "f = shell.display_formatter.formatters['text/html']; print(list(f.deferred_printers))"
    heavy, registered = python(START + LOADED + show)
    assert heavy == "[]"
    assert "HeteroGraph" in registered
    assert "Explanation" in registered


def test_importing_mmgraph_without_a_shell_registers_nothing():
    code = LOADED + "print('IPython' in sys.modules, 'mmgraph.notebook' in sys.modules)"
    assert python(code) == ["[]", "False False"]
    assert python("import IPython; " + LOADED)[0] == "[]"
