"""Find the neurons of a network that say the same thing.

Modules
-------
clustering
    Drop-in for ``neurox.interpretation.clustering``.
hierarchy
    Drop-in for ``scipy.cluster.hierarchy``.
correlation
    All correlations, or those above a threshold, or the nearest of each; of two matrices; of a stream.

``CorrelatedFeatures`` is a scikit-learn transformer that keeps one feature of each cluster (scikit-learn is imported when it is asked for).
"""

from typing import TYPE_CHECKING, Any

from . import clustering, correlation, hierarchy
from ._native import VERSION as __version__
from .clustering import Clusters, cluster, plan

if TYPE_CHECKING:
    from .feature_selection import CorrelatedFeatures

__all__ = ["Clusters", "CorrelatedFeatures", "__version__", "cluster", "clustering", "correlation", "hierarchy", "plan"]


def __getattr__(name: str) -> Any:
    if name == "CorrelatedFeatures":
        from .feature_selection import CorrelatedFeatures

        return CorrelatedFeatures
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
