"""Find the neurons of a network that say the same thing.

Modules
-------
clustering
    Drop-in for ``neurox.interpretation.clustering``.
hierarchy
    Drop-in for ``scipy.cluster.hierarchy``.
correlation
    All correlations, or those above a threshold, or the nearest of each; of two matrices; of a stream.
"""

from . import clustering, correlation, hierarchy
from ._native import VERSION as __version__
from .clustering import Clusters, cluster, plan

__all__ = ["Clusters", "__version__", "cluster", "clustering", "correlation", "hierarchy", "plan"]
