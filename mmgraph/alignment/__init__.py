"""Aligners: which nodes of one modality belong to which of another."""

from mmgraph.alignment.adversarial import AdversarialAligner
from mmgraph.alignment.assignment import AssignmentAligner
from mmgraph.alignment.attention import AttentionAligner
from mmgraph.alignment.base import Aligner, Alignment, Sides, shares
from mmgraph.alignment.cca import CCAAligner
from mmgraph.alignment.contrastive import ContrastiveAligner
from mmgraph.alignment.coral import CORALAligner
from mmgraph.alignment.cycle import CycleAligner
from mmgraph.alignment.deep_cca import DeepCCAAligner
from mmgraph.alignment.edges import alignment_of_edges
from mmgraph.alignment.gromov import GromovAligner
from mmgraph.alignment.hard import hard_assignment
from mmgraph.alignment.make import AlignerKind, make_aligner
from mmgraph.alignment.mmd import MMDAligner
from mmgraph.alignment.spectral import SpectralAligner
from mmgraph.alignment.top_k import TopKAligner
from mmgraph.alignment.transport import TransportAligner

__all__ = [
    "AdversarialAligner",
    "Aligner",
    "AlignerKind",
    "Alignment",
    "AssignmentAligner",
    "AttentionAligner",
    "CCAAligner",
    "CORALAligner",
    "ContrastiveAligner",
    "CycleAligner",
    "DeepCCAAligner",
    "GromovAligner",
    "MMDAligner",
    "Sides",
    "SpectralAligner",
    "TopKAligner",
    "TransportAligner",
    "alignment_of_edges",
    "hard_assignment",
    "make_aligner",
    "shares",
]
