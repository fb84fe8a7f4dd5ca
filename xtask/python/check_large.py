#!/usr/bin/env python3
"""Holds a result on more neurons than NumPy could correlate to NumPy and SciPy: check_large.py FILE RESULT [NEURONS]

RESULT is of `extract --profiles` by components, average linkage of 1 - |r|. Of NEURONS random neurons (500) every pair at or
above the threshold must lie in one component, and every neuron of a component must have such a pair; every component of up to
10,000 neurons must be cut as SciPy cuts it.
"""

import json
import sys

import numpy as np
from neurox_path import create_correlation_clusters, same_partition

BLOCK = 4_096
MARGIN = 1e-9


def standardized(x, neurons):
    columns = x[:, neurons].astype(np.float64)
    columns -= columns.mean(axis=0)
    norms = np.linalg.norm(columns, axis=0)
    return columns / np.where(norms > 0, norms, 1)


def main():
    x, result = np.load(sys.argv[1], mmap_mode="r"), json.load(open(sys.argv[2]))
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 500
    components, labels = np.array(result["components"]), np.array(result["labels"])
    neurons, threshold = len(labels), 1 - result["cutoff"]
    chosen = np.sort(np.random.default_rng(1).choice(neurons, count, replace=False))
    sample = standardized(x, chosen)
    edges, near_above, near_below = 0, 0, 0
    has_edge = np.zeros(count, bool)
    for start in range(0, neurons, BLOCK):
        block = np.arange(start, min(start + BLOCK, neurons))
        r = np.abs(sample.T @ standardized(x, block))
        r[chosen[:, None] == block] = 0
        same = components[chosen][:, None] == components[block]
        assert not (r >= threshold + MARGIN)[~same].any(), "an edge leaves its component"
        has_edge |= ((r >= threshold - MARGIN) & same).any(axis=1)
        edges += int((r >= threshold).sum())
        near_above += int(((r >= threshold) & (r < threshold + 0.05)).sum())
        near_below += int(((r < threshold) & (r >= threshold - 0.05)).sum())
    sizes = np.bincount(components)
    assert (has_edge == (sizes[components[chosen]] > 1)).all(), "a neuron without an edge is in a component"
    scale = neurons / count / 2
    print(f"{count} neurons: {edges} edges, all inside their components; about {near_above * scale:.3g} pairs of all lie up "
          f"to 0.05 above the threshold, {near_below * scale:.3g} below")
    order = np.argsort(components, kind="stable")
    parts = np.split(order, np.cumsum(sizes[1:])[:-1])
    checked = 0
    for part in sorted((part for part in parts if 2 <= len(part) <= 10_000), key=len):
        expected = create_correlation_clusters(x[:, part].astype(np.float64), threshold=result["cutoff"])
        assert same_partition(labels[part], expected), f"the component of neuron {part[0]} is cut otherwise"
        checked += 1
    # Components that are not joined share no label.
    assert len(set(zip(labels.tolist(), components.tolist()))) == len(set(labels.tolist()))
    print(f"{checked} components of 2 to {max(map(len, parts))} neurons: cut as SciPy cuts them")


if __name__ == "__main__":
    main()
