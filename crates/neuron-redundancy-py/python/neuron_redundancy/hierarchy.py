"""Hierarchical clustering: every public name of ``scipy.cluster.hierarchy``, with its arguments, results, warnings and errors.

Linkage is several times as fast, on all cores, without the interpreter's lock, and can be stopped by Ctrl-C. What SciPy gets wrong is put right
where its callers cannot rely on it: see each function's notes.
"""

from __future__ import annotations

import warnings
from typing import Any, Callable

import numpy as np

from . import _native
from ._arrays import as_array
from ._dendrogram import dendrogram, set_link_color_palette
from ._progress import reporting
from ._tree import ClusterNode, DisjointSet, to_tree
from ._validation import (
    ClusterWarning,
    as_condensed,
    as_linkage,
    as_statistics,
    is_valid_im,
    is_valid_linkage,
    observations,
    warning_class,
)

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

_METHODS = ("single", "complete", "average", "weighted", "centroid", "median", "ward")
_EUCLIDEAN = ("centroid", "median", "ward")


def _distances(y: Any, metric: Any) -> np.ndarray:
    """Condensed distances: given, or of the rows of a matrix."""
    y = np.asarray(as_array(y), dtype=np.float64, order="C")
    if y.ndim == 1:
        return as_condensed(y, "y")
    if y.ndim != 2:
        raise ValueError("`y` must be 1 or 2 dimensional.")
    if (
        y.shape[0] == y.shape[1]
        and np.allclose(np.diagonal(y), 0)
        and np.all(y >= 0)
        and np.allclose(y, y.T)
    ):
        warnings.warn(
            "The symmetric non-negative hollow observation matrix looks suspiciously like an uncondensed distance matrix",
            warning_class(),
            stacklevel=3,
        )
    try:
        from scipy.spatial.distance import pdist
    except ImportError as error:
        raise ImportError("distances of observations are SciPy's: install it, or give condensed distances") from error
    return np.asarray(pdist(y, metric))


def _finite(y: np.ndarray) -> np.ndarray:
    if not np.all(np.isfinite(y)):
        raise ValueError("The condensed distance matrix must contain only finite values.")
    return y


def linkage(
    y: Any,
    method: str = "single",
    metric: Any = "euclidean",
    optimal_ordering: bool = False,
    *,
    dtype: Any = np.float64,
    storage: str = "square",
    progress: bool | Callable[[str, int, int], Any] = False,
) -> np.ndarray:
    """``scipy.cluster.hierarchy.linkage``: the same merges in the same order, at heights of the same bits.

    Parameters
    ----------
    y : array_like
        Condensed distances of n observations, n (n − 1) / 2; or observations, a row each, whose distances SciPy computes.
    method : str
        single, complete, average, weighted, centroid, median or ward.
    metric : str or callable
        Of the distances of observations.
    optimal_ordering : bool
        Whether nodes are turned as :func:`optimal_leaf_ordering` turns them.
    dtype : {float64, float32}
        The precision that is worked in: single precision takes half the memory and two thirds of the time.
    storage : {"square", "tight", "in-place"}
        A square beside the distances is quickest; in place there is little beside them.
    progress : bool or callable

    Returns
    -------
    Z : ndarray of float64, shape (n - 1, 4)

    Examples
    --------
    >>> from neuron_redundancy import hierarchy
    >>> hierarchy.linkage([1.0, 4.0, 5.0], "average").tolist()
    [[0.0, 1.0, 1.0, 2.0], [2.0, 3.0, 4.5, 3.0]]
    """
    if method not in _METHODS:
        raise ValueError(f"Invalid method: {method}")
    array = as_array(y)
    if method in _EUCLIDEAN and metric != "euclidean" and array.ndim == 2:
        raise ValueError(f"`method={method}` requires the distance metric to be Euclidean")
    distances = _finite(_distances(array, metric))
    n = observations(len(distances))
    if np.dtype(dtype) not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise ValueError(f"dtype must be float32 or float64, not {np.dtype(dtype)}")
    with reporting(progress, ["linkage"]) as report:
        z = _native.linkage(np.ascontiguousarray(distances, dtype=dtype), n, method, storage, report)
    return optimal_leaf_ordering(z, distances) if optimal_ordering else z


def single(y: Any) -> np.ndarray:
    """``linkage(y, "single")``: by the nearest members."""
    return linkage(y, "single")


def complete(y: Any) -> np.ndarray:
    """``linkage(y, "complete")``: by the farthest members."""
    return linkage(y, "complete")


def average(y: Any) -> np.ndarray:
    """``linkage(y, "average")``: by the mean of all pairs of members (UPGMA)."""
    return linkage(y, "average")


def weighted(y: Any) -> np.ndarray:
    """``linkage(y, "weighted")``: by the mean of the two parts (WPGMA)."""
    return linkage(y, "weighted")


def centroid(y: Any) -> np.ndarray:
    """``linkage(y, "centroid")``: by the distance of centroids (UPGMC)."""
    return linkage(y, "centroid")


def median(y: Any) -> np.ndarray:
    """``linkage(y, "median")``: by the distance of midpoints (WPGMC)."""
    return linkage(y, "median")


def ward(y: Any) -> np.ndarray:
    """``linkage(y, "ward")``: by the least growth of variance."""
    return linkage(y, "ward")


def optimal_leaf_ordering(
    Z: Any,
    y: Any,
    metric: Any = "euclidean",
    *,
    best: bool = False,
    progress: bool | Callable[[str, int, int], Any] = False,
) -> np.ndarray:
    """``scipy.cluster.hierarchy.optimal_leaf_ordering``: turns nodes so that neighbouring leaves are near.

    SciPy's order is often not the best that there is (scipy#11227): `best` gives that, in O(n³) time.

    Examples
    --------
    >>> from neuron_redundancy import hierarchy
    >>> d = [1.0, 9.0, 8.0, 2.0, 9.0, 1.5]
    >>> hierarchy.leaves_list(hierarchy.optimal_leaf_ordering(hierarchy.average(d), d, best=True)).tolist()
    [0, 1, 2, 3]
    """
    z = as_linkage(Z)
    distances = _finite(_distances(y, metric))
    with reporting(progress, ["leaf ordering"]) as report:
        return _native.optimal_leaf_ordering(z, distances, best, report)


def fcluster(
    Z: Any,
    t: float,
    criterion: str = "inconsistent",
    depth: int = 2,
    R: Any = None,
    monocrit: Any = None,
    *,
    numbering: str = "scipy",
) -> np.ndarray:
    """``scipy.cluster.hierarchy.fcluster``: flat clusters, with SciPy's labels, or numbered by their lowest observations.

    Examples
    --------
    >>> from neuron_redundancy import hierarchy
    >>> z = hierarchy.average([0.1, 0.8, 0.9, 0.7, 0.9, 0.2])
    >>> hierarchy.fcluster(z, 0.5, "distance").tolist()
    [1, 1, 2, 2]
    """
    z = as_linkage(Z)
    if numbering not in ("scipy", "lowest"):
        raise ValueError(f"numbering must be 'scipy' or 'lowest', not {numbering!r}")
    values = None
    if criterion == "inconsistent" and R is not None:
        values = maxinconsts(z, R)
    elif criterion in ("monocrit", "maxclust_monocrit"):
        values = np.ascontiguousarray(as_array(monocrit), dtype=np.float64)
    return _native.fcluster(z, float(t), str(criterion), int(depth), values, numbering == "lowest")


def fclusterdata(
    X: Any,
    t: float,
    criterion: str = "inconsistent",
    metric: Any = "euclidean",
    depth: int = 2,
    method: str = "single",
    R: Any = None,
) -> np.ndarray:
    """``scipy.cluster.hierarchy.fclusterdata``: flat clusters of observations, a row each."""
    X = np.asarray(as_array(X), dtype=np.float64, order="C")
    if X.ndim != 2:
        raise TypeError("The observation matrix X must be an n by m array.")
    from scipy.spatial.distance import pdist

    z = linkage(pdist(X, metric=metric), method=method)
    return fcluster(z, t, criterion, depth, inconsistent(z, depth) if R is None else R)


def cophenet(Z: Any, Y: Any = None) -> Any:
    """``scipy.cluster.hierarchy.cophenet``: for each pair the height at which it is first in one cluster; with `Y` also how well they correlate."""
    z = as_linkage(Z)
    heights = _native.cophenet(z)
    if Y is None:
        return heights
    distances = as_condensed(np.asarray(as_array(Y)), "Y")
    a, b = distances - distances.mean(), heights - heights.mean()
    return np.sum(a * b) / np.sqrt(np.sum(a**2) * np.sum(b**2)), heights


def inconsistent(Z: Any, d: int = 2) -> np.ndarray:
    """``scipy.cluster.hierarchy.inconsistent``: mean, standard deviation, count and coefficient of the heights `d` levels deep."""
    z = as_linkage(Z)
    if d != np.floor(d) or d < 0:
        raise ValueError("The second argument d must be a nonnegative integer value.")
    return _native.inconsistent(z, int(d))


def from_mlab_linkage(Z: Any) -> np.ndarray:
    """``scipy.cluster.hierarchy.from_mlab_linkage``: MATLAB's rows, counted from 1 and without sizes, as SciPy's."""
    z = np.array(as_array(Z), dtype=np.float64, order="C")
    if z.shape in ((), (0,)):
        return z
    if z.ndim != 2:
        raise ValueError("The linkage array must be rectangular.")
    if len(z) == 0:
        return z
    if np.min(z[:, :2]) != 1.0 and np.max(z[:, :2]) != 2 * len(z):
        raise ValueError("The format of the indices is not 1..N")
    return _native.from_mlab_linkage(np.ascontiguousarray(z[:, :3]))


def to_mlab_linkage(Z: Any) -> np.ndarray:
    """``scipy.cluster.hierarchy.to_mlab_linkage``: SciPy's rows as MATLAB's."""
    z = np.array(as_array(Z), dtype=np.float64, order="C")
    if z.shape in ((), (0,)):
        return z
    z = as_linkage(z)
    return np.column_stack([z[:, :2] + 1.0, z[:, 2]])


def is_monotonic(Z: Any) -> Any:
    """``scipy.cluster.hierarchy.is_monotonic``: whether no merge is lower than the one before it."""
    z = as_linkage(Z)
    return np.all(z[1:, 2] >= z[:-1, 2])


def num_obs_linkage(Z: Any) -> int:
    """``scipy.cluster.hierarchy.num_obs_linkage``: the number of observations."""
    return len(as_linkage(Z)) + 1


def correspond(Z: Any, Y: Any) -> bool:
    """``scipy.cluster.hierarchy.correspond``: whether a tree and distances are of as many observations."""
    return observations(len(as_condensed(np.asarray(as_array(Y)), "Y"))) == num_obs_linkage(Z)


def is_isomorphic(T1: Any, T2: Any) -> Any:
    """``scipy.cluster.hierarchy.is_isomorphic``: whether two labellings are one partition."""
    T1, T2 = as_array(T1), as_array(T2)
    if T1.ndim != 1:
        raise ValueError("T1 must be one-dimensional.")
    if T2.ndim != 1:
        raise ValueError("T2 must be one-dimensional.")
    if T1.shape != T2.shape:
        raise ValueError("T1 and T2 must have the same number of elements.")
    pairs = len(set(zip(T1.tolist(), T2.tolist())))
    return pairs == len(set(T1.tolist())) == len(set(T2.tolist()))


def maxdists(Z: Any) -> np.ndarray:
    """``scipy.cluster.hierarchy.maxdists``: the greatest height at or below each merge."""
    return _native.maxdists(as_linkage(Z))


def maxinconsts(Z: Any, R: Any) -> np.ndarray:
    """``scipy.cluster.hierarchy.maxinconsts``: the greatest inconsistency coefficient at or below each merge."""
    return maxRstat(Z, R, 3)


def maxRstat(Z: Any, R: Any, i: int) -> np.ndarray:
    """``scipy.cluster.hierarchy.maxRstat``: the greatest of column `i` of `R` at or below each merge."""
    z, r = as_linkage(Z), as_statistics(R)
    if not isinstance(i, int):
        raise TypeError("The third argument must be an integer.")
    if not 0 <= i <= 3:
        raise ValueError("i must be an integer between 0 and 3 inclusive.")
    if len(z) != len(r):
        raise ValueError("The inconsistency matrix and linkage matrix each have a different number of rows.")
    return _native.max_r_stat(z, r, i)


def leaders(Z: Any, T: Any) -> tuple[np.ndarray, np.ndarray]:
    """``scipy.cluster.hierarchy.leaders``: the topmost node of each flat cluster, and its label."""
    z, labels = as_linkage(Z), np.ascontiguousarray(as_array(T))
    if labels.dtype != np.int32:
        raise TypeError("T must be a 1-D array of dtype int32.")
    if len(labels) != len(z) + 1:
        raise ValueError("Mismatch: len(T)!=Z.shape[0] + 1.")
    return _native.leaders(z, labels)


def leaves_list(Z: Any) -> np.ndarray:
    """``scipy.cluster.hierarchy.leaves_list``: the observations as a drawing has them, left to right."""
    return _native.leaves_list(as_linkage(Z))


def cut_tree(Z: Any, n_clusters: Any = None, height: Any = None) -> np.ndarray:
    """``scipy.cluster.hierarchy.cut_tree``: clusters at numbers of clusters or heights, a column for each; by default for n, n − 1, … 1.

    Put right (scipy#7977, #8063, #9818): exactly as many clusters as are asked for, in the order asked for; a merge *at* the height joins.
    """
    z = as_linkage(Z)
    if height is not None and n_clusters is not None:
        raise ValueError("At least one of either height or n_clusters must be None")
    if height is not None:
        cuts = _native.cut_tree(z, None, np.atleast_1d(as_array(height)).astype(np.float64).tolist())
    else:
        numbers = np.arange(len(z) + 1, 0, -1) if n_clusters is None else np.atleast_1d(as_array(n_clusters))
        cuts = _native.cut_tree(z, numbers.tolist(), None)
    return np.stack(cuts, axis=1).astype(np.int64) - 1
