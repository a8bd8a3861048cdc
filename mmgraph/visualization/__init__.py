"""Pictures of graphs and alignments over the media themselves, and of scores; needs the extra `plot`."""

from mmgraph.visualization.alignment_figure import alignment_figure
from mmgraph.visualization.comparison_figure import comparison_figure
from mmgraph.visualization.graph_figure import graph_figure
from mmgraph.visualization.matrix_figure import matrix_figure
from mmgraph.visualization.saving import save_figure
from mmgraph.visualization.subset_figure import subset_figure

__all__ = [
    "alignment_figure",
    "comparison_figure",
    "graph_figure",
    "matrix_figure",
    "save_figure",
    "subset_figure",
]
