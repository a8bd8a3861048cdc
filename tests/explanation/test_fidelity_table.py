from mmgraph.explanation import Fidelity
from mmgraph.explanation.fidelity_table import fidelity_table


def test_each_method_has_a_line_with_chance_in_brackets():
    own, chance = Fidelity(0.1, 0.5, 0.75, 0.25), Fidelity(0.3, 0.2, 0.5, 0.5)
    lines = fidelity_table({"relevance": own, "plan": own}, {"relevance": chance}).splitlines()
    columns = [" ".join(line.split()) for line in lines]
    assert columns == [
        "fidelity (chance) sufficiency ↓ comprehensiveness ↑ insertion ↑ deletion ↓",
        "relevance 0.100 (0.300) 0.500 (0.200) 0.750 (0.500) 0.250 (0.500)",
        "plan 0.100 0.500 0.750 0.250",
    ]
    assert lines[1].index("0.500 (0.200)") == lines[2].index("0.500") == lines[0].index("comprehensiveness")


def test_of_no_method_it_says_so():
    assert fidelity_table({}, {}) == "no method's fidelity was measured"
