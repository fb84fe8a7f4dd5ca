"""What SciPy checks of its arguments, in its words."""

from __future__ import annotations

import warnings
from typing import Any, Sequence

import numpy as np

from ._arrays import as_array, placed


class ClusterWarning(UserWarning):
    """Of input that is suspicious."""


def warning_class() -> type[UserWarning]:
    """SciPy's own class where SciPy is loaded, so that filters of it go on working."""
    import sys

    scipy = sys.modules.get("scipy.cluster.hierarchy")
    return getattr(scipy, "ClusterWarning", ClusterWarning)


def _report(faults: Sequence[tuple[Any, type[Exception], str]], warning: bool, throw: bool) -> bool:
    """The first fault, raised or warned of; whether there is none."""
    for is_fault, kind, message in faults:
        if is_fault:
            if throw:
                raise kind(message)
            if warning:
                warnings.warn(f"scipy.cluster: {message}", warning_class(), stacklevel=3)
            return False
    return True


def _shape(array: np.ndarray, what: str, empty: str) -> list[tuple[Any, type[Exception], str]]:
    return [
        (array.dtype != np.float64, TypeError, f"{what}must contain doubles."),
        (array.ndim != 2, ValueError, f"{what}must have shape=2 (i.e. be two-dimensional)."),
        (array.ndim == 2 and array.shape[1] != 4, ValueError, f"{what}must have 4 columns."),
        (array.ndim == 2 and array.shape[0] == 0, ValueError, empty),
    ]


def is_valid_linkage(Z: Any, warning: bool = False, throw: bool = False, name: str | None = None) -> bool:
    """``scipy.cluster.hierarchy.is_valid_linkage``: whether rows are a tree, as far as SciPy looks.

    Parameters
    ----------
    Z : array_like
    warning : bool
        Warn of what is wrong.
    throw : bool
        Raise what is wrong.
    name : str, optional
        Of `Z` in the message.

    Returns
    -------
    bool

    Examples
    --------
    >>> import numpy as np
    >>> from neuron_redundancy import hierarchy
    >>> hierarchy.is_valid_linkage(np.array([[0.0, 1.0, 0.5, 2.0], [2.0, 7.0, 0.6, 3.0]]))
    False
    """
    z = as_array(Z)
    name = f"{name!r} " if name else ""
    what = f"Linkage matrix {name}"
    if not _report(_shape(z, what, "Linkage must be computed on at least two observations."), warning, throw):
        return False
    n = len(z)
    if n < 2:
        return True
    nodes = z[:, :2]
    faults = [
        (np.any(nodes < 0), f"Linkage {name}contains negative indices."),
        (np.any(z[:, 2] < 0), f"Linkage {name}contains negative distances."),
        (np.any(z[:, 3] < 0), f"Linkage {name}contains negative counts."),
        (np.any(z[:, 3] > n + 1), f"Linkage {name}contains excessive observations in a cluster"),
        (
            np.any(nodes.max(axis=1) >= np.arange(n + 1, 2 * n + 1)),
            f"Linkage {name}uses non-singleton cluster before it is formed.",
        ),
        (len(np.unique(nodes)) < 2 * n, f"Linkage {name}uses the same cluster more than once."),
    ]
    return _report([(fault, ValueError, message) for fault, message in faults], warning, throw)


def is_valid_im(R: Any, warning: bool = False, throw: bool = False, name: str | None = None) -> bool:
    """``scipy.cluster.hierarchy.is_valid_im``: whether rows can be statistics of :func:`inconsistent`.

    Parameters
    ----------
    R : array_like
    warning, throw, name
        As of :func:`is_valid_linkage`.

    Returns
    -------
    bool

    Examples
    --------
    >>> import numpy as np
    >>> from neuron_redundancy import hierarchy
    >>> hierarchy.is_valid_im(np.array([[1.0, -1.0, 1.0, 0.0]]))
    False
    """
    r = as_array(R)
    name = f"{name!r} " if name else ""
    what = f"Inconsistency matrix {name}"
    if not _report(_shape(r, what, f"{what}must have at least one row."), warning, throw):
        return False
    columns = ("height means", "height standard deviations", "counts")
    faults = [
        (np.any(r[:, at] < 0), ValueError, f"{what} contains negative link {of}.") for at, of in enumerate(columns)
    ]
    return _report(faults, warning, throw)


def as_linkage(Z: Any) -> np.ndarray:
    """A tree as C-contiguous doubles; raises what is wrong with it."""
    z = placed(Z)
    is_valid_linkage(z, throw=True, name="Z")
    return z


def as_statistics(R: Any) -> np.ndarray:
    """Statistics as C-contiguous doubles; raises what is wrong with them."""
    r = placed(R)
    is_valid_im(r, throw=True, name="R")
    return r


def observations(length: int) -> int:
    """Of how many observations so many pairs are."""
    n = (1 + int(np.sqrt(8 * length + 1))) // 2
    while n * (n - 1) // 2 > length:
        n -= 1
    return n


def as_condensed(y: np.ndarray, name: str) -> np.ndarray:
    """Condensed distances; raises unless their number is that of all pairs."""
    if y.ndim != 1:
        raise ValueError(f"Distance matrix {name!r} must have shape=1 (i.e. be one-dimensional).")
    n = observations(len(y))
    if len(y) == 0:
        raise ValueError("The number of observations cannot be determined on an empty distance matrix.")
    if n * (n - 1) // 2 != len(y):
        raise ValueError(
            f"Length n of condensed distance matrix {name!r} must be a binomial coefficient, i.e. "
            "there must be a k such that (k \\choose 2)=n)!"
        )
    return y
