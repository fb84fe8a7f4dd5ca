#!/usr/bin/env python3
"""SciPy's cuts of one tree: cut_peers.py cut FILE OUTPUT; prints `TASK seconds …` a line and writes all labels."""

import sys
import time

import numpy as np
from scipy.cluster.hierarchy import fcluster, inconsistent, leaders, maxdists


def timed(task, work):
    start = time.perf_counter()
    result = work()
    print(task, "seconds", time.perf_counter() - start, flush=True)
    return result


def main():
    _, path, output = sys.argv[1:]
    z = np.fromfile(path).reshape(-1, 4)
    n, values = len(z) + 1, z[:, 3].copy()
    middle = z[n // 2, 2]
    found = [
        timed("distance", lambda: fcluster(z, middle, "distance")),
        timed("maxclust", lambda: fcluster(z, n // 1000, "maxclust")),
        timed("inconsistent", lambda: fcluster(z, 0.8, "inconsistent", depth=2)),
        timed("monocrit", lambda: fcluster(z, 100.0, "monocrit", monocrit=values)),
        timed("maxclust_monocrit", lambda: fcluster(z, n // 1000, "maxclust_monocrit", monocrit=values)),
    ]
    cutoffs = [z[k * (n - 2) // 100, 2] for k in range(1, 101)]
    found += timed("sweep of 100", lambda: [fcluster(z, t, "distance") for t in cutoffs])
    timed("statistics: inconsistent", lambda: inconsistent(z, 2))
    timed("statistics: maxdists", lambda: maxdists(z))
    timed("statistics: leaders", lambda: leaders(z, found[5 + 49]))
    np.concatenate(found).astype(np.uint32).tofile(output)


if __name__ == "__main__":
    main()
