"""Types: mypy on the package, and its stubs against the module that they speak of."""

import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def test_the_package_is_typed_strictly():
    found = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", PACKAGE / "pyproject.toml", PACKAGE / "python/neuron_redundancy"],
        capture_output=True,
        text=True,
        cwd=PACKAGE,
    )
    assert found.returncode == 0, found.stdout


def test_the_stubs_are_of_the_module():
    found = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "neuron_redundancy._native"], capture_output=True, text=True, cwd="/"
    )
    assert found.returncode == 0, found.stdout
