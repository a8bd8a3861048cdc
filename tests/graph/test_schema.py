import jaxtyping
import pytest

from mmgraph.errors import InputError
from mmgraph.graph import EdgeSpec, NodeSpec, Schema


def test_a_node_type_has_features_or_ids_and_never_both():
    assert NodeSpec(4).num_ids is None
    assert NodeSpec(0, num_ids=0).dim == 0
    for dim, num_ids in ((0, None), (3, 5), (-1, None)):
        with pytest.raises(InputError, match=f"dim={dim}.*num_ids={num_ids}"):
            NodeSpec(dim, num_ids=num_ids)


def test_a_position_is_of_a_known_kind(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(InputError, match=r"pos='metres'.*box.*characters.*seconds"):
        NodeSpec(1, pos="metres")


def test_edges_carry_float_attributes_or_classes_and_never_both():
    assert EdgeSpec(attr_dim=2).has_attr
    assert EdgeSpec(classes=("on",)).has_attr
    assert not EdgeSpec().has_attr
    with pytest.raises(InputError, match="attr_dim=2"):
        EdgeSpec(attr_dim=2, classes=("on",))


def test_inverse_classes_are_an_order_that_is_its_own_inverse():
    EdgeSpec(classes=("left", "same", "right"), inverse=(2, 1, 0))
    with pytest.raises(InputError, match="expected an order of the 2 classes"):
        EdgeSpec(classes=("a", "b"), inverse=(0, 0))
    with pytest.raises(InputError, match="inverse of an inverse"):
        EdgeSpec(classes=("a", "b", "c"), inverse=(1, 2, 0))


def test_classes_and_origins_have_different_names():
    with pytest.raises(InputError, match=r"classes=.*twice"):
        EdgeSpec(classes=("on", "on"))
    with pytest.raises(InputError, match=r"origins=.*twice"):
        EdgeSpec(origins=("A", "A"))


def test_a_complete_relation_has_one_origin():
    with pytest.raises(InputError, match="one origin"):
        EdgeSpec(complete=True, origins=("A", "B"))


def test_both_ends_of_an_edge_type_are_node_types():
    with pytest.raises(InputError, match=r"joins node type 'token'.*region"):
        Schema({"region": NodeSpec(1)}, {("region", "near", "token"): EdgeSpec()})


def test_with_edge_adds_or_replaces():
    schema = Schema({"a": NodeSpec(1)})
    one = schema.with_edge(("a", "r", "a"), EdgeSpec())
    two = one.with_edge(("a", "r", "a"), EdgeSpec(scored=True))
    assert not schema.edges
    assert two.edges == {("a", "r", "a"): EdgeSpec(scored=True)}


def test_difference_names_the_type_that_differs():
    one = Schema({"a": NodeSpec(1), "b": NodeSpec(2)}, {("a", "r", "b"): EdgeSpec()})
    assert one.difference(one) == ""
    assert "node type 'b'" in one.difference(Schema({"a": NodeSpec(1)}))
    assert "absent in one" in Schema({"a": NodeSpec(1)}).difference(one)
    other = one.with_edge(("a", "r", "b"), EdgeSpec(scored=True))
    assert "edge type ('a', 'r', 'b')" in one.difference(other)
