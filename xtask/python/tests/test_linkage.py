"""hclust's Z against this machine's SciPy, bit for bit, on random and tied matrices."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from scipy.cluster.hierarchy import linkage

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from neurox_path import METHODS

PIPE = Path(os.environ["NEURON_REDUNDANCY_BIN"]).parent / "examples" / "linkage_pipe"
MATRICES = 20_000 if "NEURON_REDUNDANCY_FULL" in os.environ else 2_000
BATCH = 500


def matrix(seed):
    """Free values, heavy and light ties, zeros, points with duplicates, far blocks; mostly small, some past every
    register and cache line of a square, a few past the size from which single linkage sifts pairs."""
    rng = np.random.default_rng([20261125, seed])
    low, high = (400, 700) if seed % 100 == 0 else (64, 200) if seed % 5 == 0 else (2, 70)
    n = int(rng.integers(low, high))
    pairs = n * (n - 1) // 2
    kind = seed % 7
    if kind == 0:
        d = rng.random(pairs)
    elif kind == 1:
        d = rng.integers(0, 3, pairs).astype(float)
    elif kind == 2:
        d = rng.integers(1, 12, pairs).astype(float)
    elif kind == 3:
        d = rng.random(pairs).astype(np.float32).astype(float)
    elif kind == 4:
        x = rng.integers(0, 5, (n, 2)).astype(float)
        d = np.sqrt(((x[:, None] - x) ** 2).sum(-1))[np.triu_indices(n, 1)]
    elif kind == 5:
        group = rng.integers(0, 4, n)
        d = (rng.random((n, n)) + 10 * (group[:, None] != group))[np.triu_indices(n, 1)]
    else:
        d = rng.random(pairs) * 10.0 ** rng.integers(-100, 100)
    return n, d


def test_z_is_bit_identical_to_scipys_on_random_and_tied_matrices():
    compared = 0
    for first in range(0, MATRICES, BATCH):
        inputs = [matrix(seed) for seed in range(first, first + BATCH)]
        sent = b"".join(np.uint64(n).tobytes() + d.tobytes() for n, d in inputs)
        received = subprocess.run([PIPE], input=sent, capture_output=True, check=True).stdout
        at = 0
        for seed, (n, d) in enumerate(inputs, first):
            for method in METHODS:
                size = (n - 1) * 4 * 8
                expected = linkage(d, method)
                found = np.frombuffer(received[at : at + size], float).reshape(n - 1, 4)
                assert found.tobytes() == expected.tobytes(), (seed, n, method, found, expected)
                at += size
                compared += 1
        assert at == len(received)
    assert compared == MATRICES * 7
