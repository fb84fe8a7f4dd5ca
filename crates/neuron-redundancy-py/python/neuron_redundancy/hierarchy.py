"""Hierarchical clustering: every public name of ``scipy.cluster.hierarchy``, with its arguments, results, warnings and errors.

Linkage is several times as fast, on all cores, without the interpreter's lock, and can be stopped by Ctrl-C. What SciPy gets wrong is put right
where its callers cannot rely on it: see each function's notes.
"""

from ._cuts import cut_tree, fcluster, fclusterdata, inconsistent, leaders, maxdists, maxinconsts, maxRstat
from ._dendrogram import dendrogram, set_link_color_palette
from ._linkage import average, centroid, complete, linkage, median, optimal_leaf_ordering, single, ward, weighted
from ._rows import (
    cophenet,
    correspond,
    from_mlab_linkage,
    is_isomorphic,
    is_monotonic,
    leaves_list,
    num_obs_linkage,
    to_mlab_linkage,
)
from ._tree import ClusterNode, DisjointSet, to_tree
from ._validation import ClusterWarning, is_valid_im, is_valid_linkage

__all__ = [
    "ClusterNode",
    "ClusterWarning",
    "DisjointSet",
    "average",
    "centroid",
    "complete",
    "cophenet",
    "correspond",
    "cut_tree",
    "dendrogram",
    "fcluster",
    "fclusterdata",
    "from_mlab_linkage",
    "inconsistent",
    "is_isomorphic",
    "is_monotonic",
    "is_valid_im",
    "is_valid_linkage",
    "leaders",
    "leaves_list",
    "linkage",
    "maxRstat",
    "maxdists",
    "maxinconsts",
    "median",
    "num_obs_linkage",
    "optimal_leaf_ordering",
    "set_link_color_palette",
    "single",
    "to_mlab_linkage",
    "to_tree",
    "ward",
    "weighted",
]
