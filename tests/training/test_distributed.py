"""What two processes compute together, against what one computes."""

import os
import socket
import time

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn.functional import embedding

from mmgraph.data.recommendation import InteractionTable
from mmgraph.errors import InputError
from mmgraph.models.recommendation import LightGCNRecommender, RecommendationGraph
from mmgraph.tasks.recommendation.train import RecommenderBudget, train_recommender
from mmgraph.training import ALONE, LostRankError, Ranks, RowAdam, Run, joined_ranks

USERS, ITEMS, COUNT = 20, 15, 101


def table():
    torch.manual_seed(0)
    return InteractionTable(torch.randint(0, USERS, (COUNT,)), torch.randint(0, ITEMS, (COUNT,)))


def trained(ranks, folder):
    """LightGCN after some epochs, over these ranks; each starts from weights of its own."""
    train = table()
    graph = RecommendationGraph.of(train, USERS, ITEMS)
    torch.manual_seed(5 + ranks.rank)
    model = LightGCNRecommender(graph, dim=8, layers=2)
    budget = RecommenderBudget(epochs=3, batch_size=25, negatives=2, learning_rate=0.01, seconds=100.0)
    run = Run(folder, {}, writes=ranks.is_first)
    score = iter([0.1, 0.3, 0.2])
    # Rank 1 would choose otherwise, but the first one's score counts.
    fitted = train_recommender(
        model, graph, train, lambda: next(score) * (1 - ranks.rank), budget, run, seed=3, ranks=ranks
    )
    return {"users": model.users.data, "items": model.items.data, "step": torch.tensor(fitted.best_step)}


def sparsely_trained(ranks):
    """A table of which each step touches some rows, some of them in both processes."""
    torch.manual_seed(1)
    weight = nn.Parameter(torch.randn(9, 4))
    optimizer = RowAdam([weight], lr=0.1)
    for _ in range(4):
        rows = torch.randint(0, 9, (7,))
        part, share = ranks.part(len(rows))
        optimizer.zero_grad()
        (share * embedding(rows[part], weight, sparse=True).square().sum(1).mean()).backward()
        ranks.sum_gradients([weight])
        optimizer.step()
    return weight.data


def sums(ranks):
    """Of numbers whose sum depends on the order."""
    values = torch.randn(101, generator=torch.Generator().manual_seed(ranks.rank)) * 10.0 ** (2 * ranks.rank)
    return {"own": values, "total": ranks.sum(values), "none": ranks.sum(torch.zeros(0))}


def shared(ranks):
    """Weights and buffers of a module that starts differently in each process."""
    module = nn.Linear(2, 1)
    module.register_buffer("mask", torch.arange(3) == ranks.rank)
    module.register_buffer("count", torch.tensor(ranks.rank))
    ranks.share(module)
    return {f"shared.{name}": value for name, value in module.state_dict().items()}


def as_rank(rank, count, port, folder):
    """What each process does; at the end the second fails."""
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": str(count)}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    torch.set_num_threads(1)
    said = folder / "said.txt"
    try:
        with joined_ranks(seconds=60) as ranks:
            found = trained(ranks, folder / "run")
            found |= {"sparse": sparsely_trained(ranks), **sums(ranks), **shared(ranks)}
            found["agreed"] = torch.tensor(ranks.agree(rank + 0.5))
            save_file(found, str(folder / f"{rank}.safetensors"))
            if rank == 1:
                raise ValueError("no more memory")
            ranks.sum(torch.ones(3))
    except LostRankError as error:
        said.write_text(str(error))
        raise
    except ValueError:
        # Once this process has ended, the other is ended too.
        for _ in range(200):
            time.sleep(0 if said.exists() else 0.05)
        raise


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """What each of two processes found, the folder they wrote to, and how the run ended."""
    folder = tmp_path_factory.mktemp("two")
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    with pytest.raises(Exception, match=r".") as raised:
        torch.multiprocessing.spawn(as_rank, (2, port, folder), nprocs=2)
    return [load_file(folder / f"{rank}.safetensors") for rank in (0, 1)], folder, str(raised.value)


def test_two_processes_train_what_one_trains(two, tmp_path):
    alone = trained(ALONE, tmp_path)
    for found in two[0]:
        assert found["step"] == alone["step"]
        for name in ("users", "items"):
            assert torch.allclose(found[name], alone[name], atol=1e-6)


def test_sparse_gradients_of_two_processes_give_what_one_gives(two):
    alone = sparsely_trained(ALONE)
    for found in two[0]:
        assert torch.allclose(found["sparse"], alone, atol=1e-6)


def test_both_processes_have_bitwise_the_same_weights(two):
    first, second = two[0]
    for name in ("users", "items", "sparse", "total"):
        assert torch.equal(first[name], second[name])


def test_sums_go_in_the_order_of_the_ranks(two):
    first, second = two[0]
    assert torch.equal(first["total"], first["own"] + second["own"])
    assert first["none"].shape == (0,)


def test_all_have_and_say_what_the_first_has_and_says(two):
    first, second = two[0]
    for name in ("weight", "bias", "mask", "count"):
        assert torch.equal(first[f"shared.{name}"], second[f"shared.{name}"])
    assert first["shared.mask"].tolist() == [True, False, False]
    assert [float(found["agreed"]) for found in two[0]] == [0.5, 0.5]


def test_only_the_first_process_writes(two):
    assert sorted(path.name for path in (two[1] / "run").iterdir()) == [
        "config.yaml",
        "metrics.jsonl",
        "model.safetensors",
    ]
    assert len((two[1] / "run" / "metrics.jsonl").read_text().splitlines()) == 3


def test_when_a_process_fails_the_run_ends_and_the_other_says_so(two):
    assert "no more memory" in two[2] or "cannot reach the others" in two[2]
    assert "rank 0 of 2 cannot reach the others" in (two[1] / "said.txt").read_text()


@pytest.mark.parametrize(("length", "count"), [(10, 3), (2, 4), (0, 2), (7, 1)])
def test_parts_cover_a_batch_in_order_and_their_shares_sum_to_one(length, count):
    parts = [Ranks(rank, count).part(length) for rank in range(count)]
    rows = [row for part, _ in parts for row in range(length)[part]]
    assert rows == list(range(length))
    sizes = [part.stop - part.start for part, _ in parts]
    assert max(sizes) - min(sizes) <= 1
    assert sum(share for _, share in parts) == pytest.approx(1 if length else 0)


def test_without_torchrun_a_process_is_alone(monkeypatch):
    monkeypatch.delenv("RANK", raising=False)
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with joined_ranks() as ranks:
        assert ranks == ALONE
    weight = nn.Parameter(torch.ones(2))
    weight.grad = torch.ones(2)
    ranks.sum_gradients([weight])
    ranks.share(nn.Linear(1, 1))
    assert ranks.agree(3.0) == 3.0
    assert ranks.sum(weight.grad).tolist() == [1, 1]


def test_half_of_torchruns_variables_are_an_error(monkeypatch):
    monkeypatch.setenv("RANK", "0")
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with pytest.raises(InputError, match=r"RANK.*expected RANK and WORLD_SIZE"), joined_ranks():
        pass
