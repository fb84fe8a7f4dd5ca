"""The binding: arguments are converted, the Rust crates called."""

from typing import Any, Callable, final

import numpy as np
from numpy.typing import NDArray

VERSION: str
__all__ = [
    "VERSION",
    "Clusters",
    "Correlator",
    "cluster",
    "plan",
    "stages",
    "corrcoef",
    "pairs_above",
    "top_k",
    "cross_max",
    "linkage",
    "fcluster",
    "cut_tree",
    "cophenet",
    "from_mlab_linkage",
    "inconsistent",
    "maxdists",
    "max_r_stat",
    "leaders",
    "leaves_list",
    "optimal_leaf_ordering",
    "dendrogram",
]

_Progress = Callable[[int, int, int], Any] | None
_Matrix = NDArray[np.float16] | NDArray[np.float32] | NDArray[np.float64]

@final
class Clusters:
    @property
    def labels(self) -> NDArray[np.int32]: ...
    @property
    def independent_neurons(self) -> list[int]: ...
    @property
    def constant_neurons(self) -> list[int]: ...
    @property
    def non_finite_neurons(self) -> list[int]: ...
    @property
    def ambiguous(self) -> list[list[int]]: ...
    @property
    def repaired(self) -> int: ...
    @property
    def again(self) -> int: ...
    @property
    def plan(self) -> str: ...
    @property
    def plan_kind(self) -> str: ...
    @property
    def times(self) -> list[tuple[str, float]]: ...

@final
class Correlator:
    def __new__(cls, neurons: int) -> Correlator: ...
    @property
    def neurons(self) -> int: ...
    @property
    def tokens(self) -> int: ...
    def push(self, x: _Matrix, progress: _Progress = None) -> None: ...
    def merge(self, later: Correlator) -> None: ...
    def finish(self, uncorrelated: bool = False) -> NDArray[np.float64]: ...
    def save(self) -> bytes: ...
    @staticmethod
    def load(bytes: bytes) -> Correlator: ...

def cluster(x: _Matrix | str, options: dict[str, Any], progress: _Progress = None) -> Clusters: ...
def plan(tokens: int, neurons: int, options: dict[str, Any]) -> tuple[str, int]: ...
def stages() -> list[str]: ...
def corrcoef(
    x: _Matrix, weights: list[float] | None = None, uncorrelated: bool = False, progress: _Progress = None
) -> NDArray[np.float64]: ...
def pairs_above(
    x: _Matrix,
    threshold: float,
    signed: bool = False,
    uncorrelated: bool = False,
    memory: int | None = None,
    progress: _Progress = None,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]: ...
def top_k(
    x: _Matrix,
    k: int,
    signed: bool = False,
    uncorrelated: bool = False,
    memory: int | None = None,
    progress: _Progress = None,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]: ...
def cross_max(
    x: _Matrix, y: _Matrix, signed: bool = False, uncorrelated: bool = False, progress: _Progress = None
) -> tuple[
    tuple[NDArray[np.int64], NDArray[np.float64]], tuple[NDArray[np.int64], NDArray[np.float64]]
]: ...
def linkage(
    y: NDArray[np.float32] | NDArray[np.float64],
    n: int,
    method: str,
    storage: str = "square",
    progress: _Progress = None,
) -> NDArray[np.float64]: ...
def fcluster(
    z: NDArray[np.float64], t: float, criterion: str, depth: int, values: NDArray[np.float64] | None, lowest: bool
) -> NDArray[np.int32]: ...
def cut_tree(
    z: NDArray[np.float64], clusters: list[int] | None, heights: list[float] | None
) -> list[NDArray[np.int32]]: ...
def cophenet(z: NDArray[np.float64]) -> NDArray[np.float64]: ...
def from_mlab_linkage(z: NDArray[np.float64]) -> NDArray[np.float64]: ...
def inconsistent(z: NDArray[np.float64], depth: int) -> NDArray[np.float64]: ...
def maxdists(z: NDArray[np.float64]) -> NDArray[np.float64]: ...
def max_r_stat(z: NDArray[np.float64], r: NDArray[np.float64], i: int) -> NDArray[np.float64]: ...
def leaders(z: NDArray[np.float64], t: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]: ...
def leaves_list(z: NDArray[np.float64]) -> NDArray[np.int32]: ...
def optimal_leaf_ordering(
    z: NDArray[np.float64], y: NDArray[np.float64], best: bool, progress: _Progress = None
) -> NDArray[np.float64]: ...
def dendrogram(
    z: NDArray[np.float64], truncate: str | None, p: int, sort: str | None, color_threshold: float | None
) -> tuple[
    list[list[float]],
    list[list[float]],
    list[int],
    list[int],
    list[int],
    list[int | None],
    list[list[float]],
]: ...
