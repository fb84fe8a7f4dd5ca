#!/usr/bin/env python3
"""Writes the committed reference outputs in fixtures/, or checks them against this machine's SciPy.

    fixtures.py write       makes all of them anew
    fixtures.py dendrogram  makes dendrogram.safetensors alone, from the stored inputs of linkage.safetensors
    fixtures.py statistics  makes statistics.safetensors alone, from the same
    fixtures.py ranks       makes ranks.safetensors alone
    fixtures.py check       recomputes every result from the stored inputs and compares bits

linkage.safetensors   {kind}/{n}/d, and for each method {kind}/{n}/{method}/{pairs,heights}: SciPy's linkage
cut.safetensors       {kind}/{n}/{method}/{distance,maxclust} and their labels, a row each: SciPy's fcluster
dendrogram.safetensors  {kind}/{n}/{method}/…: SciPy's optimal leaf order, cophenet, and dendrogram (LAYOUTS);
                      points/{n}/{d}/…: points and SciPy's pdist of them
statistics.safetensors  {kind}/{n}/{method}/…: SciPy's statistics of a tree, and cuts by the criteria that use them;
                      agreement/{i}/…: two clusterings and scikit-learn's scores of them
sample.safetensors    {absolute,signed}/{method}/{cutoff}: NeuroX's labels of the sample
correlation.safetensors  x and NumPy's corrcoef of it after NeuroX's clean-up
ranks.safetensors     x with ties, its average ranks, SciPy's spearmanr; weights, and the correlations of np.cov(aweights)
picks.safetensors     100 picks by chacha8.py
"""

import hashlib
import pathlib
import sys
import warnings

import numpy as np
import scipy
from chacha8 import pick
from neurox_path import METHODS, dissimilarity, load
from safetensors.numpy import load_file, save_file
from scipy.cluster.hierarchy import (
    cophenet,
    dendrogram,
    fcluster,
    inconsistent,
    leaders,
    leaves_list,
    linkage,
    maxdists,
    maxinconsts,
    maxRstat,
    optimal_leaf_ordering,
    set_link_color_palette,
)
from scipy.spatial.distance import pdist
from scipy.stats import rankdata, spearmanr
from sklearn import metrics
from sklearn.metrics.cluster import expected_mutual_information

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


# Arguments of SciPy's dendrogram; the tests of hclust have the same list.
LAYOUTS = {
    "all": {},
    "lastp5": {"truncate_mode": "lastp", "p": 5},
    "lastp12": {"truncate_mode": "lastp", "p": 12},
    "level1": {"truncate_mode": "level", "p": 1},
    "level3": {"truncate_mode": "level", "p": 3},
    "count_ascending": {"count_sort": "ascending"},
    "count_descending": {"count_sort": "descending"},
    "distance_ascending": {"distance_sort": "ascending"},
    "distance_descending": {"distance_sort": "descending"},
    "threshold": {"color_threshold": 0.5},
}
METRICS = ["euclidean", "sqeuclidean", "cityblock", "chebyshev"]


def color(name):
    """255: none; 0: above the threshold; g + 1: group g."""
    return 255 if name is None else 0 if name == "C0" else int(name[1:]) + 1


def dendrograms(links):
    """What SciPy makes of some of the stored trees, and of points."""
    # So many that they do not begin anew.
    set_link_color_palette([f"g{group}" for group in range(250)])
    arrays = {}
    for kind in KINDS:
        for n in [2, 3, 4, 7, 12, 33, 65]:
            d = links[f"{kind}/{n}/d"].astype(float)
            for method in ["single", "average", "centroid"]:
                key, z = f"{kind}/{n}/{method}", tree(d, n, method)
                arrays[f"{key}/optimal"] = leaves_list(optimal_leaf_ordering(z, d)).astype(np.uint16)
                arrays[f"{key}/leaves"] = leaves_list(z).astype(np.uint16)
                arrays[f"{key}/cophenet"] = cophenet(z)
                for name, arguments in LAYOUTS.items() if kind in ("random", "ties", "duplicates") else ():
                    drawn = dendrogram(z, no_plot=True, **arguments)
                    arrays[f"{key}/{name}/icoord"] = np.array(drawn["icoord"])
                    arrays[f"{key}/{name}/dcoord"] = np.array(drawn["dcoord"], float)
                    arrays[f"{key}/{name}/leaves"] = np.array(drawn["leaves"], np.uint16)
                    sizes = [int(label[1:-1]) if "(" in label else 1 for label in drawn["ivl"]]
                    arrays[f"{key}/{name}/sizes"] = np.array(sizes, np.uint16)
                    for colors in ("color_list", "leaves_color_list"):
                        arrays[f"{key}/{name}/{colors}"] = np.array([color(c) for c in drawn[colors]], np.uint8)
    set_link_color_palette(None)
    for n, dimensions in [(2, 1), (5, 3), (31, 7), (33, 64), (70, 20)]:
        x = np.random.default_rng([SEED, n, dimensions]).normal(size=(n, dimensions))
        arrays[f"points/{n}/{dimensions}/x"] = x
        for metric in METRICS:
            arrays[f"points/{n}/{dimensions}/{metric}"] = pdist(x, metric)
    return arrays


DEPTHS = [1, 2, 3, 50]


def statistics(links):
    """What SciPy says of some of the stored trees, and scikit-learn of some clusterings."""
    arrays = {}
    for kind in KINDS:
        for n in [2, 3, 4, 7, 12, 33, 65]:
            for method in METHODS:
                key, z = f"{kind}/{n}/{method}", tree(links[f"{kind}/{n}/d"], n, method)
                heights = maxdists(z)
                arrays[f"{key}/maxdists"] = heights
                for depth in DEPTHS:
                    r = inconsistent(z, depth)
                    arrays[f"{key}/{depth}/inconsistent"] = r
                    if depth != 2:
                        continue
                    arrays[f"{key}/maxinconsts"] = maxinconsts(z, r)
                    arrays[f"{key}/max_r_stat"] = np.array([maxRstat(z, r, i) for i in range(4)])
                    cutoffs = np.unique(np.concatenate([r[:, 3], [0.5, 0.9, 1.1]]))[:: max(1, n // 8)].copy()
                    arrays[f"{key}/cutoffs"] = cutoffs
                    cuts = [fcluster(z, t, "inconsistent", depth=depth) for t in cutoffs]
                    arrays[f"{key}/inconsistent_labels"] = np.array(cuts, np.uint8)
                # A criterion that falls towards the root here and there: what SciPy makes of it is of interest too.
                monocrit = r[:, 1] - 0.5 * r[:, 0]
                arrays[f"{key}/monocrit"] = monocrit
                cuts = [fcluster(z, t, "monocrit", monocrit=monocrit) for t in np.sort(monocrit)[:: max(1, n // 8)]]
                arrays[f"{key}/monocrit_labels"] = np.array(cuts, np.uint8)
                counts = sorted({1, 2, n // 3 + 1, n - 1, n})
                cuts = [fcluster(z, k, "maxclust_monocrit", monocrit=monocrit) for k in counts]
                arrays[f"{key}/maxclust_monocrit_labels"] = np.array(cuts, np.uint8)
                nodes, labels = leaders(z, fcluster(z, heights[n // 2 - 1], "distance"))
                arrays[f"{key}/leaders"] = np.array([nodes, labels], np.uint16)
    for index in range(40):
        rng = np.random.default_rng([SEED, 7, index])
        n = int(rng.integers(1, 400))
        a = rng.integers(0, rng.integers(1, 30), n)
        b = np.where(rng.random(n) < rng.random(), a, rng.integers(0, rng.integers(1, 30), n))
        table = metrics.cluster.contingency_matrix(a, b, sparse=True).astype(np.int64)
        homogeneity, completeness, _ = metrics.homogeneity_completeness_v_measure(a, b)
        scores = [
            metrics.rand_score(a, b),
            metrics.adjusted_rand_score(a, b),
            metrics.mutual_info_score(a, b),
            metrics.normalized_mutual_info_score(a, b),
            metrics.adjusted_mutual_info_score(a, b),
            expected_mutual_information(table, n),
            homogeneity,
            completeness,
        ]
        arrays[f"agreement/{index}/labels"] = np.array([a, b], np.uint8)
        arrays[f"agreement/{index}/pairs"] = metrics.cluster.pair_confusion_matrix(a, b).astype(np.uint32)
        arrays[f"agreement/{index}/scores"] = np.array(scores)
    return arrays


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


def ranks():
    rng = np.random.default_rng([SEED, 98])
    x = activations(rng, 60, 40)
    x[:, ::3] = np.round(x[:, ::3] * 2)
    weights = rng.exponential(size=len(x))
    weights[7] = 0
    with np.errstate(invalid="ignore", divide="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        spearman = np.nan_to_num(spearmanr(x).statistic)
        cov = np.cov(x.T, aweights=weights)
        scale = np.sqrt(np.diag(cov))
        weighted = np.nan_to_num(cov / np.outer(scale, scale))
    for matrix in (spearman, weighted):
        np.fill_diagonal(matrix, 1)
    return {"x": x, "ranks": np.ascontiguousarray(rankdata(x, axis=0)), "spearman": spearman, "weights": weights, "weighted": weighted}


def provenance(files):
    lines = [
        "# Provenance of the reference outputs",
        "",
        "Written by `cargo xtask fixtures` (xtask/python/fixtures.py write); never edited by hand.",
        "",
        f"- Python {sys.version.split()[0]}, NumPy {np.__version__}, SciPy {scipy.__version__}",
        "  (wheels pinned with hashes in xtask/python/requirements-test.txt, scikit-learn among them)",
        f"- seed {SEED}, one generator (`numpy.random.default_rng([seed, kind, n])`) for each input",
        "- inputs of the kind `correlation`, correlation.safetensors and ranks.safetensors hold NumPy's own product, whose last bits",
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
        "dendrogram.safetensors": dendrograms(links),
        "statistics.safetensors": statistics(links),
        "sample.safetensors": sample_labels(),
        "correlation.safetensors": {"x": x, "corrcoef": correlations(x)},
        "ranks.safetensors": ranks(),
        "picks.safetensors": picks(),
    }
    save(files)


def save(files):
    for name, arrays in files.items():
        save_file(arrays, FIXTURES / name)
        print(f"fixtures/{name}: {len(arrays)} arrays, {(FIXTURES / name).stat().st_size} bytes")
    provenance(sorted(path.name for path in FIXTURES.glob("*.safetensors")))


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
    found.update({f"dendrogram/{key}": value for key, value in dendrograms(links).items()})
    found.update({f"statistics/{key}": value for key, value in statistics(links).items()})
    found.update({f"sample/{key}": value for key, value in sample_labels().items()})
    found.update({f"picks/{key}": value for key, value in picks().items()})
    stored = {**links, **{f"cut/{k}": v for k, v in cuts.items()}}
    stored.update({f"dendrogram/{k}": v for k, v in load_file(FIXTURES / "dendrogram.safetensors").items()})
    stored.update({f"statistics/{k}": v for k, v in load_file(FIXTURES / "statistics.safetensors").items()})
    stored.update({f"sample/{k}": v for k, v in sample.items()})
    stored.update({f"picks/{k}": v for k, v in stored_picks.items()})
    missing = set(stored) ^ set(found)
    return sorted(missing | {name for name in set(stored) & set(found) if stored[name].tobytes() != found[name].tobytes()})


if __name__ == "__main__":
    command = sys.argv[1:]
    if command == ["write"]:
        write()
    elif command == ["dendrogram"]:
        save({"dendrogram.safetensors": dendrograms(load_file(FIXTURES / "linkage.safetensors"))})
    elif command == ["statistics"]:
        save({"statistics.safetensors": statistics(load_file(FIXTURES / "linkage.safetensors"))})
    elif command == ["ranks"]:
        save({"ranks.safetensors": ranks()})
    elif command == ["check"]:
        wrong = differences()
        print("all fixtures are reproduced" if not wrong else f"{len(wrong)} differ: {wrong[:10]}")
        sys.exit(bool(wrong))
    else:
        sys.exit(__doc__)
