import json
import subprocess
import sys

import pytest
from PIL import Image

import mmgraph
from mmgraph.cli import main
from mmgraph.graph import HeteroGraph


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "a.png"
    Image.new("RGB", (32, 24), "red").save(path)
    return path


def failure(capsys, *arguments):
    """What a user reads on standard error."""
    with pytest.raises(SystemExit) as exit:
        main(arguments)
    return exit.value.code if isinstance(exit.value.code, str) else capsys.readouterr().err


def test_build_and_describe_do_it_without_python(tmp_path, picture, capsys):
    out, found = tmp_path / "g.json", tmp_path / "found.json"
    main(["build", "--image", str(picture), "--text", "a red field", "--out", str(out), "--boxes", "grid:2"])
    graph = HeteroGraph.load(out)
    assert graph.sizes == {"region": (4,), "token": (3,), "segment": (0,)}
    assert graph.samples[0].id == "g"
    assert f"wrote {out}" in capsys.readouterr().out
    main(["describe", str(out), "--json", str(found)])
    assert "region" in capsys.readouterr().out
    assert json.loads(found.read_text())["nodes"][0]["nodes"] == 4


def test_folders_are_made(tmp_path):
    out, found = tmp_path / "a" / "g.json", tmp_path / "b" / "found.json"
    main(["build", "--text", "a", "--out", str(out), "--json", str(found)])
    assert out.is_file()
    assert found.is_file()


def test_build_draws_the_graph(tmp_path, picture):
    figure = tmp_path / "g.png"
    main(
        ["build", "--image", str(picture), "--out", str(tmp_path / "g.safetensors"), "--figure", str(figure)]
    )
    assert Image.open(figure).size[0] > 500


def test_doctor_reports_versions_extras_and_devices(tmp_path, capsys):
    found = tmp_path / "found.json"
    main(["doctor", "--json", str(found)])
    report = json.loads(found.read_text())
    assert report["versions"]["torch"].startswith("2.")
    assert report["devices"][0] == "cpu"
    assert set(report["extras"]) | set(report["missing"]) >= {"transformers", "dgl", "scikit-image"}
    assert "devices: cpu" in capsys.readouterr().out


def test_a_missing_extra_comes_with_its_pip_line(monkeypatch, capsys):
    from mmgraph import doctor

    monkeypatch.setattr(doctor, "_version", lambda name: None if name == "spacy" else "1.0")
    monkeypatch.setattr(doctor, "_import_fault", lambda module: "broken" if module == "dgl" else "")
    report = doctor.diagnose()
    assert report.missing == {"dgl": "1.0: broken", "spacy": "not installed: pip install 'mmgraph[spacy]'"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["build"], "nothing to build from: give --image, --text or --audio"),
        (["build", "--image", "none.png"], "none.png"),
        (["build", "--text", "a", "--out", "graph.xml"], "graph.xml"),
        (["build", "--text", "a", "--boxes", "grid:100000"], "grid:100000"),
        (["describe", "none.json"], "none.json"),
    ],
)
def test_a_user_s_error_is_one_line(arguments, message, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    text = failure(capsys, *arguments)
    assert text.startswith("mmgraph: ")
    assert message in text
    assert "\n" not in text


def test_an_error_exits_with_1_and_no_traceback(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "mmgraph", "describe", "none.json"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("mmgraph: ")
    assert "Traceback" not in done.stderr


def test_the_version_is_printed(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out.strip() == f"mmgraph {mmgraph.__version__}"
