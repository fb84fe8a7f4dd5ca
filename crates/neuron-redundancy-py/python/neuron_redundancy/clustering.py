"""Clusters of neurons that say the same thing: drop-in for ``neurox.interpretation.clustering``.

**Say** ``numbering="lowest"`` **unless you need SciPy's label numbers.** The partition is the same, but its labels then depend on the partition
alone, so most pairs need never be computed: several times faster, and possible at any size. The defaults give NeuroX's own numbers.

Everything beyond NeuroX's arguments is keyword-only.
"""

from __future__ import annotations

import os
from typing import Any, Callable, Sequence

import numpy as np

from . import _native
from ._arrays import as_bytes, as_matrix
from ._progress import reporting

__all__ = [
    "Clusters",
    "cluster",
    "create_correlation_clusters",
    "extract_independent_neurons",
    "plan",
    "print_clusters",
    "scikit_extract_independent_neurons",
]

class Clusters:
    """Clusters of neurons: the result of :func:`cluster`.

    Attributes
    ----------
    labels : ndarray of int32, shape (neurons,)
        1..=k.
    independent_neurons : list of int
        The neuron that is kept of each cluster, in order of the labels.
    constant_neurons, non_finite_neurons : list of int
        Neurons whose values are all equal; neurons with NaN or infinities.
    ambiguous : list of list of int
        Neurons that hang together and whose clusters do not follow from their correlations alone (ties); real activations have none.
    plan : str
        How it was computed, why, and what it took.
    times : list of (str, float)
        Seconds by stage.
    """

    def __init__(self, found: _native.Clusters) -> None:
        self.labels: np.ndarray = found.labels
        self.independent_neurons: list[int] = found.independent_neurons
        self.constant_neurons: list[int] = found.constant_neurons
        self.non_finite_neurons: list[int] = found.non_finite_neurons
        self.ambiguous: list[list[int]] = found.ambiguous
        self.repaired: int = found.repaired
        self.again: int = found.again
        self.plan: str = found.plan
        self.plan_kind: str = found.plan_kind
        self.times: list[tuple[str, float]] = found.times

    @property
    def n_clusters(self) -> int:
        """The number of clusters."""
        return len(self.independent_neurons)

    def __repr__(self) -> str:
        neurons = len(self.labels)
        share = 100 * self.n_clusters / max(neurons, 1)
        lines = [f"<Clusters: {self.n_clusters} of {neurons} neurons kept ({share:.1f}%)", f"  {self.plan}"]
        if self.constant_neurons:
            lines.append(f"  {len(self.constant_neurons)} constant")
        if self.non_finite_neurons:
            lines.append(f"  {len(self.non_finite_neurons)} not finite")
        if self.ambiguous:
            lines.append(f"  {len(self.ambiguous)} ambiguous components: ties=\"scipy\" decides as SciPy")
        times = ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in self.times)
        return "\n".join([*lines, f"  {times}>"])


def _options(
    *,
    absolute: bool,
    threshold: float,
    method: str,
    numbering: str,
    plan: str,
    memory: int | str | None,
    non_finite: str,
    ties: str = "report",
    representative: str = "first",
    seed: int = 0,
    precision: str = "certified",
    resume: str | os.PathLike[str] | None = None,
) -> dict[str, Any]:
    if precision not in ("certified", "double"):
        raise ValueError(f"precision must be 'certified' or 'double', not {precision!r}")
    return {
        "absolute": bool(absolute),
        "cutoff": float(threshold),
        "method": method,
        "numbering": numbering,
        "non_finite": non_finite,
        "memory": as_bytes(memory),
        "plan": plan,
        "ties": ties,
        "representative": representative,
        "seed": int(seed),
        "single_products": precision == "certified",
        "resume": None if resume is None else os.fspath(resume),
    }


def _run(X: Any, options: dict[str, Any], progress: Any) -> _native.Clusters:
    source = os.fspath(X) if isinstance(X, (str, os.PathLike)) else as_matrix(X)
    with reporting(progress, _native.stages()) as report:
        return _native.cluster(source, options, report)


def cluster(
    X: Any,
    threshold: float = 0.5,
    *,
    absolute: bool = True,
    method: str = "average",
    representative: str = "random",
    seed: int = 0,
    numbering: str = "lowest",
    non_finite: str = "error",
    plan: str = "auto",
    memory: int | str | None = None,
    ties: str = "report",
    precision: str = "certified",
    resume: str | os.PathLike[str] | None = None,
    progress: bool | Callable[[str, int, int], Any] = False,
) -> Clusters:
    """Cluster neurons by their correlations and keep one of each cluster.

    Parameters
    ----------
    X : array_like of shape (tokens, neurons), or path
        Activations, or a ``.npy`` or ``.safetensors`` file of them (which is mapped, not read).
    threshold : float
        Height at which the tree is cut: neurons joined at or below it are one cluster.
    absolute : bool
        Cluster by 1 − |r| rather than 1 − r.
    method : str
        SciPy's names: single, complete, average, weighted, ward, centroid, median.
    representative : {"random", "medoid", "variance", "first"}
        Which neuron of a cluster is kept. A random pick depends on `seed` and the cluster's members alone.
    seed : int
        Of random picks.
    numbering : {"lowest", "scipy"}
        Which cluster is number 1: that of neuron 0, or SciPy's, for which all pairs are needed.
    non_finite : {"error", "uncorrelated"}
        What to do with neurons that have NaN or infinities.
    plan : {"auto", "dense", "components"}
        How clusters are found; the result is the same.
    memory : int or str, optional
        Bytes that the run may take, or a text such as "8GB".
    ties : {"report", "scipy"}
        Whether ties are listed in `ambiguous`, or decided as SciPy does, with all pairs.
    precision : {"certified", "double"}
        Whether products may be made in single precision where every decision is then proven.
    resume : path, optional
        A folder where the run keeps what it has done, so that an equal run goes on from there.
    progress : bool or callable
        True for a bar (tqdm); or ``callable(stage, done, total)``.

    Returns
    -------
    Clusters

    Raises
    ------
    ValueError
        For an argument that cannot be; for NaN, by neuron and token.
    MemoryError
        If it would take more than there is: said before the work begins.

    Examples
    --------
    >>> import numpy as np
    >>> from neuron_redundancy import cluster
    >>> x = np.random.default_rng(0).normal(size=(200, 3))
    >>> found = cluster(np.column_stack([x, -x[:, 0]]), 0.3, representative="first")
    >>> found.labels.tolist(), found.independent_neurons
    ([1, 2, 3, 1], [0, 1, 2])
    """
    options = _options(
        absolute=absolute,
        threshold=threshold,
        method=method,
        numbering=numbering,
        plan=plan,
        memory=memory,
        non_finite=non_finite,
        ties=ties,
        representative=representative,
        seed=seed,
        precision=precision,
        resume=resume,
    )
    return Clusters(_run(X, options, progress))


def plan(
    shape: tuple[int, int],
    threshold: float = 0.5,
    *,
    absolute: bool = True,
    method: str = "average",
    numbering: str = "lowest",
    plan: str = "auto",
    memory: int | str | None = None,
) -> str:
    """How activations of a shape would be clustered, why, and how much memory that takes; nothing is computed.

    Parameters
    ----------
    shape : (int, int)
        Tokens and neurons.
    threshold, absolute, method, numbering, plan, memory
        As in :func:`cluster`.

    Returns
    -------
    str

    Examples
    --------
    >>> from neuron_redundancy import plan
    >>> print(plan((30_000, 131_072), memory="32GB"))  # doctest: +ELLIPSIS
    by components: 8589869056 pairs of 131072 neurons screened in bytes, then each component linked alone; ...
    """
    options = _options(
        absolute=absolute,
        threshold=threshold,
        method=method,
        numbering=numbering,
        plan=plan,
        memory=memory,
        non_finite="error",
    )
    return _native.plan(*shape, options)[0]


def create_correlation_clusters(
    X: Any,
    use_abs_correlation: bool = True,
    clustering_threshold: float = 0.5,
    method: str = "average",
    *,
    numbering: str = "scipy",
    plan: str = "auto",
    memory: int | str | None = None,
    progress: bool | Callable[[str, int, int], Any] = False,
) -> np.ndarray:
    """NeuroX's ``create_correlation_clusters``: a label for each neuron.

    Prints what NeuroX prints. Neurons that are constant or hold NaN count as uncorrelated with all others, as there.

    Parameters
    ----------
    X : array_like of shape (tokens, neurons), or path
    use_abs_correlation : bool
        Cluster by 1 − |r| rather than 1 − r.
    clustering_threshold : float
        Height at which the tree is cut.
    method : str
        Any of SciPy's linkage methods.
    numbering, plan, memory, progress
        As in :func:`cluster`; ``numbering="lowest"`` is the same partition, much faster.

    Returns
    -------
    labels : ndarray of int32, shape (neurons,)

    Examples
    --------
    >>> import numpy as np
    >>> from neuron_redundancy import clustering
    >>> x = np.random.default_rng(0).normal(size=(200, 3))
    >>> labels = clustering.create_correlation_clusters(np.column_stack([x, -x[:, 0]]), numbering="lowest")
    Correlation matrix size (#neurons x #neurons): (4, 4)
    Number of clusters detected: 3
    >>> labels.tolist()
    [1, 2, 3, 1]
    """
    options = _options(
        absolute=use_abs_correlation,
        threshold=clustering_threshold,
        method=method,
        numbering=numbering,
        plan=plan,
        memory=memory,
        non_finite="uncorrelated",
    )
    labels = _run(X, options, progress).labels
    _tell(labels)
    return labels


def _picks(labels: np.ndarray) -> list[int]:
    """One member of each cluster by NumPy's global generator, drawn as NeuroX draws: label by label, members in order."""
    order = np.argsort(labels, kind="stable")
    ends = np.cumsum(np.bincount(labels)[1:])
    return [int(np.random.choice(members)) for members in np.split(order, ends[:-1])]


def _is_drawn(representative: str, seed: int | None) -> bool:
    """Whether NumPy's global generator is to draw the neurons that are kept."""
    return representative == "random" and seed is None


def _found(X: Any, options: dict[str, Any], representative: str, seed: int | None, progress: Any) -> _native.Clusters:
    """Clusters with the neurons that are kept, unless those are to be drawn."""
    drawn = _is_drawn(representative, seed)
    options |= {"representative": "first" if drawn else representative, "seed": int(seed or 0)}
    return _run(X, options, progress)


def _kept(found: _native.Clusters, representative: str, seed: int | None) -> list[int]:
    return _picks(found.labels) if _is_drawn(representative, seed) else found.independent_neurons


def _tell(labels: np.ndarray) -> None:
    print(f"Correlation matrix size (#neurons x #neurons): ({len(labels)}, {len(labels)})")
    print(f"Number of clusters detected: {labels.max()}")


def extract_independent_neurons(
    X: Any,
    use_abs_correlation: bool = True,
    clustering_threshold: float = 0.5,
    *,
    method: str = "average",
    representative: str = "random",
    seed: int | None = None,
    numbering: str = "scipy",
    plan: str = "auto",
    memory: int | str | None = None,
    progress: bool | Callable[[str, int, int], Any] = False,
) -> tuple[list[int], np.ndarray]:
    """NeuroX's ``extract_independent_neurons``: one neuron of each cluster, and the labels.

    After ``np.random.seed(s)`` the picks are NeuroX's own. With `seed` a pick depends on it and the cluster's members alone, and NumPy's
    state is left as it is.

    Parameters
    ----------
    X, use_abs_correlation, clustering_threshold, method, numbering, plan, memory, progress
        As in :func:`create_correlation_clusters`.
    representative, seed
        As in :func:`cluster`; `seed` None draws from NumPy's global generator.

    Returns
    -------
    independent_neurons : list of int
    labels : ndarray of int32

    Examples
    --------
    >>> import numpy as np
    >>> from neuron_redundancy import clustering
    >>> x = np.random.default_rng(0).normal(size=(200, 3))
    >>> kept, labels = clustering.extract_independent_neurons(np.column_stack([x, x[:, :1]]), representative="first")
    Correlation matrix size (#neurons x #neurons): (4, 4)
    Number of clusters detected: 3
    >>> sorted(kept)
    [0, 1, 2]
    """
    options = _options(
        absolute=use_abs_correlation,
        threshold=clustering_threshold,
        method=method,
        numbering=numbering,
        plan=plan,
        memory=memory,
        non_finite="uncorrelated",
    )
    found = _found(X, options, representative, seed, progress)
    _tell(found.labels)
    return _kept(found, representative, seed), found.labels


def scikit_extract_independent_neurons(
    X: Any,
    clustering_threshold: float = 0.5,
    *,
    method: str = "average",
    representative: str = "random",
    seed: int | None = None,
    numbering: str = "scipy",
    plan: str = "auto",
    memory: int | str | None = None,
    progress: bool | Callable[[str, int, int], Any] = False,
) -> tuple[list[int], np.ndarray]:
    """NeuroX's ``scikit_extract_independent_neurons``: the same by 1 − r, silently; a constant neuron is refused, as by SciPy there.

    Parameters
    ----------
    X, clustering_threshold, method, numbering, plan, memory, progress
        As in :func:`create_correlation_clusters`.
    representative, seed
        As in :func:`extract_independent_neurons`.

    Returns
    -------
    independent_neurons : list of int
    labels : ndarray of int32, shape (neurons,)

    Raises
    ------
    ValueError
        If a neuron is constant or not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from neuron_redundancy import clustering
    >>> x = np.random.default_rng(0).normal(size=(200, 3))
    >>> kept, labels = clustering.scikit_extract_independent_neurons(np.column_stack([x, -x[:, :1]]))
    >>> len(kept)
    4
    """
    options = _options(
        absolute=False,
        threshold=clustering_threshold,
        method=method,
        numbering=numbering,
        plan=plan,
        memory=memory,
        non_finite="error",
    )
    found = _found(X, options, representative, seed, progress)
    if found.constant_neurons:
        raise ValueError(
            f"The condensed distance matrix must contain only finite values: neuron {found.constant_neurons[0]} is constant"
        )
    return _kept(found, representative, seed), found.labels


def print_clusters(cluster_labels: Sequence[int] | np.ndarray) -> None:
    """NeuroX's ``print_clusters``: a line for each label, with its neurons.

    Parameters
    ----------
    cluster_labels : array_like of int, shape (neurons,)

    Examples
    --------
    >>> from neuron_redundancy import clustering
    >>> clustering.print_clusters([1, 2, 1])
    Cluster 00001: 0 2
    Cluster 00002: 1
    """
    labels = np.asarray(cluster_labels)
    for label in range(labels.min(), labels.max() + 1):
        print(f"Cluster {label:05d}: {' '.join(map(str, np.flatnonzero(labels == label)))}")
