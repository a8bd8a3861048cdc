from itertools import pairwise

import networkx as nx
import pytest
import spacy
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from mmgraph.builders.multimodal import MultimodalBuilder
from mmgraph.builders.tokens.builder import UNIVERSAL_RELATIONS, TokenBuilder
from mmgraph.builders.tokens.tokenizers import TransformersTokenizer
from mmgraph.builders.tokens.transcript import Transcript
from mmgraph.builders.tokens.vocabulary import HashedVocabulary, Vocabulary
from mmgraph.errors import InputError
from mmgraph.graph import COMPLETE, collate, split, validate

NEXT, NEAR, DEPENDS, INFORMS = (("token", r, "token") for r in ("next", "near", "depends_on", "informs"))
QUESTIONS = ["What does the dog chase?", "", None, "Don't!", "colour 🏳️‍🌈 of é"]
CONLLU = """\
# text = Dogs can't chase cats
1\tDogs\tdog\tNOUN\t_\t_\t4\tnsubj:outer\t_\t_
2-3\tcan't\t_\t_\t_\t_\t_\t_\t_\t_
2\tca\tcan\tAUX\t_\t_\t4\taux\t_\t_
3\tn't\tnot\tPART\t_\t_\t4\tnegation\t_\t_
4\tchase\tchase\tVERB\t_\t_\t0\troot\t_\t_
5\tcats\tcat\tNOUN\t_\t_\t4\t_\t_\t_

1\tStop\tstop\tVERB\t_\t_\t0\troot\t_\tSpaceAfter=No
2\t!\t!\tPUNCT\t_\t_\t1\tpunct\t_\t_
"""


def word_level():
    core = Tokenizer(models.WordLevel({"[UNK]": 0, "the": 1, "dog": 2}, unk_token="[UNK]"))
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=core, unk_token="[UNK]")


def pairs(graph, key):
    return set(map(tuple, graph.edges(key).T.tolist()))


# ---------------------------------------------------------------------- nodes


def test_a_question_becomes_its_words_with_their_places():
    graph = validate(TokenBuilder()("What does the dog chase?", id="q1"))
    assert graph.label["token"] == ("What", "does", "the", "dog", "chase", "?")
    assert graph.pos["token"].tolist() == [[0, 4], [5, 9], [10, 13], [14, 17], [18, 23], [23, 24]]
    assert graph.pos["token"].dtype == torch.long
    assert graph.samples[0].id == "q1"
    assert graph.samples[0].text == "What does the dog chase?"
    assert graph.x["token"].equal(HashedVocabulary().encode(graph.label["token"]))
    assert graph.schema.nodes["token"].num_ids == 32768


def test_an_empty_text_is_a_text_and_none_is_missing():
    graph = validate(TokenBuilder(edges=("next", "window:2", "complete")).batch(["", None, " \n"]))
    assert [sample.text for sample in graph.samples] == ["", None, " \n"]
    assert graph.sizes["token"] == (0, 0, 0)
    assert graph.label["token"] == ()
    assert TokenBuilder().batch([]).num_graphs == 0


@given(st.lists(st.text(st.characters(exclude_categories=())) | st.none(), max_size=4))
@example(["a👩‍❤️‍💋‍👨b 🇩🇪🇫🇷", "שָׁלוֹם עולם", "e\u0301\u0301 \u0301", "\ud800\udfff \ud83d\ude00"])
@settings(max_examples=100, deadline=None)
def test_labels_are_the_texts_at_their_places_in_order_and_apart(texts):
    for tokenizer in ("words", "whitespace"):
        graph = validate(TokenBuilder(tokenizer).batch(texts))
        for text, part in zip(texts, split(graph), strict=True):
            spans = part.pos["token"].tolist()
            assert tuple((text or "")[start:end] for start, end in spans) == part.label["token"]
            assert all(before[1] <= after[0] for before, after in pairwise(spans))
            assert sum(end - start for start, end in spans) == len("".join((text or "").split()))


BUILDERS = {
    "default": TokenBuilder(),
    "all edges": TokenBuilder(edges=("next", "window:3", "complete")),
    "vocabulary": TokenBuilder(vocabulary=Vocabulary.fit(["what does the dog chase"]), edges=()),
    "features": TokenBuilder(features=lambda words: torch.tensor([[len(word), 1.0] for word in words])),
    "transformers": TokenBuilder(word_level(), edges=("next",)),
    "spacy": TokenBuilder(spacy.blank("en"), max_tokens=3, node_type="word"),
}


@pytest.mark.parametrize("name", BUILDERS)
def test_a_batch_is_its_singles_collated_and_split_undoes_it(name):
    build = BUILDERS[name]
    singles = [build(text, id=str(i)) for i, text in enumerate(QUESTIONS)]
    batch = validate(build.batch(QUESTIONS))
    assert batch.difference(collate(singles)) == ""
    assert [a.difference(b) for a, b in zip(split(batch), singles, strict=True)] == [""] * len(QUESTIONS)


def test_ids_are_the_vocabularys_the_tokenizers_or_hashes():
    vocabulary = Vocabulary(("the", "dog"))
    graph = TokenBuilder(vocabulary=vocabulary)("The dog barks")
    assert graph.x["token"].tolist() == [1, 2, 0]
    assert graph.schema.nodes["token"].num_ids == 3
    graph = TokenBuilder(word_level())("the cat")
    assert graph.x["token"].tolist() == [1, 0]
    assert graph.schema.nodes["token"].num_ids == 3
    graph = TokenBuilder(vocabulary=HashedVocabulary(7, lower=False))("The the")
    assert graph.x["token"].equal(HashedVocabulary(7, lower=False).encode(["The", "the"]))


def test_a_function_of_words_gives_features_and_sees_each_word_once():
    asked = []

    def rows(words):
        asked.extend(words)
        return torch.tensor([[len(word), 0.5] for word in words], requires_grad=True)

    build = TokenBuilder(features=rows)
    assert build.schema.nodes["token"].dim == 2
    asked.clear()
    graph = validate(build.batch(["the dog the", None, "dog barks"]))
    assert graph.x["token"][:, 0].tolist() == [3, 3, 3, 3, 5]
    assert not graph.x["token"].requires_grad
    assert asked == ["the", "dog", "barks"]
    assert build(None).x["token"].shape == (0, 2)


def test_max_tokens_keeps_the_first_tokens_and_the_whole_text():
    graph = validate(TokenBuilder("conllu", edges=("next", "depends"), max_tokens=4)(CONLLU))
    assert graph.label["token"] == ("Dogs", "ca", "n't", "chase")
    assert graph.samples[0].text == "Dogs can't chase cats Stop!"
    assert pairs(graph, DEPENDS) == {(0, 3), (1, 3), (2, 3)}
    assert pairs(TokenBuilder("conllu", edges=("depends",), max_tokens=3)(CONLLU), DEPENDS) == set()


# ---------------------------------------------------------------------- edges


@given(st.lists(st.integers(0, 7), max_size=4), st.integers(1, 9))
@settings(max_examples=50, deadline=None)
def test_next_and_window_edges_are_those_of_paths_and_their_powers(sizes, width):
    texts = [" ".join("w" * size) for size in sizes]
    graph = validate(TokenBuilder(edges=("next", f"window:{width}", "complete")).batch(texts))
    path = nx.disjoint_union_all([nx.Graph(), *(nx.path_graph(size) for size in sizes)])
    assert pairs(graph, NEXT) == set(path.edges)
    power = dict(nx.all_pairs_shortest_path_length(path, cutoff=width))
    assert pairs(graph, NEAR) == {(a, b) for a in power for b in power[a] if a != b}
    assert graph.num_edges(NEAR) == len(pairs(graph, NEAR))
    assert graph.edge_index[INFORMS] is COMPLETE
    assert graph.num_edges(INFORMS) == sum(size * size for size in sizes)
    assert graph.schema.edges[NEAR].symmetric
    assert graph.schema.edges[INFORMS].symmetric
    assert not graph.schema.edges[NEXT].symmetric
    assert {spec.origins for spec in graph.schema.edges.values()} == {("TokenBuilder",)}


def test_dependents_point_to_their_heads_with_the_base_relation_as_class():
    build = TokenBuilder("conllu", edges=("depends", "next"))
    graph = validate(build.batch([None, CONLLU, "", CONLLU]))
    assert graph.sizes["token"] == (0, 7, 0, 7)
    one = [(0, 3), (1, 3), (2, 3), (4, 3), (6, 5)]
    assert graph.edge_index[DEPENDS].T.tolist() == [[a + s, b + s] for s in (0, 7) for a, b in one]
    names = [graph.schema.edges[DEPENDS].classes[i] for i in graph.edge_attr[DEPENDS].tolist()]
    assert names == ["nsubj", "aux", "other", "dep", "punct"] * 2
    assert (
        graph.difference(collate([build(x, str(i)) for i, x in enumerate([None, CONLLU, "", CONLLU])])) == ""
    )
    assert graph.samples[1].text == "Dogs can't chase cats Stop!"
    assert graph.pos["token"][1:3].tolist() == [[5, 7], [7, 10]]


def test_there_are_the_37_universal_relations_and_one_more():
    assert len(set(UNIVERSAL_RELATIONS)) == 37
    spec = TokenBuilder("conllu", edges=("depends",)).schema.edges[DEPENDS]
    assert spec.classes == (*UNIVERSAL_RELATIONS, "other")


def test_spacy_parses_give_the_relations_that_the_user_names():
    doc = spacy.tokens.Doc(
        spacy.vocab.Vocab(), words=["dogs", "chase", "cats"], heads=[1, 1, 1], deps=["nsubj", "ROOT", "dobj"]
    )
    build = TokenBuilder(lambda text: doc, edges=("depends",), relations=("nsubj", "dobj"))
    graph = validate(build("dogs chase cats "))
    assert graph.edge_index[DEPENDS].tolist() == [[0, 2], [1, 1]]
    assert graph.edge_attr[DEPENDS].tolist() == [0, 1]
    assert graph.schema.edges[DEPENDS].classes == ("nsubj", "dobj", "other")


# ---------------------------------------------------------------------- times


def test_each_token_of_a_transcript_has_the_times_of_its_word():
    build = TokenBuilder(timed=True)
    transcript = Transcript(["Don't", "stop!", "go"], [(0, 0.5), (0.5, 1.0), (1.25, 1.5)])
    graph = validate(build.batch([None, transcript, Transcript([], [])]))
    assert graph.label["token"] == ("Don't", "stop", "!", "go")
    assert graph.extra["token"]["seconds"].tolist() == [[0, 0.5], [0.5, 1], [0.5, 1], [1.25, 1.5]]
    assert [sample.text for sample in graph.samples] == [None, "Don't stop! go", ""]
    singles = [build(item, str(i)) for i, item in enumerate([None, transcript, Transcript([], [])])]
    assert graph.difference(collate(singles)) == ""
    assert build(None).extra["token"]["seconds"].shape == (0, 2)


def test_times_are_neither_dropped_nor_made_up():
    with pytest.raises(
        InputError, match=r"sample 's' is a Transcript, but .*timed=True, or give transcript.text"
    ):
        TokenBuilder()(Transcript(["a"], [(0, 1)]), "s")
    with pytest.raises(InputError, match="sample 's' is a str without times, but timed=True"):
        TokenBuilder(timed=True)("a", "s")


# ---------------------------------------------------------------------- in company, and errors


def test_the_multimodal_builder_takes_it_under_its_keyword():
    build = MultimodalBuilder(TokenBuilder(), TokenBuilder(word_level(), node_type="piece", input="pieces"))
    graph = build(text="the dog!", pieces="the dog!")
    assert graph.sizes == {"token": (3,), "piece": (3,)}
    assert ("token", "rev_next", "token") in graph.schema.edges
    assert build(text="the dog!").sizes == {"token": (3,), "piece": (0,)}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"edges": "next"}, r"give a tuple, edges=\('next',\)"),
        ({"edges": ("near",)}, "'near' is not one of 'next', 'window:K'"),
        ({"edges": ("window",)}, "'window' is not one of"),
        ({"edges": ("window:0",)}, "'window:0' is not one of"),
        ({"edges": ("window:x",)}, "'window:x' is not one of"),
        ({"edges": ("next", "next")}, "each at most once"),
        ({"edges": ("window:1", "window:2")}, "give one window"),
        ({"edges": ("depends",)}, "'depends' need a tokenizer that parses, not 'words'"),
        ({"tokenizer": word_level(), "edges": ("depends",)}, "'depends' need a tokenizer that parses"),
        (
            {"tokenizer": word_level(), "vocabulary": Vocabulary(())},
            "vocabulary does not go with a transformers",
        ),
        ({"features": torch.zeros, "vocabulary": Vocabulary(())}, "vocabulary does not go with features"),
        ({"max_tokens": 0}, "max_tokens=0"),
        ({"tokenizer": "conllu", "timed": True}, "CoNLL-U words have no times"),
        (
            {"tokenizer": TransformersTokenizer(word_level(), True), "timed": True},
            "special tokens have no times",
        ),
    ],
)
def test_arguments_that_do_not_go_together_are_input_errors(arguments, message):
    with pytest.raises(InputError, match=message):
        TokenBuilder(**arguments)


def test_items_of_another_kind_are_input_errors_that_name_the_sample():
    build = TokenBuilder()
    with pytest.raises(InputError, match="sample 'b' is a bytes, expected a str, a Transcript or None"):
        build.batch(["a", b"b"], ["a", "b"])
    with pytest.raises(InputError, match="got one str"):
        build.batch("the dog")
    with pytest.raises(InputError, match="2 items but 1 ids"):
        build.batch(["a", "b"], ["a"])
    with pytest.raises(InputError, match=r"sample '1': CoNLL-U line 2: .*columns"):
        TokenBuilder("conllu").batch([None, "# a\nb"])


def test_a_text_without_a_parse_is_an_input_error_where_edges_need_it():
    for tokenizer, text in (("conllu", CONLLU.replace("\t4\t", "\t_\t")), (spacy.blank("en"), "the dog")):
        TokenBuilder(tokenizer)(text)
        with pytest.raises(InputError, match="sample 's': edges 'depends' need a head for every token"):
            TokenBuilder(tokenizer, edges=("depends",))(text, "s")


@pytest.mark.parametrize("rows", [torch.zeros(2, 3), torch.zeros(1), [[1.0]], None])
def test_features_of_another_shape_are_an_input_error(rows):
    with pytest.raises(InputError, match=r"features returned .* for 1 words, expected a tensor \[1, D\]"):
        _ = TokenBuilder(features=lambda words: rows).schema
