import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

import mmgraph
from mmgraph.cli import main
from mmgraph.explanation import Explanation
from mmgraph.graph import HeteroGraph
from mmgraph.tasks.recommendation import load_recommendations
from tests.tasks.recommendation.small_run import train
from tests.tasks.vqa.runs import untrained_run


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


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return str(untrained_run(tmp_path_factory.mktemp("run")))


def test_explain_writes_a_page_and_prints_the_answer_and_the_fidelity(run, tmp_path, capsys):
    files = {name: tmp_path / "new" / name for name in ("found.json", "e.json", "figure.png", "page.html")}
    written = ["--out", files["page.html"], "--explanation", files["e.json"]]
    written += ["--figure", files["figure.png"], "--json", files["found.json"]]
    main(["explain", run, "--sample", "3", "--methods", "relevance, plan", *map(str, written)])
    printed = capsys.readouterr().out.splitlines()
    explanation = Explanation.load(files["e.json"])
    said = explanation.prediction
    assert printed[0] == explanation.title
    assert printed[1].startswith(f"{said.answer} ({100 * said.probability:.1f} %), ")
    assert printed[1].endswith("right" if said.right else f"expected {said.expected}")
    assert [line.split()[0] for line in printed[3:6]] == ["fidelity", "relevance", "plan"]
    assert printed[-1] == f"wrote {files['page.html']}"
    assert 'http-equiv="Content-Security-Policy"' in files["page.html"].read_text()
    assert Image.open(files["figure.png"]).size[0] > 500
    found = json.loads(files["found.json"].read_text())
    assert found["out"] == str(files["page.html"])
    assert found["prediction"]["answer"] == said.answer
    assert found["about"]["sample"] == "validation-000000:3"
    fidelity = explanation["plan"].fidelity
    assert found["methods"]["plan"]["fidelity"]["deletion"] == fidelity.deletion


def test_explain_writes_into_the_run_unless_told_otherwise(run, capsys):
    main(["explain", run, "--methods", "plan"])
    main(["explain", run, "--split", "train", "--sample", "2", "--methods", "plan"])
    pages = sorted(path.name for path in Path(run, "explanations").iterdir())
    assert pages == ["0.html", "train_2.html"]


def test_explain_takes_media_of_one_s_own_and_names_unknown_words(run, picture, tmp_path, capsys):
    out = tmp_path / "own.html"
    text = "what shape is the zebra?"
    main(
        ["explain", run, "--image", str(picture), "--text", text, "--out", str(out), "--methods", "relevance"]
    )
    printed = capsys.readouterr().out
    assert f"not in the vocabulary of {run}, so all one word to it: zebra\n" in printed
    assert "expected" not in printed
    assert out.is_file()


def test_gallery_writes_a_page_a_sample_and_its_figures(run, tmp_path, capsys):
    out, found = tmp_path / "pages", tmp_path / "found.json"
    wanted = ["--samples", "2", "--choose", "unsure", "--methods", "plan"]
    main(["gallery", run, *wanted, "--out", str(out), "--json", str(found)])
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith(
        "the 2 least sure answers among the first 12 samples of the validation split: "
    )
    assert printed[-1] == f"wrote {out}/index.html"
    assert sorted(path.name for path in out.iterdir()) == ["0.html", "1.html", "index.html"]
    figures = json.loads(found.read_text())
    assert figures["index"] == f"{out}/index.html"
    assert figures["samples"] == 2
    assert 0 <= figures["accuracy"] <= 1
    assert set(figures["fidelity"]["plan"]) == {"sufficiency", "comprehensiveness", "insertion", "deletion"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["explain", "RUN", "--sample", "99"], "there is no sample 99"),
        (["explain", "RUN", "--split", "test"], "the test split stays shut"),
        (["explain", "RUN", "--sample", "1", "--text", "a"], "not both"),
        (["explain", "RUN", "--methods", "magic"], "there is no method 'magic': give some of relevance,"),
        (["explain", "RUN", "--methods", ","], "there is no method ','"),
        (["explain", "RUN", "--image", "none.png"], "none.png"),
        (["explain", "RUN", "--out", "page.txt"], "--out got 'page.txt': give a path to a .html file"),
        (["explain", "RUN", "--figure", "a.gif"], "a .png or .svg or .pdf file"),
        (["explain", "RUN", "--explanation", "a.txt"], "a .json file"),
        (["explain", "none"], "there is no folder 'none'"),
        (["explain", "."], "is not a run"),
        (["gallery", "RUN", "--samples", "0"], "at least 1"),
        (["gallery", "RUN", "--split", "test"], "the test split stays shut"),
        (["gallery", "none"], "there is no folder 'none'"),
    ],
)
def test_an_error_of_explain_and_gallery_is_one_line_and_leaves_no_page(
    run, arguments, message, capsys, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    text = failure(capsys, *(run if argument == "RUN" else argument for argument in arguments))
    assert text.startswith("mmgraph: ")
    assert message in text
    assert "\n" not in text
    assert list(tmp_path.iterdir()) == []


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


def test_score_captions_writes_the_scores_of_all_and_of_each_image(tmp_path, capsys):
    results, references, out, images = (tmp_path / f"{name}.json" for name in "abcd")
    results.write_text(
        json.dumps([{"image_id": 1, "caption": "a dog runs"}, {"image_id": 2, "caption": "x"}])
    )
    captions = [{"image_id": 1, "caption": "a dog runs"}, {"image_id": 2, "caption": "a cat"}]
    references.write_text(json.dumps({"images": [], "annotations": captions}))
    written = ["--json", str(out), "--per_image", str(images)]
    main(["score", "captions", str(results), str(references), *written])
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "2 images"
    assert printed[-1] == f"wrote {images}"
    found = json.loads(out.read_text())
    assert found.keys() >= {"bleu_1", "bleu_2", "bleu_3", "bleu_4", "rouge_l", "cider", "meteor", "tuple_f"}
    assert found["rouge_l"] == 0.5
    assert found["images"] == 2
    assert found["meteor_uses"].startswith("exact, stem")
    each = json.loads(images.read_text())
    assert each["1"]["rouge_l"] == 1.0
    assert each["2"].keys() == each["1"].keys() == found.keys() - {"images", "meteor_uses"}


def test_score_vqa_writes_per_cent_over_all_and_by_type(tmp_path, capsys):
    results, annotations, out = (tmp_path / f"{name}.json" for name in "abc")
    results.write_text(json.dumps([{"question_id": 1, "answer": "Yes"}, {"question_id": 2, "answer": "2"}]))
    people = {"yes/no": ["yes"] * 9 + ["no"], "number": ["two"] * 2 + ["3"] * 8}
    known = [
        {"question_id": n, "question_type": "", "answer_type": kind, "answers": [{"answer": a} for a in said]}
        for n, (kind, said) in enumerate(people.items(), start=1)
    ]
    annotations.write_text(json.dumps({"annotations": known}))
    main(["score", "vqa", str(results), str(annotations), "--json", str(out)])
    found = json.loads(out.read_text())
    assert found.pop("questions") == 2
    assert found == pytest.approx({"accuracy": 80.0, "accuracy.yes/no": 100.0, "accuracy.number": 60.0})
    assert "accuracy         80.00 %" in capsys.readouterr().out


@pytest.mark.parametrize("task", ["vqa", "captioning", "retrieval", "recommendation"])
@pytest.mark.parametrize("gallery", [0, 3])
def test_compare_prints_the_table_and_where_it_is(task, gallery, tmp_path, capsys, monkeypatch):
    asked = []
    report = SimpleNamespace(as_dict=lambda: {"arms": ["full"]})
    monkeypatch.setattr("mmgraph.comparison.compare", lambda *given: asked.append(given) or report)
    out, found = tmp_path / "out", tmp_path / "found.json"
    main(
        [
            "compare",
            task,
            "--arms",
            "full, ,no_graph",
            "--seeds",
            "2",
            "--workers",
            "1",
            "--open_test",
            "false",
            "--gallery",
            str(gallery),
            "--out",
            str(out),
            "--json",
            str(found),
        ]
    )
    printed = capsys.readouterr().out.splitlines()
    page = "index.html" if task == "vqa" else "examples.html"
    assert printed[1:] == [f"wrote {out}/table.md"] + [f"open {out}/gallery/{page}"] * (gallery > 0)
    assert json.loads(found.read_text()) == {"arms": ["full"]}
    assert asked[0][0].name == task
    assert asked[0][1:] == (["full", "no_graph"], 2, str(out), 1, False, gallery)


def test_a_comparison_that_is_interrupted_says_how_it_goes_on(tmp_path, capsys, monkeypatch):
    def interrupt(*given):
        raise KeyboardInterrupt

    monkeypatch.setattr("mmgraph.comparison.compare", interrupt)
    text = failure(capsys, "compare", "retrieval", "--out", str(tmp_path))
    assert text == f"mmgraph: interrupted; what is finished is kept in {tmp_path}: the same command goes on"


@pytest.fixture(scope="module")
def recommender(tmp_path_factory):
    return str(train(tmp_path_factory.mktemp("recommender")))


def test_recommend_prints_a_table_with_a_plain_reason_for_each_item(recommender, tmp_path, capsys):
    found, page, figure = tmp_path / "found.json", tmp_path / "page.html", tmp_path / "figure.svg"
    files = ["--html", str(page), "--figure", str(figure), "--json", str(found)]
    main(["recommend", recommender, "user 3", "--k", "4", *files])
    head, *rows, wrote, drew = capsys.readouterr().out.splitlines()
    assert head.split() == ["rank", "title", "score", "why"]
    assert (wrote, drew) == (f"wrote {page}", f"wrote {figure}")
    listed = json.loads(found.read_text())
    assert listed["user"] == "user 3"
    items = load_recommendations(recommender).recommend(3, 4)
    assert [one["item"] for one in listed["recommended"]] == [one.item for one in items]
    for rank, (row, one, said) in enumerate(zip(rows, items, listed["recommended"], strict=True), start=1):
        assert row.split("  ")[0].strip() == str(rank)
        assert f"  {one.title}  " in row + "  "
        assert f"  {one.score:.3f}  " in row
        assert row.endswith(f"  {said['why']}")
        assert row.index(said["why"]) == head.index("why")
        assert said["id"] == one.title
        assert said["shares"] == pytest.approx(one.reason.shares)
        assert said["because"]["item"] == one.reason.because
    text = page.read_text(encoding="utf-8")
    assert "<h2>user 3</h2>" in text
    assert all(f"{rank}. {one.title}" in text for rank, one in enumerate(items, start=1))
    assert "Recommended to user 3" in figure.read_text()


def test_recommend_takes_a_user_by_number_where_there_is_no_such_name(recommender, tmp_path, capsys):
    for user in ("3", "user 3"):
        main(["recommend", recommender, user, "--k", "2", "--json", str(tmp_path / f"{user}.json")])
    first, second = (json.loads((tmp_path / f"{user}.json").read_text()) for user in ("3", "user 3"))
    assert first == second
    assert "wrote" not in capsys.readouterr().out


def test_titles_cannot_steer_the_terminal_and_long_ones_are_cut(recommender, capsys, monkeypatch):
    strange = "\x1b[31m" + "word\n" * 20
    monkeypatch.setattr("mmgraph.data.recommendation.Catalogue.title", lambda self, item: strange)
    main(["recommend", recommender, "3", "--k", "2"])
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert len(printed.splitlines()) == 3
    assert "1     [31mword word word word word word word …  " in printed


def test_a_user_who_chose_everything_is_told_so(recommender, capsys, monkeypatch):
    monkeypatch.setattr("mmgraph.tasks.recommendation.Recommendations.recommend", lambda *given: [])
    main(["recommend", recommender, "3"])
    assert capsys.readouterr().out == "there is no item left that this user has not chosen\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nobody"], "there is no user 'nobody'"),
        (["30"], "there is no user 30: expected 0 to 29"),
        (["3", "--k", "0"], "k=0: expected at least 1"),
        (["3", "--html", "a.txt"], "--html got 'a.txt': give a path to a .html file"),
        (["3", "--figure", "a.gif"], "--figure got 'a.gif'"),
    ],
)
def test_an_error_of_recommend_is_one_line(recommender, arguments, message, capsys):
    text = failure(capsys, "recommend", recommender, *arguments)
    assert message in text
    assert "\n" not in text


def test_a_folder_without_a_run_is_named(tmp_path, capsys):
    assert "run.json: cannot read" in failure(capsys, "recommend", str(tmp_path), "3")


def test_a_result_that_cannot_be_scored_is_one_line(tmp_path, capsys):
    results, known = tmp_path / "a.json", tmp_path / "b.json"
    results.write_text('[{"image_id": 7, "caption": "a"}, {"image_id": 7, "caption": "b"}]')
    known.write_text('{"annotations": []}')
    text = failure(capsys, "score", "captions", str(results), str(known))
    assert text == f"mmgraph: {results}: [1]: image 7 is there twice: give one caption for each"
    text = failure(capsys, "score", "vqa", str(tmp_path / "none.json"), str(known))
    assert text == f"mmgraph: {tmp_path / 'none.json'}: cannot read: No such file or directory"
