#!/usr/bin/env python3
"""Writes the committed reference outputs in fixtures/, or checks them against this machine's SciPy.

    fixtures.py write       makes all of them anew
    fixtures.py check       recomputes every result from the stored inputs and compares bits

linkage.safetensors   {kind}/{n}/d, and for each method {kind}/{n}/{method}/{pairs,heights}: SciPy's linkage
cut.safetensors       {kind}/{n}/{method}/{distance,maxclust} and their labels, a row each: SciPy's fcluster
sample.safetensors    {absolute,signed}/{method}/{cutoff}: NeuroX's labels of the sample
correlation.safetensors  x and NumPy's corrcoef of it after NeuroX's clean-up
picks.safetensors     100 picks by chacha8.py
"""

import hashlib
import pathlib
import sys

import numpy as np
import scipy
from chacha8 import pick
from neurox_path import METHODS, dissimilarity, load
from safetensors.numpy import load_file, save_file
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "fixtures"
SAMPLE = ROOT / "data" / "minilm-hidden-1400.safetensors"
SIZES = [*range(1, 41), 47, 48, 49, 63, 64, 65, 100, 127, 128, 129, 199, 200]
CUTOFFS = [t / 10 for t in range(1, 10)]
SEED = 20261125


def activations(rng, n, tokens=24):
    """Correlated neurons with constants, copies and sign-flipped copies among them."""
    x = rng.normal(size=(tokens, max(n // 4, 1))) @ rng.normal(size=(max(n // 4, 1), n)) + rng.normal(size=(tokens, n))
    for i in range(n):
        if i % 7 == 3:
            x[:, i] = x[:, i // 2] * (-1) ** i
        if i % 11 == 5:
            x[:, i] = i
    return x


def inputs(kind, n, rng):
    """A condensed matrix; small integers as uint8, which stay small on disk."""
    pairs = n * (n - 1) // 2
    if kind == "random":
        return rng.random(pairs)
    if kind == "ties":
        return rng.integers(1, 8, pairs).astype(np.uint8)
    if kind == "binary":
        return rng.integers(0, 2, pairs).astype(np.uint8)
    if kind == "equal":
        return np.full(pairs, 3, np.uint8)
    if kind == "duplicates":
        return pdist(rng.integers(0, 4, (n, 2)).astype(float)) if n > 1 else np.empty(0)
    if kind == "correlation":
        return dissimilarity(activations(rng, n)) if n > 1 else np.empty(0)
    raise ValueError(kind)


KINDS = ["random", "ties", "binary", "equal", "duplicates", "correlation"]


def tree(d, n, method):
    """SciPy's Z; of one observation, which SciPy refuses, no row."""
    return linkage(d.astype(float), method) if n > 1 else np.empty((0, 4))


def trees_of(name, d, n):
    """The arrays of one input's results, by name."""
    links, cuts = {}, {}
    for method in METHODS:
        z = tree(d, n, method)
        assert np.isfinite(z).all(), (name, method)
        key = f"{name}/{method}"
        links[f"{key}/pairs"] = z[:, :2].astype(np.uint16)
        links[f"{key}/heights"] = np.ascontiguousarray(z[:, 2])
        if n == 1:
            continue
        rows = [0, n // 4, n // 2, (3 * n) // 4, n - 2]
        heights = np.array([z[min(row, n - 2), 2] for row in rows] + [z[0, 2] * 0.999, z[:, 2].mean()])
        counts = np.unique([1, 2, 3, n // 3 + 1, n - 1, n, n + 5]).astype(np.uint16)
        cuts[f"{key}/distance"], cuts[f"{key}/maxclust"] = heights, counts
        cuts[f"{key}/distance_labels"] = np.array([fcluster(z, t, "distance") for t in heights], np.uint8)
        cuts[f"{key}/maxclust_labels"] = np.array([fcluster(z, k, "maxclust") for k in counts], np.uint8)
    return links, cuts


def sample_labels():
    x, labels = load(SAMPLE), {}
    for absolute in (True, False):
        d = dissimilarity(x, absolute)
        for method in METHODS:
            z = linkage(d, method)
            for t in CUTOFFS:
                key = f"{'absolute' if absolute else 'signed'}/{method}/{t}"
                labels[key] = fcluster(z, t, "distance").astype(np.uint16)
    return labels


def picks():
    seeds, lowest = [i * 977 % 31 for i in range(100)], [i * i for i in range(100)]
    counts = [1 + i * 7 % 41 for i in range(100)]
    picked = [pick([low + 3 * j for j in range(m)], seed) for seed, low, m in zip(seeds, lowest, counts)]
    arrays = {"seed": seeds, "lowest": lowest, "count": counts, "pick": picked}
    return {name: np.array(values, np.uint32) for name, values in arrays.items()}


def correlations(x):
    with np.errstate(invalid="ignore", divide="ignore"):
        corr = np.nan_to_num(np.corrcoef(x.T))
    corr = (corr + corr.T) / 2
    np.fill_diagonal(corr, 1)
    return corr


def provenance(files):
    lines = [
        "# Provenance of the reference outputs",
        "",
        "Written by `cargo xtask fixtures` (xtask/python/fixtures.py write); never edited by hand.",
        "",
        f"- Python {sys.version.split()[0]}, NumPy {np.__version__}, SciPy {scipy.__version__}",
        "  (wheels pinned with hashes in xtask/python/requirements-test.txt)",
        f"- seed {SEED}, one generator (`numpy.random.default_rng([seed, kind, n])`) for each input",
        "- inputs of the kind `correlation` and correlation.safetensors hold NumPy's own product, whose last bits",
        "  depend on the processor; all results are computed from the stored inputs",
        "",
    ]
    lines += [f"- {name}: sha256 {hashlib.sha256((FIXTURES / name).read_bytes()).hexdigest()}" for name in files]
    (FIXTURES / "PROVENANCE.md").write_text("\n".join(lines) + "\n")


def write():
    FIXTURES.mkdir(exist_ok=True)
    links, cuts = {}, {}
    for index, kind in enumerate(KINDS):
        for n in SIZES:
            d = inputs(kind, n, np.random.default_rng([SEED, index, n]))
            links[f"{kind}/{n}/d"] = d
            more_links, more_cuts = trees_of(f"{kind}/{n}", d, n)
            links.update(more_links)
            cuts.update(more_cuts)
    x = activations(np.random.default_rng([SEED, 99]), 60, 50)
    files = {
        "linkage.safetensors": links,
        "cut.safetensors": cuts,
        "sample.safetensors": sample_labels(),
        "correlation.safetensors": {"x": x, "corrcoef": correlations(x)},
        "picks.safetensors": picks(),
    }
    for name, arrays in files.items():
        save_file(arrays, FIXTURES / name)
        print(f"fixtures/{name}: {len(arrays)} arrays, {(FIXTURES / name).stat().st_size} bytes")
    provenance(files)


def differences():
    """Names of stored results that this machine's NumPy and SciPy do not reproduce to the last bit."""
    links, cuts = load_file(FIXTURES / "linkage.safetensors"), load_file(FIXTURES / "cut.safetensors")
    sample, stored_picks = load_file(FIXTURES / "sample.safetensors"), load_file(FIXTURES / "picks.safetensors")
    expected = {name: d for name, d in links.items() if name.endswith("/d")}
    found = dict(expected)
    for name, d in expected.items():
        kind, n, _ = name.split("/")
        more_links, more_cuts = trees_of(f"{kind}/{n}", d, int(n))
        found.update(more_links)
        found.update({f"cut/{key}": value for key, value in more_cuts.items()})
    found.update({f"sample/{key}": value for key, value in sample_labels().items()})
    found.update({f"picks/{key}": value for key, value in picks().items()})
    stored = {**links, **{f"cut/{k}": v for k, v in cuts.items()}}
    stored.update({f"sample/{k}": v for k, v in sample.items()})
    stored.update({f"picks/{k}": v for k, v in stored_picks.items()})
    missing = set(stored) ^ set(found)
    return sorted(missing | {name for name in set(stored) & set(found) if stored[name].tobytes() != found[name].tobytes()})


if __name__ == "__main__":
    command = sys.argv[1:]
    if command == ["write"]:
        write()
    elif command == ["check"]:
        wrong = differences()
        print("all fixtures are reproduced" if not wrong else f"{len(wrong)} differ: {wrong[:10]}")
        sys.exit(bool(wrong))
    else:
        sys.exit(__doc__)
