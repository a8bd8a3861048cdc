"""Pictures of graphs, alignments and scores, with the extra `plot`; pages to explore, without it."""

from mmgraph.visualization.alignment_comparison_figure import alignment_comparison_figure
from mmgraph.visualization.alignment_figure import alignment_figure
from mmgraph.visualization.comparison_figure import comparison_figure
from mmgraph.visualization.explanation_figure import explanation_figure
from mmgraph.visualization.explanation_page import explanation_html, save_html
from mmgraph.visualization.gallery_page import GalleryEntry, save_gallery, save_pages
from mmgraph.visualization.graph_figure import graph_figure
from mmgraph.visualization.head_grid_figure import head_grid_figure
from mmgraph.visualization.matrix_figure import matrix_figure
from mmgraph.visualization.recommendation import (
    Neighbourhood,
    ShownItem,
    ShownReason,
    modality_weights_figure,
    recall_by_popularity_figure,
    recommendations_figure,
    recommendations_html,
    save_recommendations,
)
from mmgraph.visualization.saving import save_figure
from mmgraph.visualization.subset_figure import subset_figure

__all__ = [
    "GalleryEntry",
    "Neighbourhood",
    "ShownItem",
    "ShownReason",
    "alignment_comparison_figure",
    "alignment_figure",
    "comparison_figure",
    "explanation_figure",
    "explanation_html",
    "graph_figure",
    "head_grid_figure",
    "matrix_figure",
    "modality_weights_figure",
    "recall_by_popularity_figure",
    "recommendations_figure",
    "recommendations_html",
    "save_figure",
    "save_gallery",
    "save_html",
    "save_pages",
    "save_recommendations",
    "subset_figure",
]
