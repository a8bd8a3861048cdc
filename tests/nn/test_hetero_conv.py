import pytest
import torch
import torch_geometric.nn as pyg

from mmgraph.errors import InputError
from mmgraph.nn.gat_conv import GATConv
from mmgraph.nn.gcn_conv import GCNConv
from mmgraph.nn.hetero_conv import HeteroConv
from mmgraph.nn.sage_conv import SAGEConv
from mmgraph.nn.transformer_conv import TransformerConv
from tests.nn.hetero import LAYOUTS, batch, each, edges, incoming, laid_out, nodes, randomize, same

DIMS = {"region": 5, "token": 6, "segment": 3, "item": 2}
HEADS, WIDTH = 2, 3
OUT = HEADS * WIDTH

SORTS = {
    ("region", "near", "region"): "gcn",
    ("token", "informs", "region"): "gat",
    ("token", "rates", "item"): "sage",
    ("token", "next", "token"): "gat",
    ("region", "resembles", "token"): "transformer",
    ("segment", "coincides", "token"): "sage",
    ("token", "coincides", "segment"): "transformer",
    ("item", "informs", "token"): "gat",
}


def convolution(sort, key, library):
    """A convolution of ours or of PyG's."""
    widths = DIMS[key[0]], DIMS[key[2]]
    ours = library == "ours"
    if sort == "gcn":
        return GCNConv(widths[0], OUT) if ours else pyg.GCNConv(widths[0], OUT)
    if sort == "gat":
        widths = widths[0] if key[0] == key[2] else widths
        if ours:
            return GATConv(widths, WIDTH, HEADS)
        return pyg.GATConv(widths, WIDTH, HEADS, add_self_loops=False)
    if sort == "sage":
        return SAGEConv(widths, OUT) if ours else pyg.SAGEConv(widths, OUT)
    return (TransformerConv if ours else pyg.TransformerConv)(widths, WIDTH, HEADS)


def pair(combine, dtype=torch.float64):
    """Ours and PyG's with the same weights."""
    theirs = pyg.HeteroConv({k: convolution(s, k, "pyg") for k, s in SORTS.items()}, combine).to(dtype)
    randomize(theirs)
    ours = HeteroConv({k: convolution(s, k, "ours") for k, s in SORTS.items()}, combine).to(dtype)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("combine", ["sum", "mean", "max"])
def test_it_equals_pyg_in_outputs_and_gradients(combine, layout):
    ours, theirs = pair(combine)
    graph, x = batch(), nodes(DIMS)
    same(ours, theirs, (ours(x, laid_out(graph, layout)), theirs(x, edges(graph))), x, 1e-10)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_it_equals_pyg_in_float32(layout):
    ours, theirs = pair("sum", torch.float32)
    graph, x = batch(), nodes(DIMS, torch.float32)
    same(ours, theirs, (ours(x, laid_out(graph, layout)), theirs(x, edges(graph))), x, 1e-5)


# ---------------------------------------------------------------------- one softmax over all relations


def additive(conv, x, key, edge, j, i, attr):
    """Logit and value of an edge, as GAT has them."""
    source, target = x[key[0]][j] @ conv.lin_src.weight.T, x[key[2]][i] @ conv.lin_dst.weight.T
    source, target = source.view(HEADS, WIDTH), target.view(HEADS, WIDTH)
    logit = (source * conv.att_src[0]).sum(-1) + (target * conv.att_dst[0]).sum(-1)
    if attr is not None:
        mapped = (attr[edge] @ conv.lin_edge.weight.T).view(HEADS, WIDTH)
        logit = logit + (mapped * conv.att_edge[0]).sum(-1)
    return torch.nn.functional.leaky_relu(logit, 0.2), source


def dot(conv, x, key, edge, j, i, attr):
    """The same for the graph transformer."""
    k, v = ((linear(x[key[0]][j])).view(HEADS, WIDTH) for linear in (conv.lin_key, conv.lin_value))
    q = conv.lin_query(x[key[2]][i]).view(HEADS, WIDTH)
    if attr is not None:
        mapped = (attr[edge] @ conv.lin_edge.weight.T).view(HEADS, WIDTH)
        k, v = k + mapped, v + mapped
    return (q * k).sum(-1) / WIDTH**0.5, v


def by_hand(hetero, graph, x, score, edge_attr):
    """One softmax over all edges that reach a node, edge by edge."""
    convs = {key: hetero.convs[f"<{'___'.join(key)}>"] for key in hetero.edge_types}

    def new(target, i):
        total = torch.zeros(OUT).double()
        into = [convs[key] for key in convs if key[2] == target]
        if found := incoming(graph, target, i):
            terms = [score(convs[k], x, k, edge, j, i, edge_attr.get(k)) for k, edge, j in found]
            logits, values = (torch.stack(part) for part in zip(*terms, strict=True))
            total = (logits.softmax(0)[..., None] * values).sum(0).flatten()
        for conv in into:
            total = total + (conv.bias if score is additive else conv.lin_skip(x[target][i]))
        return total

    targets = dict.fromkeys(key[2] for key in hetero.edge_types)
    return {key: each(lambda i, key=key: new(key, i), len(x[key]), OUT) for key in targets}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("with_edges", [False, True])
@pytest.mark.parametrize(("layer", "score"), [(GATConv, additive), (TransformerConv, dot)])
def test_one_softmax_equals_that_over_the_edges_of_all_relations(layer, score, with_edges, layout):
    graph, x = batch(), nodes(DIMS)
    carrying = ("segment", "coincides", "token")
    edge_attr = {}
    if with_edges:
        edge_attr = {carrying: torch.randn(graph.num_edges(carrying), 2).double().requires_grad_()}

    def convolution(key):
        dims = DIMS[key[0]], DIMS[key[2]]
        return layer(dims, WIDTH, HEADS, edge_dim=2 if key in edge_attr else None)

    conv = HeteroConv({key: convolution(key) for key in graph.schema.edges}, "softmax").double()
    randomize(conv)
    found = conv(x, laid_out(graph, layout), edge_attr)
    leaves = {**x, **{str(key): value for key, value in edge_attr.items()}}
    same(conv, conv, (found, by_hand(conv, graph, x, score, edge_attr)), leaves, 1e-10)


# ---------------------------------------------------------------------- edges of the input


def test_edge_types_of_the_graph_without_a_convolution_are_not_used():
    key = ("token", "next", "token")
    graph, x = batch(), nodes(DIMS)
    conv = GATConv(DIMS["token"], WIDTH, HEADS).double()
    relations = laid_out(graph, "planned")
    found = HeteroConv({key: conv})(x, relations)
    assert list(found) == ["token"]
    assert torch.allclose(found["token"], conv(x["token"], relations[key]), atol=1e-12)


def test_edge_types_whose_names_have_dots_are_legal():
    key = ("a.b", "to", "a.b")
    hetero = HeteroConv({key: GCNConv(2, 2)})
    assert next(iter(hetero.state_dict())).startswith("convs.<a#b___to___a#b>.")
    assert hetero({"a.b": torch.ones(2, 2)}, {key: torch.tensor([[0], [1]])})["a.b"].shape == (2, 2)


@pytest.mark.parametrize("combine", ["sum", "mean", "max", "softmax"])
def test_no_samples_give_no_nodes_and_finite_gradients(combine):
    keys = [("a", "to", "b"), ("b", "to", "b")]
    hetero = HeteroConv({key: GATConv((4, 4), 2, 2) for key in keys}, combine)
    x = {key: torch.zeros(0, 4, requires_grad=True) for key in "ab"}
    out = hetero(x, dict.fromkeys(keys, torch.zeros(2, 0, dtype=torch.long)))
    assert out["b"].shape == (0, 4)
    out["b"].sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in hetero.parameters())


def test_errors_say_what_came_and_what_to_do():
    key = ("a", "to", "a")
    with pytest.raises(InputError, match="got no convolutions: give one for each edge type"):
        HeteroConv({})
    with pytest.raises(InputError, match=r"the convolution of .* is Linear, which has no maps and mix"):
        HeteroConv({key: torch.nn.Linear(2, 2)})
    with pytest.raises(InputError, match=r"is GCNConv, which has no attention for combine="):
        HeteroConv({key: GCNConv(2, 2)}, "softmax")
    with pytest.raises(InputError, match=r"the relation .* is missing .* take the relations of a planned"):
        HeteroConv({key: GCNConv(2, 2)})({"a": torch.ones(2, 2)}, {})
