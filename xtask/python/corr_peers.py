#!/usr/bin/env python3
"""NumPy's correlations of one file: corr_peers.py TASK FILE THRESHOLD [TOKENS]; prints `TASK seconds …` (imports and loading not
counted). `corrcoef` and `corrcoef-f32` are np.corrcoef; `syrk` is the product alone, in f64."""

import sys
import time

import numpy as np


def main():
    task, path, _, *tokens = sys.argv[1:]
    x = np.load(path, mmap_mode="r")
    x = np.array(x[: int(tokens[0])] if tokens else x)
    if task == "syrk":
        # A third of the tokens does: the rate is the same, and twice the file in f64 would not fit everywhere.
        x = np.ascontiguousarray(x[: len(x) // 3].T, dtype=np.float64)
        start = time.perf_counter()
        np.dot(x, x.T)
        print(task, "seconds", 3 * (time.perf_counter() - start))
        return
    start = time.perf_counter()
    np.corrcoef(x, rowvar=False, dtype=np.float32 if task == "corrcoef-f32" else np.float64)
    print(task, "seconds", time.perf_counter() - start)


if __name__ == "__main__":
    main()
