"""The command against NeuroX's path, run side by side on files that NumPy writes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from chacha8 import pick
from neurox_path import METHODS, dissimilarity, load, same_partition

ROOT = Path(__file__).resolve().parents[3]
BINARY = os.environ["NEURON_REDUNDANCY_BIN"]
SWEEP = Path(BINARY).parent / "examples" / "sweep"
FULL = "NEURON_REDUNDANCY_FULL" in os.environ
CUTOFFS = [t / 10 for t in range(1, 10)]


def extract(path, *options):
    command = [BINARY, "extract", str(path), "--output", "-", *map(str, options)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


def compare(path, x, methods=METHODS, cutoffs=CUTOFFS):
    """Both numberings, by every method and cutoff, absolute and signed."""
    for absolute in (True, False):
        d = dissimilarity(x, absolute)
        for method in methods:
            z = linkage(d, method)
            for cutoff in cutoffs:
                expected = fcluster(z, cutoff, "distance")
                options = ["--cutoff", cutoff, "--method", method, *([] if absolute else ["--signed"])]
                scipy = extract(path, *options, "--numbering", "scipy")
                what = f"{path} {method} {cutoff} absolute={absolute}"
                assert scipy["labels"] == expected.tolist(), what
                if cutoff in (0.3, 0.5):
                    lowest = np.array(extract(path, *options)["labels"])
                    assert same_partition(lowest, expected), what
                    firsts = [np.flatnonzero(lowest == label)[0] for label in range(1, lowest.max() + 1)]
                    assert firsts == sorted(firsts), what


def activations(tokens, neurons, seed):
    """Groups of neurons that follow common signals, a constant, a copy and a sign-flipped copy."""
    rng = np.random.default_rng(seed)
    signals = rng.normal(size=(tokens, neurons // 5))
    x = signals[:, rng.integers(0, neurons // 5, neurons)] + rng.normal(size=(tokens, neurons)) * rng.random(neurons)
    x[:, 3], x[:, 7], x[:, 8] = 1.5, x[:, 11], -x[:, 12]
    return x


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", ">f8", "<f2", ">f2"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_numpy_files_of_every_dtype_and_order(tmp_path, dtype, order):
    x = activations(300, 60, 1).astype(dtype, order=order)
    path = tmp_path / "x.npy"
    np.save(path, x)
    compare(path, x.astype(np.float64), methods=["average", "ward", "centroid"], cutoffs=[0.3, 0.5])


def test_safetensors_layers_as_their_library_writes_them(tmp_path):
    from safetensors.numpy import save_file

    x = activations(200, 60, 2).astype(np.float32)
    path = tmp_path / "x.safetensors"
    save_file({f"layer{i}": np.ascontiguousarray(x[:, 5 * i : 5 * i + 5]) for i in range(12)}, path)
    assert (load(path) == x).all()
    compare(path, x, methods=["average"], cutoffs=[0.3, 0.5])


def test_picks_are_the_python_twins(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, activations(200, 60, 3))
    for seed in (0, 1, 2**63):
        result = extract(path, "--seed", seed, "--cutoff", 0.7)
        labels = np.array(result["labels"])
        for label, kept in enumerate(result["independent_neurons"], 1):
            assert kept == pick(np.flatnonzero(labels == label).tolist(), seed)


def test_random_activations_by_every_method(tmp_path):
    for seed in range(4, 14 if FULL else 6):
        x = activations(100 + 37 * seed, 50 + 11 * seed, seed)
        path = tmp_path / f"{seed}.npy"
        np.save(path, x)
        compare(path, x, cutoffs=CUTOFFS if FULL else [0.2, 0.5, 0.8])


def sweep(path, method, absolute):
    """The library's labels at the nine cutoffs, cut from one dendrogram (crates/neuron-redundancy/examples/sweep.rs)."""
    command = [SWEEP, str(path), method, "absolute" if absolute else "signed"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [line.split() for line in run.stdout.splitlines()]
    return {float(cutoff): list(map(int, labels)) for cutoff, _, *labels in lines}


def compare_sweep(path, x):
    """Nine cutoffs, absolute and signed, all seven methods, through the library; the command at one cutoff of each."""
    for absolute in (True, False):
        d = dissimilarity(x, absolute)
        for method in METHODS:
            z, ours = linkage(d, method), sweep(path, method, absolute)
            assert sorted(ours) == CUTOFFS
            for cutoff in CUTOFFS:
                assert ours[cutoff] == fcluster(z, cutoff, "distance").tolist(), f"{path} {method} {cutoff} {absolute}"
            options = ["--cutoff", 0.4, "--method", method, "--numbering", "scipy", *([] if absolute else ["--signed"])]
            assert extract(path, *options)["labels"] == ours[0.4]


def test_sweep_of_random_activations(tmp_path):
    x = activations(150, 80, 20)
    path = tmp_path / "x.npy"
    np.save(path, x)
    compare_sweep(path, x)


@pytest.mark.skipif(not FULL, reason="full suite: minutes")
@pytest.mark.parametrize("what", ["hidden", "mlp"])
def test_two_thousand_tokens_of_a_real_transformer(what):
    path = ROOT / "data" / "generated" / f"{what}-2000.npy"
    compare_sweep(path, np.load(path))
