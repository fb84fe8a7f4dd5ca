#!/usr/bin/env python3
"""Holds the command's sweep of a file to NumPy and SciPy: partitions.py COMMAND FILE [METHOD,METHOD ...]

Five reducible methods (or those named), absolute and signed, cutoffs .1 to .9; prints how many partitions differ and how
many components the command calls ambiguous, and fails unless all are the same.
"""

import json
import subprocess
import sys

from neurox_path import dissimilarity, load, same_partition
from scipy.cluster.hierarchy import fcluster, linkage

import numpy as np

METHODS = ["single", "complete", "average", "weighted", "ward"]
CUTOFFS = [tenths / 10 for tenths in range(1, 10)]


# The greatest cutoff decides how components are linked.
RUNS = [("auto", 9), ("components", 9), ("components", 7), ("components", 5), ("components", 3)]


def sweep(command, path, method, absolute, plan, cutoffs):
    arguments = [command, "sweep", path, "--method", method, "--plan", plan, "--output", "-"]
    arguments += ["--cutoffs", ",".join(map(str, cutoffs))] + ([] if absolute else ["--signed"])
    return json.loads(subprocess.run(arguments, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout)


def main():
    command, path, methods = sys.argv[1], sys.argv[2], (sys.argv[3].split(",") if len(sys.argv) > 3 else METHODS)
    compared = different = 0
    for absolute in (True, False):
        d = dissimilarity(load(path), absolute)
        for method in methods:
            z = linkage(d, method)
            expected = [fcluster(z, cutoff, "distance") for cutoff in CUTOFFS]
            for plan, count in RUNS:
                result = sweep(command, path, method, absolute, plan, CUTOFFS[:count])
                ambiguous = len(result["ambiguous_components"])
                wrong = [
                    step["cutoff"]
                    for step, labels in zip(result["steps"], expected)
                    if not same_partition(np.array(step["labels"]), labels)
                ]
                compared += count
                different += len(wrong)
                measure = "absolute" if absolute else "signed"
                print(f"{path}: {method}, {measure}, {result['plan']} to {CUTOFFS[count - 1]}: {len(wrong)} of {count} "
                      f"partitions differ {wrong or ''}; {ambiguous} ambiguous components", flush=True)
    print(f"{compared} partitions compared, {different} differ")
    sys.exit(different > 0)


if __name__ == "__main__":
    main()
