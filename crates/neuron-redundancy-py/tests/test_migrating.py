"""Every row of docs/migrating.md, both sides of it, on the same data."""

import re
from pathlib import Path
from types import SimpleNamespace

import fastcluster
import numpy as np
import neurox_path
import pytest
import scipy.cluster.hierarchy
from scipy.spatial.distance import pdist, squareform
from sklearn.cluster import AgglomerativeClustering, FeatureAgglomeration

import neuron_redundancy
from neuron_redundancy import clustering, correlation, hierarchy

TEXT = (Path(__file__).parents[3] / "docs/migrating.md").read_text()
ROWS = re.findall(r"^\| `(.+?)` \| `(.+?)` \| (.+?) \|$", TEXT, re.M)

RNG = np.random.default_rng(11)
X = RNG.normal(size=(80, 6))[:, RNG.integers(0, 6, 30)] + RNG.uniform(0.2, 1, 30) * RNG.normal(size=(80, 30))
d = neurox_path.dissimilarity(X)


def picked(labels):
    return [np.random.choice(np.where(labels == label)[0]) for label in range(labels.min(), labels.max() + 1)], labels


def scikit(X, threshold=0.5):
    z = scipy.cluster.hierarchy.linkage(pdist(X.T, "correlation"), "average")
    return picked(scipy.cluster.hierarchy.fcluster(z, threshold, "distance"))


NAMES = {
    "AgglomerativeClustering": AgglomerativeClustering,
    "D": squareform(d),
    "FeatureAgglomeration": FeatureAgglomeration,
    "X": X,
    "Z": scipy.cluster.hierarchy.linkage(d, "average"),
    "clustering": clustering,
    "correlation": correlation,
    "d": d,
    "fastcluster": fastcluster,
    "hierarchy": hierarchy,
    "neuron_redundancy": neuron_redundancy,
    # NeuroX itself cannot be installed beside a modern NumPy: the calls that it makes.
    "neurox": SimpleNamespace(
        create_correlation_clusters=neurox_path.create_correlation_clusters,
        extract_independent_neurons=lambda X: picked(neurox_path.create_correlation_clusters(X)),
        scikit_extract_independent_neurons=scikit,
    ),
    "np": np,
    "scipy": scipy,
}


@pytest.mark.parametrize("theirs,ours,result", ROWS)
def test_both_sides_of_a_row_agree(theirs, ours, result):
    values = []
    for side in (theirs, ours):
        np.random.seed(5)
        values.append(eval(side, dict(NAMES, d=d.copy())))
    a, b = values
    match result.split(",")[0]:
        case "same labels":
            assert np.array_equal(a, b)
        case "same bits":
            assert a.tobytes() == np.ascontiguousarray(b).tobytes()
        case "same clusters":
            assert neurox_path.same_partition(a, b)
        case "same picks and labels":
            assert a[0] == b[0] and np.array_equal(a[1], b[1])
        case "same drawing":
            assert a == b
        case "within 1e-12":
            assert np.allclose(a, b, rtol=1e-12, atol=1e-12)
        case other:
            pytest.fail(f"what is {other!r}?")


def test_there_are_rows_of_each_library():
    assert len(ROWS) >= 19
    for name in ("neurox.", "scipy.", "fastcluster.", "AgglomerativeClustering("):
        assert any(row[0].startswith(name) for row in ROWS), name
