"""What each of two processes does."""

from torch import distributed

from mmgraph.metrics.captioning import CaptionMetrics, bleu


def score_in_process(rank, store, part, results):
    """Scores of all processes' images, how many this one has, and how many images come from lists."""
    distributed.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
    metrics = CaptionMetrics()
    metrics.update(*part)
    alone = len(metrics.compute(gather=False)["cider"].per_image)
    numbered = CaptionMetrics([bleu])
    if rank == 0:
        numbered.update(["a", "b"], [["a"], ["b"]])
    results.put((rank, (metrics.compute(), alone, len(numbered.gather()))))
    distributed.destroy_process_group()
