"""Pictures found by texts, and texts by pictures, in one space."""

from mmgraph.tasks.retrieval.bag_of_words import BagOfWords
from mmgraph.tasks.retrieval.data import Pairs, RetrievalData
from mmgraph.tasks.retrieval.examples import write_examples
from mmgraph.tasks.retrieval.found_pictures import explain_search
from mmgraph.tasks.retrieval.hide import Hide
from mmgraph.tasks.retrieval.retriever import Retriever, RetrieverSettings
from mmgraph.tasks.retrieval.ridge import Ridge
from mmgraph.tasks.retrieval.scores import RetrievalScores, score_retrieval
from mmgraph.tasks.retrieval.task import Retrieval
from mmgraph.tasks.retrieval.train import RetrieverBudget, train_retriever

__all__ = [
    "BagOfWords",
    "Hide",
    "Pairs",
    "Retrieval",
    "RetrievalData",
    "RetrievalScores",
    "Retriever",
    "RetrieverBudget",
    "RetrieverSettings",
    "Ridge",
    "explain_search",
    "score_retrieval",
    "train_retriever",
    "write_examples",
]
