"""What the rows of a tree say, and their other form."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _native
from ._arrays import as_array
from ._validation import as_condensed, as_linkage, observations


def cophenet(Z: Any, Y: Any = None) -> Any:
    """``scipy.cluster.hierarchy.cophenet``: for each pair the height at which it is first in one cluster.

    Parameters
    ----------
    Z : ndarray of float64, shape (n - 1, 4)
        Merges, as :func:`linkage` gives them.
    Y : array_like, optional
        The condensed distances that it was made of.

    Returns
    -------
    c : float
        Only with `Y`: how well heights and distances correlate.
    d : ndarray of float64, shape (n (n - 1) / 2,)
        Condensed.

    Examples
    --------
    >>> from neuron_redundancy import hierarchy
    >>> hierarchy.cophenet(hierarchy.average([1.0, 4.0, 5.0])).tolist()
    [1.0, 4.5, 4.5]
    """
    z = as_linkage(Z)
    heights = _native.cophenet(z)
    if Y is None:
        return heights
    distances = as_condensed(np.asarray(as_array(Y)), "Y")
    a, b = distances - distances.mean(), heights - heights.mean()
    return np.sum(a * b) / np.sqrt(np.sum(a**2) * np.sum(b**2)), heights


def leaves_list(Z: Any) -> np.ndarray:
    """``scipy.cluster.hierarchy.leaves_list``: the observations as a drawing has them, left to right.

    Parameters
    ----------
    Z : ndarray of float64, shape (n - 1, 4)
        Merges, as :func:`linkage` gives them.

    Returns
    -------
    leaves : ndarray of int32, shape (n,)

    Examples
    --------
    >>> from neuron_redundancy import hierarchy
    >>> hierarchy.leaves_list(hierarchy.average([5.0, 1.0, 4.0])).tolist()
    [1, 0, 2]
    """
    return _native.leaves_list(as_linkage(Z))


def is_monotonic(Z: Any) -> Any:
    """``scipy.cluster.hierarchy.is_monotonic``: whether no merge is lower than the one before it.

    Parameters
    ----------
    Z : ndarray of float64, shape (n - 1, 4)
        Merges, as :func:`linkage` gives them.

    Returns
    -------
    bool

    Examples
    --------
    >>> from neuron_redundancy import hierarchy
    >>> bool(hierarchy.is_monotonic(hierarchy.average([1.0, 4.0, 5.0])))
    True
    """
    z = as_linkage(Z)
    return np.all(z[1:, 2] >= z[:-1, 2])


def num_obs_linkage(Z: Any) -> int:
    """``scipy.cluster.hierarchy.num_obs_linkage``: the number of observations.

    Parameters
    ----------
    Z : ndarray of float64, shape (n - 1, 4)
        Merges, as :func:`linkage` gives them.

    Returns
    -------
    n : int

    Examples
    --------
    >>> from neuron_redundancy import hierarchy
    >>> hierarchy.num_obs_linkage(hierarchy.average([1.0, 4.0, 5.0]))
    3
    """
    return len(as_linkage(Z)) + 1


def correspond(Z: Any, Y: Any) -> bool:
    """``scipy.cluster.hierarchy.correspond``: whether a tree and distances are of as many observations.

    Parameters
    ----------
    Z : ndarray of float64, shape (n - 1, 4)
        Merges, as :func:`linkage` gives them.
    Y : array_like
        Condensed distances.

    Returns
    -------
    bool

    Examples
    --------
    >>> from neuron_redundancy import hierarchy
    >>> hierarchy.correspond(hierarchy.average([1.0, 4.0, 5.0]), [1.0])
    False
    """
    return observations(len(as_condensed(np.asarray(as_array(Y)), "Y"))) == num_obs_linkage(Z)


def is_isomorphic(T1: Any, T2: Any) -> Any:
    """``scipy.cluster.hierarchy.is_isomorphic``: whether two labellings are one partition.

    Parameters
    ----------
    T1, T2 : array_like, shape (n,)
        Labels.

    Returns
    -------
    bool

    Examples
    --------
    >>> from neuron_redundancy import hierarchy
    >>> hierarchy.is_isomorphic([1, 1, 2], [7, 7, 3])
    True
    """
    T1, T2 = as_array(T1), as_array(T2)
    if T1.ndim != 1:
        raise ValueError("T1 must be one-dimensional.")
    if T2.ndim != 1:
        raise ValueError("T2 must be one-dimensional.")
    if T1.shape != T2.shape:
        raise ValueError("T1 and T2 must have the same number of elements.")
    pairs = len(set(zip(T1.tolist(), T2.tolist())))
    return pairs == len(set(T1.tolist())) == len(set(T2.tolist()))


def from_mlab_linkage(Z: Any) -> np.ndarray:
    """``scipy.cluster.hierarchy.from_mlab_linkage``: MATLAB's rows as SciPy's.

    Parameters
    ----------
    Z : array_like, shape (n - 1, 3)
        Parts counted from 1, heights, no sizes.

    Returns
    -------
    Z : ndarray of float64, shape (n - 1, 4)

    Examples
    --------
    >>> from neuron_redundancy import hierarchy
    >>> hierarchy.from_mlab_linkage([[1, 2, 0.5], [3, 4, 0.75]]).tolist()
    [[0.0, 1.0, 0.5, 2.0], [2.0, 3.0, 0.75, 3.0]]
    """
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
    """``scipy.cluster.hierarchy.to_mlab_linkage``: SciPy's rows as MATLAB's.

    Parameters
    ----------
    Z : ndarray of float64, shape (n - 1, 4)
        Merges, as :func:`linkage` gives them.

    Returns
    -------
    Z : ndarray of float64, shape (n - 1, 3)
        Parts counted from 1, heights, no sizes.

    Examples
    --------
    >>> from neuron_redundancy import hierarchy
    >>> hierarchy.to_mlab_linkage(hierarchy.average([1.0, 4.0, 5.0])).tolist()
    [[1.0, 2.0, 1.0], [3.0, 4.0, 4.5]]
    """
    z = np.array(as_array(Z), dtype=np.float64, order="C")
    if z.shape in ((), (0,)):
        return z
    z = as_linkage(z)
    return np.column_stack([z[:, :2] + 1.0, z[:, 2]])
