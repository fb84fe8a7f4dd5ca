"""A scikit-learn transformer that keeps one of each group of correlated features."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from .clustering import cluster

__all__ = ["CorrelatedFeatures"]


class CorrelatedFeatures(SelectorMixin, BaseEstimator):  # type: ignore[misc]
    """Keep one feature of each cluster of correlated ones.

    Features are clustered hierarchically by 1 − |r| and the tree is cut at `threshold`; of each cluster one feature is kept. Exact, and
    possible for hundreds of thousands of features: pairs that decide nothing are never computed.

    Parameters
    ----------
    threshold : float, default=0.5
        Height of the cut: with average linkage, features whose mean |r| is about 1 − `threshold` and more are one cluster.
    absolute : bool, default=True
        Whether features that say the opposite belong together: 1 − |r| rather than 1 − r.
    method : str, default="average"
        SciPy's names of linkages.
    representative : {"medoid", "variance", "first", "random"}, default="medoid"
        Which feature of a cluster is kept: that most correlated with the others, that of the largest variance, the first, any.
    random_state : int, RandomState instance or None, default=None
        For `representative="random"`.
    memory : int or str, optional
        Bytes that fitting may take, or a text such as "8GB".

    Attributes
    ----------
    labels_ : ndarray of int32, shape (n_features_in_,)
        The cluster of each feature, 1..=k, numbered by its first feature.
    n_clusters_ : int
    representatives_ : ndarray of int, shape (n_clusters_,)
        The feature that is kept of each cluster.
    means_, slopes_ : ndarray of shape (n_features_in_,)
        The least-squares line of each feature over its representative, for :meth:`inverse_transform`.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Examples
    --------
    >>> import numpy as np
    >>> from neuron_redundancy import CorrelatedFeatures
    >>> x = np.random.default_rng(0).normal(size=(200, 3))
    >>> x = np.column_stack([x, -2 * x[:, 0] + 1])
    >>> keep = CorrelatedFeatures(0.3, representative="first").fit(x)
    >>> keep.get_support().tolist(), keep.labels_.tolist()
    ([True, True, True, False], [1, 2, 3, 1])
    >>> bool(np.allclose(keep.inverse_transform(keep.transform(x)), x))
    True
    """

    def __init__(
        self,
        threshold: float = 0.5,
        *,
        absolute: bool = True,
        method: str = "average",
        representative: str = "medoid",
        random_state: Any = None,
        memory: int | str | None = None,
    ) -> None:
        self.threshold = threshold
        self.absolute = absolute
        self.method = method
        self.representative = representative
        self.random_state = random_state
        self.memory = memory

    def fit(self, X: Any, y: Any = None) -> CorrelatedFeatures:
        """Cluster the features of `X`.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)
        y : ignored

        Returns
        -------
        self
        """
        X = validate_data(self, X, dtype=(np.float64, np.float32), ensure_min_samples=2)
        features = X.shape[1]
        varying = np.ptp(X, axis=0) > 0
        if features < 2 or not varying.any():
            self.labels_ = np.arange(1, features + 1, dtype=np.int32)
            self.representatives_ = np.arange(features)
        else:
            seed = check_random_state(self.random_state).randint(2**31 - 1) if self.representative == "random" else 0
            found = cluster(
                X,
                self.threshold,
                absolute=self.absolute,
                method=self.method,
                representative=self.representative,
                seed=seed,
                memory=self.memory,
            )
            self.labels_ = found.labels
            self.representatives_ = np.asarray(found.independent_neurons)
        self.n_clusters_ = len(self.representatives_)
        self.means_ = X.mean(axis=0, dtype=np.float64)
        kept = X[:, self.representatives_] - self.means_[self.representatives_]
        of = self.labels_ - 1
        along = np.einsum("ij,ij->j", X - self.means_, kept[:, of])
        square = np.einsum("ij,ij->j", kept, kept)[of]
        self.slopes_ = np.divide(along, square, out=np.zeros(features), where=square > 0)
        return self

    def _get_support_mask(self) -> np.ndarray:
        check_is_fitted(self)
        mask = np.zeros(self.n_features_in_, dtype=bool)
        mask[self.representatives_] = True
        return mask

    def inverse_transform(self, X: Any) -> np.ndarray:
        """All features from those that are kept: each by its line over the representative of its cluster.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_clusters_)

        Returns
        -------
        ndarray of shape (n_samples, n_features_in_)
        """
        check_is_fitted(self)
        X = np.asarray(X)
        if X.ndim != 2 or X.shape[1] != self.n_clusters_:
            raise ValueError(f"X has shape {X.shape}, but {self.n_clusters_} features were kept")
        # Kept features stand in order of the features, not of the clusters.
        place = np.argsort(np.argsort(self.representatives_))[self.labels_ - 1]
        centred = X[:, place] - self.means_[self.representatives_][self.labels_ - 1]
        return np.asarray(self.means_ + self.slopes_ * centred, dtype=X.dtype if X.dtype.kind == "f" else np.float64)
