"""Flat clusters of trees, and the statistics that they are cut by."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _native
from ._arrays import as_array, placed
from ._linkage import linkage
from ._validation import as_linkage, as_statistics


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

    Parameters
    ----------
    Z : ndarray of float64, shape (n - 1, 4)
        Merges, as :func:`linkage` gives them.
    t : float
        The threshold of `criterion`, or the number of clusters.
    criterion : str
        inconsistent, distance, maxclust, monocrit or maxclust_monocrit.
    depth : int
        Of the inconsistency coefficients, where `R` is not given.
    R : ndarray of float64, shape (n - 1, 4), optional
        Statistics, as :func:`inconsistent` gives them.
    monocrit : array_like of float64, shape (n - 1,), optional
        A statistic of each merge that never falls from a part to the whole.
    numbering : {"scipy", "lowest"}
        Which labels: SciPy's, or ascending with the lowest observation of each cluster.

    Returns
    -------
    labels : ndarray of int32, shape (n,)
        From 1.

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
        values = placed(monocrit)
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
    """``scipy.cluster.hierarchy.fclusterdata``: flat clusters of observations, a row each.

    Parameters
    ----------
    X : array_like, shape (n, m)
    t, criterion, depth, R
        As of :func:`fcluster`.
    metric : str or callable
        Of SciPy's ``pdist``.
    method : str
        As of :func:`linkage`.

    Returns
    -------
    labels : ndarray of int32, shape (n,)

    Examples
    --------
    >>> from neuron_redundancy import hierarchy
    >>> hierarchy.fclusterdata([[0.0], [0.1], [5.0], [5.2]], 1.0, "distance").tolist()
    [1, 1, 2, 2]
    """
    X = placed(X)
    if X.ndim != 2:
        raise TypeError("The observation matrix X must be an n by m array.")
    from scipy.spatial.distance import pdist

    z = linkage(pdist(X, metric=metric), method=method)
    return fcluster(z, t, criterion, depth, inconsistent(z, depth) if R is None else R)


def cut_tree(Z: Any, n_clusters: Any = None, height: Any = None) -> np.ndarray:
    """``scipy.cluster.hierarchy.cut_tree``: clusters at numbers of clusters, or at heights.

    Put right (scipy#7977, #8063, #9818): exactly as many clusters as are asked for, in the order asked for; a merge *at* the height joins.

    Parameters
    ----------
    Z : ndarray of float64, shape (n - 1, 4)
        Merges, as :func:`linkage` gives them.
    n_clusters : int or array_like of int, optional
        By default n, n - 1, … 1.
    height : float or array_like of float, optional
        Instead.

    Returns
    -------
    labels : ndarray of int64, shape (n, cuts)
        From 0, a column for each.

    Examples
    --------
    >>> from neuron_redundancy import hierarchy
    >>> z = hierarchy.average([0.1, 0.8, 0.9, 0.7, 0.9, 0.2])
    >>> hierarchy.cut_tree(z, [2, 3]).tolist()
    [[0, 0], [0, 0], [1, 1], [1, 2]]
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


def leaders(Z: Any, T: Any) -> tuple[np.ndarray, np.ndarray]:
    """``scipy.cluster.hierarchy.leaders``: the topmost node of each flat cluster.

    Parameters
    ----------
    Z : ndarray of float64, shape (n - 1, 4)
        Merges, as :func:`linkage` gives them.
    T : ndarray of int32, shape (n,)
        Labels, as :func:`fcluster` gives them.

    Returns
    -------
    L : ndarray of int32, shape (k,)
        Nodes.
    M : ndarray of int32, shape (k,)
        Their clusters' labels.

    Examples
    --------
    >>> from neuron_redundancy import hierarchy
    >>> z = hierarchy.average([0.1, 0.8, 0.9, 0.7, 0.9, 0.2])
    >>> [a.tolist() for a in hierarchy.leaders(z, hierarchy.fcluster(z, 0.5, "distance"))]
    [[4, 5], [1, 2]]
    """
    z, labels = as_linkage(Z), as_array(T)
    if labels.dtype != np.int32:
        raise TypeError("T must be a 1-D array of dtype int32.")
    if len(labels) != len(z) + 1:
        raise ValueError("Mismatch: len(T)!=Z.shape[0] + 1.")
    return _native.leaders(z, placed(labels, np.int32))


def inconsistent(Z: Any, d: int = 2) -> np.ndarray:
    """``scipy.cluster.hierarchy.inconsistent``: statistics of the heights at and below each merge.

    Parameters
    ----------
    Z : ndarray of float64, shape (n - 1, 4)
        Merges, as :func:`linkage` gives them.
    d : int
        How many levels deep.

    Returns
    -------
    R : ndarray of float64, shape (n - 1, 4)
        Mean, standard deviation, count, and (height - mean) / deviation.

    Examples
    --------
    >>> from neuron_redundancy import hierarchy
    >>> hierarchy.inconsistent(hierarchy.average([1.0, 4.0, 6.0])).round(3).tolist()
    [[1.0, 0.0, 1.0, 0.0], [3.0, 2.828, 2.0, 0.707]]
    """
    z = as_linkage(Z)
    if d != np.floor(d) or d < 0:
        raise ValueError("The second argument d must be a nonnegative integer value.")
    return _native.inconsistent(z, int(d))


def maxdists(Z: Any) -> np.ndarray:
    """``scipy.cluster.hierarchy.maxdists``: the greatest height at or below each merge.

    Parameters
    ----------
    Z : ndarray of float64, shape (n - 1, 4)
        Merges, as :func:`linkage` gives them.

    Returns
    -------
    MD : ndarray of float64, shape (n - 1,)

    Examples
    --------
    >>> from neuron_redundancy import hierarchy
    >>> hierarchy.maxdists(hierarchy.average([1.0, 4.0, 5.0])).tolist()
    [1.0, 4.5]
    """
    return _native.maxdists(as_linkage(Z))


def maxinconsts(Z: Any, R: Any) -> np.ndarray:
    """``scipy.cluster.hierarchy.maxinconsts``: the greatest inconsistency coefficient at or below each merge.

    Parameters
    ----------
    Z : ndarray of float64, shape (n - 1, 4)
        Merges, as :func:`linkage` gives them.
    R : ndarray of float64, shape (n - 1, 4)
        Statistics, as :func:`inconsistent` gives them.

    Returns
    -------
    MI : ndarray of float64, shape (n - 1,)

    Examples
    --------
    >>> from neuron_redundancy import hierarchy
    >>> z = hierarchy.average([1.0, 4.0, 6.0])
    >>> hierarchy.maxinconsts(z, hierarchy.inconsistent(z)).round(3).tolist()
    [0.0, 0.707]
    """
    return maxRstat(Z, R, 3)


def maxRstat(Z: Any, R: Any, i: int) -> np.ndarray:
    """``scipy.cluster.hierarchy.maxRstat``: the greatest of a statistic at or below each merge.

    Parameters
    ----------
    Z : ndarray of float64, shape (n - 1, 4)
        Merges, as :func:`linkage` gives them.
    R : ndarray of float64, shape (n - 1, 4)
        Statistics, as :func:`inconsistent` gives them.
    i : int
        The column of `R`.

    Returns
    -------
    MR : ndarray of float64, shape (n - 1,)

    Examples
    --------
    >>> from neuron_redundancy import hierarchy
    >>> z = hierarchy.average([1.0, 4.0, 6.0])
    >>> hierarchy.maxRstat(z, hierarchy.inconsistent(z), 2).tolist()
    [1.0, 2.0]
    """
    z, r = as_linkage(Z), as_statistics(R)
    if not isinstance(i, int):
        raise TypeError("The third argument must be an integer.")
    if not 0 <= i <= 3:
        raise ValueError("i must be an integer between 0 and 3 inclusive.")
    if len(z) != len(r):
        raise ValueError("The inconsistency matrix and linkage matrix each have a different number of rows.")
    return _native.max_r_stat(z, r, i)
