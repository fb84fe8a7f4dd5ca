#!/usr/bin/env python3
"""One linkage, one file, one process: linkage_peers.py NAME METHOD FILE OUTPUT; prints `ready`, waits for
a line, prints `seconds …` (imports and loading not counted)."""

import sys
import time

import fastcluster
import numpy as np
import scipy.cluster.hierarchy


def main():
    name, method, path, output = sys.argv[1:]
    d = np.fromfile(path)
    print("ready", flush=True)
    sys.stdin.readline()
    start = time.perf_counter()
    if name == "scipy":
        z = scipy.cluster.hierarchy.linkage(d, method)
    else:
        z = fastcluster.linkage(d, method, preserve_input=False)
    print("seconds", time.perf_counter() - start)
    z.tofile(output)


if __name__ == "__main__":
    main()
