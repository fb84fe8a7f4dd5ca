"""Linkage of distances or observations, and the order of leaves."""

from __future__ import annotations

import warnings
from typing import Any, Callable

import numpy as np

from . import _native
from ._arrays import as_array, placed
from ._progress import reporting
from ._validation import as_condensed, as_linkage, observations, warning_class

_METHODS = ("single", "complete", "average", "weighted", "centroid", "median", "ward")
_EUCLIDEAN = ("centroid", "median", "ward")


def _distances(y: Any, metric: Any) -> np.ndarray:
    """Condensed distances: given, or of the rows of a matrix."""
    y = as_array(y)
    if y.dtype.kind == "c":
        raise TypeError(f"y must be real, not {y.dtype}")
    y = placed(y)
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
    return as_condensed(np.asarray(pdist(y, metric)), "y")


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
        z = _native.linkage(placed(distances, dtype), n, method, storage, report)
    return optimal_leaf_ordering(z, distances) if optimal_ordering else z


def single(y: Any) -> np.ndarray:
    """``linkage(y, "single")``: by the nearest members.

    Parameters
    ----------
    y : array_like
        Condensed distances, or observations, a row each.

    Returns
    -------
    Z : ndarray of float64, shape (n - 1, 4)

    See Also
    --------
    linkage : with all options.

    Examples
    --------
    >>> from neuron_redundancy import hierarchy
    >>> hierarchy.single([1.0, 4.0, 5.0]).tolist()
    [[0.0, 1.0, 1.0, 2.0], [2.0, 3.0, 4.0, 3.0]]
    """
    return linkage(y, "single")


def complete(y: Any) -> np.ndarray:
    """``linkage(y, "complete")``: by the farthest members.

    Parameters
    ----------
    y : array_like
        Condensed distances, or observations, a row each.

    Returns
    -------
    Z : ndarray of float64, shape (n - 1, 4)

    See Also
    --------
    linkage : with all options.

    Examples
    --------
    >>> from neuron_redundancy import hierarchy
    >>> hierarchy.complete([1.0, 4.0, 5.0]).tolist()
    [[0.0, 1.0, 1.0, 2.0], [2.0, 3.0, 5.0, 3.0]]
    """
    return linkage(y, "complete")


def average(y: Any) -> np.ndarray:
    """``linkage(y, "average")``: by the mean of all pairs of members (UPGMA).

    Parameters
    ----------
    y : array_like
        Condensed distances, or observations, a row each.

    Returns
    -------
    Z : ndarray of float64, shape (n - 1, 4)

    See Also
    --------
    linkage : with all options.

    Examples
    --------
    >>> from neuron_redundancy import hierarchy
    >>> hierarchy.average([1.0, 4.0, 5.0]).tolist()
    [[0.0, 1.0, 1.0, 2.0], [2.0, 3.0, 4.5, 3.0]]
    """
    return linkage(y, "average")


def weighted(y: Any) -> np.ndarray:
    """``linkage(y, "weighted")``: by the mean of the two parts (WPGMA).

    Parameters
    ----------
    y : array_like
        Condensed distances, or observations, a row each.

    Returns
    -------
    Z : ndarray of float64, shape (n - 1, 4)

    See Also
    --------
    linkage : with all options.

    Examples
    --------
    >>> from neuron_redundancy import hierarchy
    >>> hierarchy.weighted([1.0, 4.0, 5.0]).tolist()
    [[0.0, 1.0, 1.0, 2.0], [2.0, 3.0, 4.5, 3.0]]
    """
    return linkage(y, "weighted")


def centroid(y: Any) -> np.ndarray:
    """``linkage(y, "centroid")``: by the distance of centroids (UPGMC).

    Parameters
    ----------
    y : array_like
        Condensed distances, or observations, a row each.

    Returns
    -------
    Z : ndarray of float64, shape (n - 1, 4)

    See Also
    --------
    linkage : with all options.

    Examples
    --------
    >>> import numpy as np
    >>> from neuron_redundancy import hierarchy
    >>> np.round(hierarchy.centroid([3.0, 4.0, 5.0])[:, 2], 3).tolist()
    [3.0, 4.272]
    """
    return linkage(y, "centroid")


def median(y: Any) -> np.ndarray:
    """``linkage(y, "median")``: by the distance of midpoints (WPGMC).

    Parameters
    ----------
    y : array_like
        Condensed distances, or observations, a row each.

    Returns
    -------
    Z : ndarray of float64, shape (n - 1, 4)

    See Also
    --------
    linkage : with all options.

    Examples
    --------
    >>> import numpy as np
    >>> from neuron_redundancy import hierarchy
    >>> np.round(hierarchy.median([3.0, 4.0, 5.0])[:, 2], 3).tolist()
    [3.0, 4.272]
    """
    return linkage(y, "median")


def ward(y: Any) -> np.ndarray:
    """``linkage(y, "ward")``: by the least growth of variance.

    Parameters
    ----------
    y : array_like
        Condensed distances, or observations, a row each.

    Returns
    -------
    Z : ndarray of float64, shape (n - 1, 4)

    See Also
    --------
    linkage : with all options.

    Examples
    --------
    >>> import numpy as np
    >>> from neuron_redundancy import hierarchy
    >>> np.round(hierarchy.ward([3.0, 4.0, 5.0])[:, 2], 3).tolist()
    [3.0, 4.933]
    """
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

    Parameters
    ----------
    Z : ndarray of float64, shape (n - 1, 4)
        Merges, as :func:`linkage` gives them.
    y : array_like
        Condensed distances, or observations, a row each.
    metric : str or callable
        Of the distances of observations.
    best : bool
        SciPy's order is often not the best that there is (scipy#11227): whether to give that, in O(n³) time and O(n²) memory
        (Bar-Joseph et al., 2003).
    progress : bool or callable

    Returns
    -------
    Z : ndarray of float64, shape (n - 1, 4)
        The same merges, with parts exchanged.

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
