import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.models.recommendation import RECOMMENDERS, make_recommender
from mmgraph.tasks.recommendation.arms import arm
from mmgraph.tasks.recommendation.late import LateRecommender
from mmgraph.tasks.recommendation.variants import variant
from tests.models.recommendation.world import ITEMS, USERS, batch, rated
from tests.tasks.recommendation.small import known_world

NEEDS_FEATURES = {"vbpr", "mmgcn", "grcn", "lattice", "slmrec", "freedom"}
ALL = pytest.mark.parametrize("name", RECOMMENDERS)


def whole(graph):
    """Everything that a model reads of a graph, as tensors."""
    found = {"interactions": rated(graph)}
    for name, one in graph.features.items():
        found |= {f"{name}.x": one.x, f"{name}.present": one.present}
    for name, item_graph in graph.similar.items():
        found |= {f"{name}.source": item_graph.csr.source, f"{name}.weight": item_graph.weight}
    return found


def equal(first, second):
    first, second = whole(first), whole(second)
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@ALL
def test_a_model_by_name_is_that_model_with_its_options(name):
    graph, chosen = known_world(), arm(name)
    assert (chosen.model, chosen.variant) == (name, None)
    assert chosen.sees(graph, 0) is graph
    options = {} if name == "popularity" else {"dim": 4}
    torch.manual_seed(1)
    model = chosen.make(graph, options).eval()
    torch.manual_seed(1)
    other = make_recommender(name, graph, **options).eval()
    assert type(model) is RECOMMENDERS[name]
    assert torch.equal(model(graph).items, other(graph).items)


@ALL
@pytest.mark.parametrize("control", ["no_graph", "shuffled", "only_image", "without_audio", "late"])
def test_every_model_ranks_and_learns_as_a_control(name, control):
    chosen = arm(f"{name}:{control}")
    seen = chosen.sees(known_world(), 3)
    model = chosen.make(seen, {})
    found = model(seen)
    assert (len(found.users), len(found.items)) == (USERS, ITEMS)
    assert found.users.isfinite().all()
    assert found.items.isfinite().all()
    assert sum(model.loss(seen, batch()).values()).isfinite()


@ALL
def test_without_features_a_model_learns_from_interactions_or_says_what_it_needs(name):
    chosen = arm(f"{name}:no_features")
    seen = chosen.sees(known_world(), 0)
    if name in NEEDS_FEATURES:
        with pytest.raises(InputError, match=r"needs features of the items, .*such as lightgcn"):
            chosen.make(seen, {})
    else:
        assert chosen.make(seen, {})(seen).items.isfinite().all()


@pytest.mark.parametrize(
    "control", ["no_graph", "no_features", "shuffled", "only_audio", "without_knowledge"]
)
def test_a_control_sees_what_its_variant_says(control):
    graph = known_world()
    assert equal(arm(f"aligned:{control}").sees(graph, 7), variant(graph, control, 7))
    assert not equal(arm(f"aligned:{control}").sees(graph, 7), graph)


def test_the_seed_is_of_what_a_control_draws():
    graph, chosen = known_world(), arm("aligned:shuffled")
    assert equal(chosen.sees(graph, 1), chosen.sees(graph, 1))
    assert not equal(chosen.sees(graph, 1), chosen.sees(graph, 2))


def test_late_fusion_sees_everything_and_has_a_model_of_each_modality():
    graph, chosen = known_world(), arm("freedom:late")
    assert chosen.sees(graph, 0) is graph
    model = chosen.make(graph, {"dim": 4})
    assert isinstance(model, LateRecommender)
    assert {name: type(own) for name, own in model.alone.items()} == dict.fromkeys(
        ("image", "audio"), RECOMMENDERS["freedom"]
    )
    assert model.alone["image"].users.shape == (USERS, 4)


@pytest.mark.parametrize(
    ("name", "about"),
    [
        ("popularity", "How many training interactions an item has"),
        ("lightgcn", "The mean of the layers of propagation"),
        ("aligned:late", "a model of each modality alone"),
        ("aligned:only_image", "knows the items by image only"),
        ("aligned:without_image", "by everything but image"),
        ("aligned:no_graph", "without any edge"),
        ("aligned:shuffled", "of another one, drawn at random"),
        ("aligned:no_features", "from interactions alone"),
    ],
)
def test_every_arm_says_what_it_is(name, about):
    text = arm(name).about
    assert about in text
    assert "\n" not in text
    assert not text.endswith(".")


def test_an_unknown_model_or_variant_lists_those_that_there_are():
    with pytest.raises(
        InputError, match=r"no recommender 'magic': expected one of popularity, bpr_mf, .*aligned"
    ):
        arm("magic")
    with pytest.raises(InputError, match=r"no recommender ''"):
        arm(":no_graph")
    with pytest.raises(InputError) as found:
        arm("aligned:magic")
    assert str(found.value) == (
        "arm 'aligned:magic' has no variant 'magic': expected one of no_graph, no_features, shuffled, late, "
        "only_MODALITY, without_MODALITY"
    )
    with pytest.raises(InputError, match=r"no variant 'only_smell': expected one of .*only_audio"):
        arm("aligned:only_smell").sees(known_world(), 0)


def test_an_option_that_a_model_does_not_have_is_an_error():
    with pytest.raises(InputError, match=r"recommender 'lightgcn' got options \['width'\]"):
        arm("lightgcn").make(known_world(), {"width": 3})
