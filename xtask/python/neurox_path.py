"""The reference: the NumPy and SciPy calls that NeuroX's clustering makes, in our own words (shared by fixtures, tests
and benchmarks)."""

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

METHODS = ["single", "complete", "average", "weighted", "ward", "centroid", "median"]


def dissimilarity(x, absolute=True):
    """Condensed 1 - |r| (or 1 - r) of the columns of x (tokens x neurons)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        corr = np.corrcoef(x.T)
    corr = np.nan_to_num(corr)
    corr = (corr + corr.T) / 2
    np.fill_diagonal(corr, 1)
    d = 1 - np.abs(corr) if absolute else 1 - corr
    return squareform(d, checks=False)


def create_correlation_clusters(x, absolute=True, threshold=0.5, method="average"):
    """Labels 1..=k, numbered as SciPy numbers them."""
    return fcluster(linkage(dissimilarity(x, absolute), method), threshold, "distance")


def same_partition(a, b):
    """Whether two labellings are one partition, whatever their numbers."""
    pairs = {*zip(a.tolist(), b.tolist())}
    return len(a) == len(b) and len(pairs) == len({*a.tolist()}) == len({*b.tolist()})


def load(path):
    """An activation file as float32 (float64 if it is), tokens x neurons; safetensors' layers side by side."""
    if str(path).endswith(".npy"):
        return np.load(path)
    from safetensors.numpy import load_file

    tensors = load_file(path)
    names = sorted(tensors, key=lambda name: [int("".join(filter(str.isdigit, name)) or 0), name])
    return np.concatenate([tensors[name] for name in names], axis=1).astype(np.float32)
