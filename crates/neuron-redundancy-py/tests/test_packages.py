"""The wheel, and in the full suite the sdist, installed where nothing else is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SAYS = """
import numpy as np, neuron_redundancy as nr
from neuron_redundancy import clustering, hierarchy
assert len(set(clustering.create_correlation_clusters(np.eye(4)[:, :3]).tolist())) == 3
assert hierarchy.average([1.0, 4.0, 5.0]).shape == (2, 4)
from importlib.metadata import metadata
assert metadata("neuron-redundancy").get_all("License-File") == ["LICENSE-APACHE", "LICENSE-MIT"]
print(nr.__version__)
"""


def says_its_version(tmp_path, package):
    python = tmp_path / "bin/python"
    subprocess.run([sys.executable, "-m", "venv", tmp_path], check=True)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, package], check=True)
    found = subprocess.run([python, "-c", SAYS], capture_output=True, text=True, check=True, cwd=tmp_path)
    return found.stdout.splitlines()[-1]


@pytest.mark.skipif("NEURON_REDUNDANCY_WHEEL" not in os.environ, reason="cargo xtask test says where the wheel is")
def test_the_wheel_works_in_an_empty_environment(tmp_path):
    wheel = Path(os.environ["NEURON_REDUNDANCY_WHEEL"])
    assert "abi3" in wheel.name
    assert says_its_version(tmp_path, wheel) == "0.1.0"


@pytest.mark.skipif("NEURON_REDUNDANCY_FULL" not in os.environ, reason="it compiles everything: full suite only")
def test_the_sdist_builds_in_an_empty_environment(tmp_path):
    maturin = Path(sys.executable).with_name("maturin")
    manifest = ROOT / "crates/neuron-redundancy-py/Cargo.toml"
    subprocess.run([maturin, "sdist", "--manifest-path", manifest, "--out", tmp_path / "sdist"], check=True)
    (sdist,) = (tmp_path / "sdist").iterdir()
    assert says_its_version(tmp_path / "environment", sdist) == "0.1.0"
