import io

import conllu
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmgraph.builders.tokens.conllu import read_conllu
from mmgraph.errors import InputError

EXAMPLE = """\
# newdoc id = example
# sent_id = es-1
# text = ¡Vámonos al mar, 👩‍🚀!
# text_en = Let's go to the sea!
1\t¡\t¡\tPUNCT\t_\t_\t2\tpunct\t_\tSpaceAfter=No
2-3\tVámonos\t_\t_\t_\t_\t_\t_\t_\t_
2\tVamos\tir\tVERB\t_\tNumber=Plur|Person=1\t0\troot\t_\t_
3\tnos\tnosotros\tPRON\t_\t_\t2\texpl:pv\t_\t_
4-5\tal\t_\t_\t_\t_\t_\t_\t_\t_
4\ta\ta\tADP\t_\t_\t6\tcase\t_\t_
5\tel\tel\tDET\t_\tDefinite=Def\t6\tdet\t_\t_
6\tmar\tmar\tNOUN\t_\t_\t2\tobl\t_\tSpaceAfter=No
7\t,\t,\tPUNCT\t_\t_\t8\tpunct\t_\t_
8\t👩‍🚀\t👩‍🚀\tSYM\t_\t_\t2\tdiscourse:emo\t_\tSpaceAfter=No
9\t!\t!\tPUNCT\t_\t_\t2\tpunct\t_\t_

# sent_id = en-2
# text = Over 300 Iraqis are reported dead and 500 wounded
1\tOver\tover\tADV\tRB\t_\t2\tadvmod\t2:advmod\t_
2\t300\t300\tNUM\tCD\tNumType=Card\t3\tnummod\t3:nummod\t_
3\tIraqis\tIraqis\tPROPN\tNNPS\tNumber=Plur\t5\tnsubj:pass\t5:nsubj:pass|6:nsubj:xsubj|8:nsubj:pass\t_
4\tare\tbe\tAUX\tVBP\t_\t5\taux:pass\t5:aux:pass\t_
5\treported\treport\tVERB\tVBN\tTense=Past\t0\troot\t0:root\t_
6\tdead\tdead\tADJ\tJJ\tDegree=Pos\t5\txcomp\t5:xcomp\t_
7\tand\tand\tCCONJ\tCC\t_\t8\tcc\t8:cc|8.1:cc\t_
8\t500\t500\tNUM\tCD\tNumType=Card\t5\tconj\t5:conj:and|8.1:nsubj:pass|9:nsubj:xsubj\t_
8.1\treported\treport\tVERB\tVBN\tTense=Past\t_\t_\t5:conj:and\tCopyOf=5
9\twounded\twounded\tADJ\tJJ\tDegree=Pos\t8\torphan\t8.1:xcomp\tSpaceAfter=No

# sent_id = en-3
1-2\tcannot\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No
1\tcan\tcan\tAUX\t_\t_\t0\troot\t_\t_
2\tnot\tnot\tPART\t_\t_\t1\tadvmod\t_\t_
3\t.\t.\tPUNCT\t_\t_\t1\tpunct\t_\t_
"""


def word(number, form="w", head="0", relation="root", misc="_"):
    return "\t".join([str(number), form, "_", "_", "_", "_", str(head), relation, "_", misc])


def by_package(content):
    """Form, head and relation of every word, by the `conllu` package; heads count through the text."""
    rows = []
    for sentence in conllu.parse(content):
        words = [token for token in sentence if isinstance(token["id"], int)]
        first = len(rows)
        for token in words:
            head = token["head"]
            rows.append((token["form"], first + head - 1 if head else -1, token["deprel"]))
    return rows


def test_words_heads_and_relations_are_those_of_the_conllu_package():
    read = read_conllu(EXAMPLE)
    assert [(word.form, word.head, word.relation) for word in read.words] == by_package(EXAMPLE)
    assert len(read.words) == 9 + 9 + 3


def test_the_text_is_that_of_the_comments_or_of_the_forms():
    comments = [s.metadata["text"] for s in conllu.parse(EXAMPLE) if "text" in s.metadata]
    assert read_conllu(EXAMPLE).text == f"{comments[0]} {comments[1]}cannot."


def test_words_stand_where_the_text_has_them():
    read = read_conllu(EXAMPLE)
    surface = [read.text[word.start : word.end] for word in read.words]
    expected = [word.form for word in read.words]
    expected[1:3] = ["Vámonos"] * 2
    expected[3:5] = ["al"] * 2
    assert surface == expected


def test_a_multiword_token_is_cut_where_its_words_make_it_up():
    read = read_conllu("1-2\tcannot" + "\t_" * 8 + f"\n{word(1, 'can')}\n{word(2, 'not', 1)}\n")
    assert [(word.start, word.end) for word in read.words] == [(0, 3), (3, 6)]


def test_without_a_head_a_word_has_no_parse():
    assert [w.head for w in read_conllu(f"{word(1, head='_')}\n{word(2, head=1)}\n").words] == [None, 0]


def test_empty_and_blank_strings_have_no_words():
    for content in ("", "\n\n", " \n"):
        assert read_conllu(content).words == ()
        assert read_conllu(content).text == ""


def test_windows_line_ends_and_missing_last_newline_change_nothing():
    assert read_conllu(EXAMPLE.replace("\n", "\r\n")) == read_conllu(EXAMPLE)
    assert read_conllu(EXAMPLE.rstrip("\n")) == read_conllu(EXAMPLE)
    assert read_conllu("\n\n" + EXAMPLE.replace("\n\n", "\n\n\n") + "\n\n") == read_conllu(EXAMPLE)


FORM = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=4)


@given(st.lists(st.lists(st.tuples(FORM, st.booleans()), min_size=1, max_size=4), max_size=3))
@settings(max_examples=100, deadline=None)
def test_forms_and_space_after_make_the_text(sentences):
    lines, text, forms = [], "", []
    for sentence in sentences:
        for number, (form, space) in enumerate(sentence, 1):
            lines.append(word(number, form, number - 1, misc="_" if space else "A=b|SpaceAfter=No"))
            text += form + " " * space
            forms.append(form)
        lines.append("")
    read = read_conllu("\n".join(lines))
    assert read.text == text.removesuffix(" ")
    assert [read.text[word.start : word.end] for word in read.words] == forms
    assert [w.form for w in read.words] == [form for form, _, _ in by_package("\n".join(lines))]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1\tw\t_", "line 1: .*3 columns, expected 10"),
        (f"# c\n{word(1)}\tx", "line 2: .*11 columns"),
        (word(1, ""), "line 1: .*FORM"),
        (word("x"), "line 1: ID 'x' is not"),
        (word("١"), "line 1: ID '١' is not"),
        (word("9" * 5000), "line 1: ID '9+' is not"),
        (f"{word(1)}\n{word(3)}", "line 2: ID 3 where 2"),
        (word(0), "line 1: ID 0 where 1"),
        (word(1, head=2), "line 1: HEAD '2' of word 1, expected 0 to 1"),
        (word(1, head=1), "line 1: HEAD '1'"),
        (word(1, head="-1"), "line 1: HEAD '-1'"),
        (word(1, head="x"), "line 1: HEAD 'x'"),
        (f"{word('1-2')}\n{word(1)}", "line 1: multiword token up to 2 of 1 words"),
        (f"{word(1)}\n{word('1-2')}\n{word(2)}", "line 2: multiword token 1-2 where word 2"),
        (f"{word('1-3')}\n{word(1)}\n{word('2-3')}\n{word(2)}\n{word(3)}", "line 3: multiword token 2-3"),
        (f"{word('1-1')}\n{word(1)}", "line 1: multiword token 1-1"),
        (f"{word('1-2')}\n{word('1-2')}\n{word(1)}\n{word(2)}", "line 2: multiword token"),
        (f"{word(1)}\n{word('2.1')}", "line 2: empty node 2.1 after word 1"),
        (f"{word(1)}\n\n# only a comment\n", "line 3: a sentence of comments only"),
        (
            f"# text = wx\n{word(1, 'w')}\n{word(2, 'y')}",
            "line 3: FORM 'y', but the comment '# text' has 'x'",
        ),
        (f"# text = w\n{word(1, 'w')}\n{word(2, 'y')}", "line 3: FORM 'y', but .* has ''"),
        (f"# text = w more\n{word(1, 'w')}", "line 1: the comment '# text' goes on with ' more'"),
    ],
)
def test_a_malformed_line_is_an_input_error_with_its_number(content, message):
    with pytest.raises(InputError, match=f"CoNLL-U {message}"):
        read_conllu(content)


@given(st.integers(0, len(EXAMPLE) - 1), st.sampled_from(["", "\t", "\n", "_", "9", "-", "x", "\ud800"]))
@settings(max_examples=200, deadline=None)
def test_a_damaged_file_is_read_or_refused_but_nothing_else(place, character):
    damaged = EXAMPLE[:place] + character + EXAMPLE[place + 1 :]
    try:
        read = read_conllu(damaged)
    except InputError:
        return
    assert all(0 <= word.start <= word.end <= len(read.text) for word in read.words)


def test_the_package_reads_the_example_as_a_file_too():
    assert len(list(conllu.parse_incr(io.StringIO(EXAMPLE)))) == 3
