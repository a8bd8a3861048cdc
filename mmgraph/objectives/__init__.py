"""Objectives: losses that no single head owns."""

from mmgraph.objectives.self_critical import Reward, SelfCritical, reward_of_texts

__all__ = ["Reward", "SelfCritical", "reward_of_texts"]
