"""The Python package against what it replaces: `cargo xtask compare python [FILE]`. Each measurement in a process of its own, alternated;
medians, and ratios of them."""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]


def peak():
    """Most resident memory of this process so far, in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1e3
    return float("nan")


def timed(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def clusters(way, file):
    x = np.load(file)
    before = peak()
    if way == "neurox":
        import neurox_path

        seconds, labels = timed(lambda: neurox_path.create_correlation_clusters(x))
        inside = seconds
    else:
        import neuron_redundancy

        numbering = "lowest" if way == "lowest" else "scipy"
        seconds, found = timed(lambda: neuron_redundancy.cluster(x, 0.5, numbering=numbering))
        inside, labels = sum(stage[1] for stage in found.times), found.labels
    return {"seconds": seconds, "inside": inside, "peak": peak(), "input": before, "clusters": len(set(labels.tolist()))}


def link(way, n):
    y = np.random.default_rng(0).random(n * (n - 1) // 2)
    if way == "ours":
        from neuron_redundancy.hierarchy import linkage
    elif way == "scipy":
        from scipy.cluster.hierarchy import linkage
    else:
        from fastcluster import linkage
    # The first touches memory that the process has never had, the others what it has let go.
    seconds = [timed(lambda: linkage(y, "average"))[0] for _ in range(4)]
    return {"first": seconds[0], "seconds": statistics.median(seconds[1:])}


def threads(way, count):
    """Matrices of 400 observations by so many threads: how many a second."""
    from concurrent.futures import ThreadPoolExecutor

    matrices = [np.random.default_rng(seed).random(400 * 399 // 2) for seed in range(64)]
    if way == "ours":
        from neuron_redundancy.hierarchy import linkage
    elif way == "scipy":
        from scipy.cluster.hierarchy import linkage
    else:
        from fastcluster import linkage
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(lambda y: linkage(y, "average"), matrices[:8]))
        seconds, _ = timed(lambda: list(pool.map(lambda y: linkage(y, "average"), matrices * 4)))
    return {"seconds": seconds, "each": 256 / seconds}


def imports(way):
    code = "import time; import numpy; t = time.perf_counter(); import neuron_redundancy; print(time.perf_counter() - t)"
    assert way == "ours"
    return {"seconds": float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout)}


def run(rounds, name, ways, *arguments):
    """Medians by way, of alternated rounds."""
    found = {way: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            command = [sys.executable, __file__, "one", name, way, *map(str, arguments)]
            found[way].append(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
    return {
        way: {key: statistics.median(run[key] for run in runs) for key in runs[0]} for way, runs in found.items()
    }


def main(rounds):
    print("| what | ours | theirs | ratio |\n|---|---|---|---|")
    files = [ROOT / f"data/generated/{name}-30000.npy" for name in ("hidden", "mlp")]
    for file in files:
        found = run(rounds, "clusters", ["neurox", "lowest", "scipy"], file)
        theirs = found["neurox"]
        for way in ("lowest", "scipy"):
            ours = found[way]
            assert ours["clusters"] == theirs["clusters"]
            print(
                f"| {file.name}, numbering {way} | {ours['seconds']:.2f} s, {ours['peak']:.0f} MB (input {ours['input']:.0f}) "
                f"| NeuroX's path {theirs['seconds']:.2f} s, {theirs['peak']:.0f} MB "
                f"| {theirs['seconds'] / ours['seconds']:.2f} x, memory 1/{theirs['peak'] / ours['peak']:.1f} |"
            )
            over = 100 * (ours["seconds"] / ours["inside"] - 1)
            print(f"| {file.name}, {way}: the binding | {ours['inside']:.3f} s inside | {ours['seconds']:.3f} s | + {over:.1f} % |")
    found = run(rounds, "link", ["ours", "scipy", "fastcluster"], 10_000)
    for way in ("scipy", "fastcluster"):
        ratio = found[way]["seconds"] / found["ours"]["seconds"]
        first = found[way]["first"] / found["ours"]["first"]
        print(
            f"| linkage, average, n = 10,000 | {found['ours']['seconds']:.2f} s | {way} {found[way]['seconds']:.2f} s "
            f"| {ratio:.2f} x (a process's first call: {found['ours']['first']:.2f} s, {first:.2f} x) |"
        )
    for count in (1, 2, 8):
        found = run(rounds, "threads", ["ours", "fastcluster", "scipy"], count)
        rates = ", ".join(f"{way} {found[way]['each']:.0f}" for way in ("fastcluster", "scipy"))
        ratio = found["ours"]["each"] / found["fastcluster"]["each"]
        print(f"| {count} threads, n = 400, matrices a second | {found['ours']['each']:.0f} | {rates} | {ratio:.2f} x |")
    found = run(2 * rounds + 1, "imports", ["ours"])
    print(f"| import, beyond NumPy's | {1e3 * found['ours']['seconds']:.0f} ms | | |")


if __name__ == "__main__":
    if sys.argv[1] == "one":
        name, way, *rest = sys.argv[2:]
        sys.path.insert(0, str(Path(__file__).parent))
        work = {"clusters": clusters, "link": link, "threads": threads, "imports": imports}[name]
        print(json.dumps(work(way, *(int(a) if a.isdigit() else a for a in rest))))
    else:
        main(int(sys.argv[1]))
