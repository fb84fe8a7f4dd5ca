"""Correlations of the columns of a matrix, tokens × neurons: all, those above a threshold, the nearest of each; of two matrices; of a stream."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple

import numpy as np

from . import _native
from ._arrays import as_bytes, as_matrix
from ._progress import reporting

__all__ = ["Correlator", "CrossMaxima", "Neighbours", "Pairs", "corrcoef", "cross_max", "pairs_above", "top_k"]

_Progress = bool | Callable[[str, int, int], Any]


class Pairs(NamedTuple):
    """Pairs of neurons, by first and then by second: the result of :func:`pairs_above`.

    Attributes
    ----------
    first, second : ndarray of int64, shape (pairs,)
        Neurons, the lower one first.
    correlation : ndarray of float64, shape (pairs,)
    """

    first: np.ndarray
    second: np.ndarray
    correlation: np.ndarray


class Neighbours(NamedTuple):
    """Neurons, and their correlations: the result of :func:`top_k`, a row for each neuron.

    Attributes
    ----------
    neuron : ndarray of int64
    correlation : ndarray of float64
    """

    neuron: np.ndarray
    correlation: np.ndarray


class CrossMaxima(NamedTuple):
    """Of each neuron of two matrices the most correlated one of the other: the result of :func:`cross_max`.

    Attributes
    ----------
    of_x, of_y : Neighbours
        For each neuron of the one matrix a neuron of the other.
    """

    of_x: Neighbours
    of_y: Neighbours


def _uncorrelated(non_finite: str) -> bool:
    if non_finite not in ("error", "uncorrelated"):
        raise ValueError(f"non_finite must be 'error' or 'uncorrelated', not {non_finite!r}")
    return non_finite == "uncorrelated"


def corrcoef(X: Any, *, weights: Any = None, non_finite: str = "error", progress: _Progress = False) -> np.ndarray:
    """Pearson correlations of all pairs of columns: ``np.corrcoef(X, rowvar=False)``.

    Within a proven bound of the exact correlations; a column that is constant has correlation 0 with all others, and 1 with itself.

    Parameters
    ----------
    X : array_like of shape (tokens, neurons)
    weights : array_like of shape (tokens,), optional
        A weight for each token: ``aweights`` of ``np.cov``.
    non_finite : {"error", "uncorrelated"}
    progress : bool or callable

    Returns
    -------
    ndarray of float64, shape (neurons, neurons)

    Examples
    --------
    >>> from neuron_redundancy import correlation
    >>> correlation.corrcoef([[1.0, 3.0], [2.0, 2.0], [3.0, 1.0]]).tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    weights = None if weights is None else np.asarray(weights, dtype=np.float64).tolist()
    with reporting(progress, ["correlation"]) as report:
        return _native.corrcoef(as_matrix(X), weights, _uncorrelated(non_finite), report)


def pairs_above(
    X: Any,
    threshold: float,
    *,
    signed: bool = False,
    non_finite: str = "error",
    memory: int | str | None = None,
    progress: _Progress = False,
) -> Pairs:
    """Every pair whose correlation is at least `threshold` in absolute value (or with its sign), without the n × n matrix.

    Exact: pairs are screened in bytes with a proven bound, and what is left is computed in double precision.

    Parameters
    ----------
    X : array_like of shape (tokens, neurons)
    threshold : float
        Above 0, at most 1.
    signed : bool
        Only positive correlations.
    non_finite : {"error", "uncorrelated"}
    memory : int or str, optional
        What the screen may take; its bytes go to a temporary file if need be.
    progress : bool or callable

    Returns
    -------
    Pairs

    Examples
    --------
    >>> from neuron_redundancy import correlation
    >>> pairs = correlation.pairs_above([[1.0, 3.0, 0.0], [2.0, 2.0, 1.0], [3.0, 1.0, 0.0]], 0.9)
    >>> pairs.first.tolist(), pairs.second.tolist(), pairs.correlation.tolist()
    ([0], [1], [-1.0])
    """
    with reporting(progress, ["moments", "screen"]) as report:
        found = _native.pairs_above(
            as_matrix(X), float(threshold), signed, _uncorrelated(non_finite), as_bytes(memory), report
        )
    return Pairs(*found)


def top_k(
    X: Any,
    k: int = 10,
    *,
    signed: bool = False,
    non_finite: str = "error",
    memory: int | str | None = None,
    progress: _Progress = False,
) -> Neighbours:
    """The `k` neurons that each neuron is most correlated with, exactly, the most correlated first; fewer if there are no more.

    Parameters
    ----------
    X : array_like of shape (tokens, neurons)
    k : int
    signed : bool
        Only positive correlations.
    non_finite : {"error", "uncorrelated"}
    memory : int or str, optional
        What the screen may take; its bytes go to a temporary file if need be.
    progress : bool or callable

    Returns
    -------
    Neighbours
        Two arrays of shape (neurons, k).

    Examples
    --------
    >>> from neuron_redundancy import correlation
    >>> correlation.top_k([[1.0, 3.0, 0.0], [2.0, 2.0, 1.0], [3.0, 1.5, 0.0]], 1).neuron.ravel().tolist()
    [1, 0, 1]
    """
    if k < 0:
        raise ValueError(f"k must be at least 0, not {k}")
    with reporting(progress, ["moments", "screen"]) as report:
        return Neighbours(
            *_native.top_k(as_matrix(X), int(k), signed, _uncorrelated(non_finite), as_bytes(memory), report)
        )


def cross_max(
    X: Any, Y: Any, *, signed: bool = False, non_finite: str = "error", progress: _Progress = False
) -> CrossMaxima:
    """Of each neuron of two models (or layers), over the same tokens, the most correlated neuron of the other: universal neurons.

    Without the matrix of all correlations.

    Parameters
    ----------
    X : array_like of shape (tokens, neurons)
    Y : array_like of shape (tokens, other neurons)
    signed : bool
        The greatest correlation, rather than the greatest in absolute value.
    non_finite : {"error", "uncorrelated"}
    progress : bool or callable

    Returns
    -------
    CrossMaxima

    Examples
    --------
    >>> from neuron_redundancy import correlation
    >>> best = correlation.cross_max([[1.0, 5.0], [2.0, 4.0], [3.0, 4.5]], [[3.0], [2.0], [1.0]])
    >>> best.of_y.neuron.tolist(), best.of_y.correlation.tolist()
    ([0], [-1.0])
    """
    with reporting(progress, ["correlation"]) as report:
        of_x, of_y = _native.cross_max(as_matrix(X), as_matrix(Y, "Y"), signed, _uncorrelated(non_finite), report)
    return CrossMaxima(Neighbours(*of_x), Neighbours(*of_y))


class Correlator:
    """Correlations of a stream of tokens, in one pass, in chunks of any size; can be pickled and merged.

    Parameters
    ----------
    neurons : int, optional
        Taken from the first chunk if it is not given.

    Examples
    --------
    >>> import numpy as np
    >>> from neuron_redundancy.correlation import Correlator
    >>> x = np.random.default_rng(0).normal(size=(100, 3))
    >>> correlator = Correlator().partial_fit(x[:60]).partial_fit(x[60:])
    >>> bool(np.allclose(correlator.corrcoef(), np.corrcoef(x, rowvar=False)))
    True
    """

    def __init__(self, neurons: int | None = None) -> None:
        self._inner = None if neurons is None else _native.Correlator(int(neurons))

    @property
    def neurons(self) -> int | None:
        """Number of neurons, once it is known."""
        return None if self._inner is None else self._inner.neurons

    @property
    def tokens(self) -> int:
        """Tokens read so far."""
        return 0 if self._inner is None else self._inner.tokens

    def partial_fit(self, X: Any, y: Any = None) -> Correlator:
        """Read the next tokens.

        Parameters
        ----------
        X : array_like of shape (tokens, neurons)
            A chunk of any number of tokens.
        y : ignored

        Returns
        -------
        self
        """
        array = as_matrix(X)
        if self._inner is None:
            self._inner = _native.Correlator(array.shape[1])
        self._inner.push(array)
        return self

    def merge(self, later: Correlator) -> Correlator:
        """Add the tokens that another has read, as if they had come after these.

        Parameters
        ----------
        later : Correlator
            Of as many neurons.

        Returns
        -------
        self
        """
        if later._inner is not None:
            if self._inner is None:
                self._inner = _native.Correlator(later._inner.neurons)
            self._inner.merge(later._inner)
        return self

    def corrcoef(self, *, non_finite: str = "error") -> np.ndarray:
        """The correlations of all tokens that were read; more can be read after that.

        Parameters
        ----------
        non_finite : {"error", "uncorrelated"}

        Returns
        -------
        ndarray of float64, shape (neurons, neurons)
        """
        if self._inner is None:
            raise ValueError("no tokens have been read: call partial_fit first")
        return self._inner.finish(_uncorrelated(non_finite))

    def __getstate__(self) -> dict[str, Any]:
        return {"state": None if self._inner is None else self._inner.save()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._inner = None if state["state"] is None else _native.Correlator.load(state["state"])

    def __repr__(self) -> str:
        return f"<Correlator: {self.tokens} tokens of {self.neurons} neurons>"
