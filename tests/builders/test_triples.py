import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmgraph.builders.tokens.vocabulary import HashedVocabulary, Vocabulary
from mmgraph.builders.triples import TriplesBuilder
from mmgraph.errors import InputError
from mmgraph.graph import collate, split, validate

RELATES = ("entity", "relates", "entity")
FACTS = [("dog", "chases", "cat"), ("cat", "fears", "dog"), ("dog", "is", "Dog"), ("dog", "chases", "cat")]
NAME = st.sampled_from("abcdé")


def triples_of(graph):
    """The triples that a graph of one sample stands for."""
    classes, names = graph.schema.edges[RELATES].classes, graph.label["entity"]
    edges = zip(*graph.edges(RELATES).tolist(), graph.edge_attr[RELATES].tolist(), strict=True)
    return [(names[head], classes[relation], names[tail]) for head, tail, relation in edges]


@given(st.lists(st.lists(st.tuples(NAME, st.sampled_from("rst"), NAME), max_size=6) | st.none(), max_size=4))
@settings(max_examples=60, deadline=None)
def test_each_sample_is_the_multigraph_of_its_triples(items):
    graph = validate(TriplesBuilder(("r", "s", "t")).batch(items))
    for item, part in zip(items, split(graph), strict=True):
        assert triples_of(part) == (item or [])
        expected = nx.MultiDiGraph([(head, tail) for head, _, tail in item or []])
        assert part.label["entity"] == tuple(expected.nodes)


def test_ids_are_hashes_of_the_exact_names_or_those_of_a_vocabulary():
    graph = TriplesBuilder(("chases", "fears", "is"))(FACTS)
    assert graph.label["entity"] == ("dog", "cat", "Dog")
    assert graph.x["entity"].equal(HashedVocabulary(lower=False).encode(["dog", "cat", "Dog"]))
    graph = TriplesBuilder(("chases", "fears", "is"), Vocabulary(("cat", "dog"), lower=False))(FACTS)
    assert graph.x["entity"].tolist() == [2, 1, 0]


def test_fit_knows_what_it_saw(tmp_path):
    (tmp_path / "train.tsv").write_text("".join("\t".join(fact) + "\n" for fact in FACTS), encoding="utf-8")
    for source in (FACTS, tmp_path / "train.tsv"):
        build = TriplesBuilder.fit(source)
        assert build.relations == ("chases", "fears", "is")
        assert build.entities.words == ("dog", "cat", "Dog")
        assert build(FACTS).x["entity"].tolist() == [1, 2, 3]
        assert build([("bird", "is", "dog")]).x["entity"].tolist() == [0, 1]


def test_a_file_is_its_triples_and_is_named_in_the_sample(tmp_path):
    build = TriplesBuilder(("is",))
    for content, expected in (("a\tis\té\nb c\tis\ta", 2), ("", 0)):
        (tmp_path / "facts.tsv").write_text(content, encoding="utf-8")
        graph = validate(build(str(tmp_path / "facts.tsv")))
        assert graph.num_edges(RELATES) == expected
        assert graph.samples[0].files == {"triples": str(tmp_path / "facts.tsv")}


def test_a_batch_is_its_singles_collated_and_split_undoes_it():
    build = TriplesBuilder.fit(FACTS, node_type="thing", input="facts")
    items = [FACTS, None, [], FACTS[1:2], iter(FACTS[:2])]
    singles = [build(item, str(i)) for i, item in enumerate([*items[:-1], FACTS[:2]])]
    batch = validate(build.batch(items))
    assert batch.difference(collate(singles)) == ""
    assert [a.difference(b) for a, b in zip(split(batch), singles, strict=True)] == [""] * 5
    assert build.batch([]).num_graphs == 0


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ([("a", "is", "b"), ("a", "eats", "b")], r"sample 's': unknown relation 'eats'; .*\['is'\]"),
        ([("a", "is", "b"), ("a", "is")], r"sample 's': triple 1 is \('a', 'is'\), expected three strings"),
        ([("a", "is", 3)], "triple 0 is .*expected three strings"),
        (["abc"], r"triple 0 is \('abc',\)"),
        ("nowhere.tsv", r"'nowhere\.tsv' cannot be read"),
    ],
)
def test_a_triple_that_is_none_is_named(item, message):
    with pytest.raises(InputError, match=message):
        TriplesBuilder(("is",))(item, "s")


def test_a_line_that_is_no_triple_is_named(tmp_path):
    (tmp_path / "facts.tsv").write_bytes(b"a\tis\tb\n\n")
    with pytest.raises(InputError, match=r"facts\.tsv', line 2, is \('',\), expected three"):
        TriplesBuilder(("is",))(tmp_path / "facts.tsv")
    (tmp_path / "facts.tsv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read"):
        TriplesBuilder(("is",))(tmp_path / "facts.tsv")


@pytest.mark.parametrize("relations", [(), ("is", "is")])
def test_relations_that_are_none_or_not_different_are_an_input_error(relations):
    with pytest.raises(InputError, match="give a tuple of different names"):
        TriplesBuilder(relations)
