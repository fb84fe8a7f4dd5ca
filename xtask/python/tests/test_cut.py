"""fcluster's cuts and statistics against this machine's SciPy: labels equal, floats bit for bit."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from scipy.cluster.hierarchy import (
    cut_tree,
    fcluster,
    inconsistent,
    leaders,
    linkage,
    maxdists,
    maxinconsts,
    maxRstat,
)

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from neurox_path import METHODS

PIPE = Path(os.environ["NEURON_REDUNDANCY_BIN"]).parent / "examples" / "cut_pipe"
TREES = 5_000 if "NEURON_REDUNDANCY_FULL" in os.environ else 500
CHAIN = 50_000


def arbitrary(rng, n):
    """Z of any shape, from chains to balanced trees; heights free or tied, rising or not."""
    heights = rng.random(n - 1) if rng.random() < 0.5 else rng.integers(0, 4, n - 1).astype(float)
    if rng.random() < 0.7:
        heights = np.sort(heights)
    live, sizes, z = list(range(n)), np.ones(2 * n - 1), np.empty((n - 1, 4))
    chain = rng.random() < 0.3
    for row in range(n - 1):
        a = live.pop(-1 if chain else int(rng.integers(len(live))))
        b = live.pop(int(rng.integers(len(live))))
        sizes[n + row] = sizes[a] + sizes[b]
        z[row] = min(a, b), max(a, b), heights[row], sizes[n + row]
        live.append(n + row)
    return z


def tree(rng, seed):
    n = int(rng.integers(2, 40) if seed % 10 else rng.integers(100, 300))
    method = METHODS[seed % 7]
    kind = seed % 5
    if kind == 0:
        return arbitrary(rng, n)
    pairs = n * (n - 1) // 2
    if kind == 1:
        return linkage(rng.random(pairs), method)
    if kind == 2:
        return linkage(rng.integers(1, 5, pairs).astype(float), method)
    x = rng.normal(size=(n, 3)) if kind == 3 else rng.integers(0, 4, (n, 2)).astype(float)
    return linkage(x, method)


def chain(order):
    """One leaf after another, 50,000 deep."""
    rows = np.arange(CHAIN - 1)
    left = np.where(rows == 0, 0, CHAIN + rows - 1)
    z = np.column_stack([left, rows + 1, rows, rows + 2]).astype(float)
    z[:, :2].sort(axis=1)
    if order == "tied":
        z[:, 2] //= 1000
    elif order == "falling":
        z[:, 2] = z[::-1, 2]
    return z


def questions(rng, z):
    """Cutoffs at, beside and between the tree's own values, counts on both sides of what there is."""
    n, depth = len(z) + 1, int(rng.integers(1, 6))
    r = inconsistent(z, depth)
    own = rng.choice(z[:, 2], 3)
    cutoffs = np.concatenate([own, np.nextafter(own[:1], np.inf), np.nextafter(own[1:2], -np.inf), rng.choice(r[:, 3], 2)])
    counts = np.unique(np.concatenate([[1, 2, n - 1, n, n + 3], rng.integers(1, n + 1, 3)]))
    counts = counts[counts <= n]
    # Rising in half of the cases, as is meant; SciPy does not ask.
    values = maxinconsts(z, r) if rng.random() < 0.5 else r[:, 1] - rng.random(n - 1)
    return depth, values, cutoffs, counts


def send(z, depth, values, cutoffs, counts):
    head = np.array([len(z) + 1, depth, len(cutoffs), len(counts)], np.uint64)
    return b"".join(a.tobytes() for a in (head, z, values, cutoffs, counts.astype(np.uint64)))


class Answer:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, kind, count):
        size = np.dtype(kind).itemsize * count
        self.at += size
        return np.frombuffer(self.data[self.at - size : self.at], kind)


def by_lowest(labels):
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse] + 1


def check(answer, name, z, depth, values, cutoffs, counts):
    n, r = len(z) + 1, inconsistent(z, depth)

    def labels(expected, what):
        found = answer.take(np.uint32, n)
        assert (found == expected).all(), (name, what, found, expected)

    for t in cutoffs:
        labels(fcluster(z, t, "distance"), ("distance", t))
    for t in cutoffs:
        labels(fcluster(z, t, "inconsistent", depth=depth), ("inconsistent", t, depth))
    for t in cutoffs:
        labels(fcluster(z, t, "monocrit", monocrit=values), ("monocrit", t))
    for k in counts:
        labels(fcluster(z, int(k), "maxclust"), ("maxclust", k))
    for k in counts:
        labels(fcluster(z, int(k), "maxclust_monocrit", monocrit=values), ("maxclust_monocrit", k))
    # SciPy's cut_tree is right where no heights go down or tie, one number of clusters at a time; it is slow.
    monotone = (maxdists(z) == z[:, 2]).all()
    scipy_is_right = n <= 60 and (np.diff(z[:, 2]) > 0).all()
    for k in counts:
        found = answer.take(np.uint32, n)
        assert found.max() == k and (found == by_lowest(found)).all(), (name, "cut_tree", k)
        if scipy_is_right:
            assert (found == cut_tree(z, n_clusters=int(k))[:, 0] + 1).all(), (name, "cut_tree", k)
    for t in cutoffs if monotone else []:
        labels(by_lowest(fcluster(z, t, "distance")), ("cut_tree", t))
    greatest = [(maxRstat(z, r, column), f"maxRstat {column}") for column in range(4)]
    for expected, what in [(r, "inconsistent"), (maxdists(z), "maxdists"), (maxinconsts(z, r), "maxinconsts"), *greatest]:
        found = answer.take(float, expected.size)
        assert found.tobytes() == expected.tobytes(), (name, what, depth, found, expected)
    nodes, numbers = leaders(z, fcluster(z, cutoffs[0], "distance"))
    assert answer.take(np.uint32, 1)[0] == len(nodes), (name, "leaders")
    assert (answer.take(np.uint32, len(nodes)) == nodes).all(), (name, "leaders")
    assert (answer.take(np.uint32, len(nodes)) == numbers).all(), (name, "leaders")


def compare(trees):
    asked = [(name, z, *questions(rng, z)) for name, rng, z in trees]
    sent = b"".join(send(*question) for _, *question in asked)
    answer = Answer(subprocess.run([PIPE], input=sent, capture_output=True, check=True).stdout)
    for question in asked:
        check(answer, *question)
    assert answer.at == len(answer.data)
    return len(asked)


def test_cuts_and_statistics_are_scipys_on_trees_of_every_kind():
    batch, compared = 500, 0
    for first in range(0, TREES, batch):
        rngs = [(seed, np.random.default_rng([20261126, seed])) for seed in range(first, first + batch)]
        compared += compare([(seed, rng, tree(rng, seed)) for seed, rng in rngs])
    assert compared == TREES


def test_cuts_and_statistics_are_scipys_on_chains_of_50_000_leaves():
    rng = np.random.default_rng(20261127)
    assert compare([(order, rng, chain(order)) for order in ("rising", "tied", "falling")]) == 3


def test_scipys_cut_tree_is_wrong_where_we_say_so():
    """Fails when SciPy mends it: then the documentation of `cut_tree` is to be changed."""
    z = linkage(np.random.default_rng(195).normal(size=(5, 4)), "average")
    # scipy#9818: n clusters beside others overwrite the first column.
    assert len(np.unique(cut_tree(z, n_clusters=[4, 5])[:, 1])) != 5
    # scipy#7977, #8063: heights that go down.
    wrong = 0
    for seed in range(50):
        z = linkage(np.random.default_rng(seed).normal(size=(30, 2)), "centroid")
        wrong += any(len(np.unique(cut_tree(z, n_clusters=k))) != k for k in range(1, 30))
    assert wrong > 0
    # A merge at the height does not join.
    z = np.array([[0, 1, 1.0, 2], [2, 3, 2.0, 3]])
    assert len(np.unique(cut_tree(z, height=1.0))) == 3 != fcluster(z, 1.0, "distance").max()
