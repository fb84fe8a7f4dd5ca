"""Our hierarchy against SciPy's, bit for bit; and SciPy's own tests on ours."""

import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import scipy.cluster.hierarchy as scipys
from conftest import condensed
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.spatial.distance import pdist, squareform

from neuron_redundancy import hierarchy

METHODS = ["single", "complete", "average", "weighted", "centroid", "median", "ward"]


def same(ours, theirs):
    """The same bits, type and shape."""
    assert ours.dtype == theirs.dtype
    assert_array_equal(ours.view(np.uint8), np.ascontiguousarray(theirs).view(np.uint8))


def test_scipys_own_tests_pass_on_our_functions():
    """Every test of the installed SciPy's test_hierarchy.py; none is excused."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "scipys_own_tests"]
    found = subprocess.run(
        [*command, "--pyargs", "scipy.cluster.tests.test_hierarchy"],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent), "MPLBACKEND": "Agg"},
    )
    assert found.returncode == 0, found.stdout[-4000:]
    assert "failed" not in found.stdout and "skipped" not in found.stdout, found.stdout[-400:]
    passed = int(found.stdout.rsplit(" passed", 1)[0].rsplit(" ", 1)[-1].split("\n")[-1])
    assert passed >= 150


def test_every_public_name_of_scipy_is_there():
    assert set(scipys.__all__) <= set(hierarchy.__all__)


@given(condensed(), st.sampled_from(METHODS))
def test_linkage_is_scipys_to_the_last_bit(y, method):
    same(hierarchy.linkage(y, method), scipys.linkage(y, method))
    same(getattr(hierarchy, method)(y), getattr(scipys, method)(y))


@given(st.integers(2, 30), st.integers(1, 5), st.sampled_from(METHODS), st.integers(0, 2**32), st.booleans())
def test_observations_are_linked_as_scipy_does_with_ties_and_orderings(n, dimensions, method, seed, ordered):
    x = np.random.default_rng(seed).integers(0, 4, (n, dimensions)).astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", scipys.ClusterWarning)
        same(hierarchy.linkage(x, method, "euclidean", ordered), scipys.linkage(x, method, "euclidean", ordered))
        if method in ("single", "complete", "average", "weighted"):
            same(hierarchy.linkage(x, method, "cityblock"), scipys.linkage(x, method, "cityblock"))


@given(condensed(), st.sampled_from(METHODS), st.floats(0, 3), st.integers(1, 30), st.integers(1, 4))
def test_cuts_and_statistics_are_scipys(y, method, t, clusters, depth):
    z = scipys.linkage(y, method)
    if method in ("centroid", "median") and np.any(z[:, 2] < 0):
        return
    same(hierarchy.inconsistent(z, depth), scipys.inconsistent(z, depth))
    same(hierarchy.maxdists(z), scipys.maxdists(z))
    r = scipys.inconsistent(z, depth)
    same(hierarchy.maxinconsts(z, r), scipys.maxinconsts(z, r))
    for column in range(4):
        same(hierarchy.maxRstat(z, r, column), scipys.maxRstat(z, r, column))
    same(hierarchy.cophenet(z), scipys.cophenet(z))
    same(hierarchy.leaves_list(z), scipys.leaves_list(z))
    assert bool(hierarchy.is_monotonic(z)) == bool(scipys.is_monotonic(z))
    height = t * z[:, 2].mean()
    for criterion, at, options in (
        ("distance", height, {}),
        ("maxclust", clusters, {}),
        ("inconsistent", t, {"depth": depth}),
        ("inconsistent", t, {"R": r}),
        ("monocrit", height, {"monocrit": scipys.maxdists(z)}),
        ("maxclust_monocrit", clusters, {"monocrit": scipys.maxinconsts(z, r)}),
    ):
        labels = hierarchy.fcluster(z, at, criterion, **options)
        same(labels, scipys.fcluster(z, at, criterion, **options))
        lowest = hierarchy.fcluster(z, at, criterion, numbering="lowest", **options)
        assert hierarchy.is_isomorphic(lowest, labels) and lowest[0] == 1
        if criterion in ("distance", "maxclust"):
            for ours, theirs in zip(hierarchy.leaders(z, labels), scipys.leaders(z, labels)):
                same(ours, theirs)
    same(hierarchy.to_mlab_linkage(z), scipys.to_mlab_linkage(z))
    same(hierarchy.from_mlab_linkage(scipys.to_mlab_linkage(z)), z)


@given(condensed(12, ties=False), st.sampled_from(METHODS[:4]))
def test_leaf_order_is_scipys_and_the_best_is_no_longer(y, method):
    z = scipys.linkage(y, method)
    if len(np.unique(y)) < len(y):
        return
    same(hierarchy.optimal_leaf_ordering(z, y), scipys.optimal_leaf_ordering(z, y))
    square = squareform(y)

    def way(z):
        leaves = hierarchy.leaves_list(z)
        return square[leaves[:-1], leaves[1:]].sum()

    assert way(hierarchy.optimal_leaf_ordering(z, y, best=True)) <= way(scipys.optimal_leaf_ordering(z, y)) * (1 + 1e-12)


@given(
    condensed(),
    st.sampled_from(METHODS[:4]),
    st.sampled_from([None, "lastp", "level", "mtica", "none"]),
    st.integers(0, 12),
    st.sampled_from([False, True, "ascending", "descending"]),
    st.sampled_from([False, True, "descending"]),
    st.sampled_from([None, 0.0, 1.5]),
)
def test_drawings_are_scipys(y, method, mode, p, count, distance, threshold):
    z = scipys.linkage(y, method)
    options = dict(
        p=p,
        truncate_mode=mode,
        count_sort=count,
        distance_sort=False if count else distance,
        color_threshold=threshold,
        no_plot=True,
    )
    ours, theirs = hierarchy.dendrogram(z, **options), scipys.dendrogram(z, **options)
    assert ours == theirs


@given(condensed(14), st.sampled_from(METHODS[:4]))
def test_trees_and_their_cuts_are_scipys(y, method):
    z = scipys.linkage(y, method)
    ours, theirs = hierarchy.to_tree(z, rd=True), scipys.to_tree(z, rd=True)
    assert ours[0].pre_order() == theirs[0].pre_order()
    assert [(n.id, n.count, n.dist) for n in ours[1]] == [(n.id, n.count, n.dist) for n in theirs[1]]
    if len(np.unique(z[:, 2])) == len(z) and z[0, 2] > 0:
        assert_array_equal(hierarchy.cut_tree(z), scipys.cut_tree(z))
        assert_array_equal(hierarchy.cut_tree(z, n_clusters=2), scipys.cut_tree(z, n_clusters=2))
        assert_array_equal(hierarchy.cut_tree(z, height=z[0, 2] / 2), scipys.cut_tree(z, height=z[0, 2] / 2))


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=30))
def test_disjoint_sets_are_scipys(pairs):
    ours, theirs = hierarchy.DisjointSet(range(21)), scipys.DisjointSet(range(21))
    for a, b in pairs:
        assert ours.merge(a, b) == theirs.merge(a, b)
    assert [ours[i] for i in range(21)] == [theirs[i] for i in range(21)]
    assert ours.n_subsets == theirs.n_subsets and ours.subset(3) == theirs.subset(3)
    assert sorted(map(sorted, ours.subsets())) == sorted(map(sorted, theirs.subsets()))


def test_refusals_are_of_scipys_kind_with_scipys_words():
    good = scipys.linkage(pdist(np.arange(8.0).reshape(4, 2)))
    broken = good.copy()
    broken[1, 1] = 9.0
    twice = good.copy()
    twice[1, :2] = twice[0, :2]
    cases = [
        ("linkage", ([1.0, np.nan, 2.0],)),
        ("linkage", ([],)),
        ("linkage", ([1.0, 2.0],)),
        ("linkage", (np.zeros((2, 2, 2)),)),
        ("linkage", ([1.0], "nearest")),
        ("linkage", (np.zeros((3, 2)), "ward", "cityblock")),
        ("fcluster", (good, 1.0, "nothing")),
        ("fcluster", (good[:, :3], 1.0)),
        ("fcluster", (broken, 1.0)),
        ("fcluster", (twice, 1.0)),
        ("cophenet", (np.zeros((0, 4)),)),
        ("inconsistent", (good, -1)),
        ("inconsistent", (good, 1.5)),
        ("maxRstat", (good, scipys.inconsistent(good), 4)),
        ("maxRstat", (good, scipys.inconsistent(good), 1.0)),
        ("maxinconsts", (good, scipys.inconsistent(good)[:1])),
        ("leaders", (good, np.array([1, 1, 2, 2]))),
        ("leaders", (good, np.array([1, 2], dtype=np.int32))),
        ("from_mlab_linkage", (np.array([[0, 1, 3.0], [2, 2, 4.0]]),)),
        ("cut_tree", (good, [2], [0.5])),
        ("dendrogram", (good,), {"orientation": "up"}),
        ("dendrogram", (good,), {"truncate_mode": "some"}),
        ("dendrogram", (good,), {"labels": [1]}),
        ("set_link_color_palette", ("red",)),
        ("set_link_color_palette", ([1],)),
        ("is_isomorphic", ([1, 2], [1])),
        ("is_isomorphic", ([[1]], [1])),
        ("fclusterdata", ([1.0, 2.0], 1.0)),
        ("optimal_leaf_ordering", (good, [1.0, np.inf, 1, 1, 1, 1])),
    ]
    for name, arguments, *options in cases:
        options = options[0] if options else {}
        raised = []
        for module in (hierarchy, scipys):
            with pytest.raises(Exception) as info:
                getattr(module, name)(*arguments, **options)
            raised.append(info)
        ours, theirs = raised
        assert ours.type is theirs.type, (name, ours.value, theirs.value)
        first = str(theirs.value).split(" ")[0]
        assert first in str(ours.value) or name in ("linkage", "maxRstat"), (name, ours.value, theirs.value)


def test_single_precision_is_kept_on_request():
    y = np.random.default_rng(0).random(45)
    z = hierarchy.linkage(y, "average", dtype=np.float32)
    assert z.dtype == np.float64
    assert np.array_equal(z[:, 2], z[:, 2].astype(np.float32)) and np.allclose(z[:, 2], scipys.average(y)[:, 2])
    with pytest.raises(ValueError, match="float32 or float64"):
        hierarchy.linkage(y, dtype=np.int32)
    for storage in ("square", "tight", "in-place"):
        same(hierarchy.linkage(y, "ward", storage=storage), scipys.ward(y))


def test_a_chain_of_many_merges_needs_no_stack():
    n = 20_000
    z = np.zeros((n - 1, 4))
    z[:, 0] = np.r_[0, np.arange(n, 2 * n - 2)]
    z[:, 1] = np.arange(1, n)
    z[:, 2] = np.arange(1, n)
    z[:, 3] = np.arange(2, n + 1)
    assert len(hierarchy.dendrogram(z, no_plot=True)["leaves"]) == n
    assert len(hierarchy.to_tree(z).pre_order()) == n
