#!/usr/bin/env python3
"""One peer, one file, one process: peers.py NAME FILE CUTOFF OUTPUT; prints `seconds …` (imports not counted)."""

import json
import sys
import time

import fastcluster
import numpy as np
from neurox_path import create_correlation_clusters, dissimilarity, load
from scipy.cluster.hierarchy import fcluster
from scipy.spatial.distance import squareform
from sklearn.cluster import AgglomerativeClustering


def neurox(x, cutoff):
    return create_correlation_clusters(x, threshold=cutoff)


def with_fastcluster(x, cutoff):
    return fcluster(fastcluster.linkage(dissimilarity(x), "average", preserve_input=False), cutoff, "distance")


def scikit_learn(x, cutoff):
    # It cuts at heights below the threshold, NeuroX at heights of at most it.
    threshold = np.nextafter(cutoff, np.inf)
    model = AgglomerativeClustering(n_clusters=None, metric="precomputed", linkage="average", distance_threshold=threshold)
    return model.fit(squareform(dissimilarity(x))).labels_ + 1


def main():
    name, path, cutoff, output = sys.argv[1:]
    peer = {"neurox": neurox, "fastcluster": with_fastcluster, "scikit-learn": scikit_learn}[name]
    start = time.perf_counter()
    labels = peer(load(path), float(cutoff))
    with open(output, "w") as file:
        json.dump({"labels": labels.tolist()}, file)
    print("seconds", time.perf_counter() - start)


if __name__ == "__main__":
    main()
