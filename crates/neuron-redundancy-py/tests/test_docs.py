"""Every example in a docstring runs."""

import doctest
import importlib
import pkgutil

import pytest

import neuron_redundancy

MODULES = ["neuron_redundancy"] + [
    f"neuron_redundancy.{module.name}" for module in pkgutil.iter_modules(neuron_redundancy.__path__) if module.name != "_native"
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_every_public_function_has_a_docstring():
    for name in ("clustering", "correlation", "hierarchy"):
        module = importlib.import_module(f"neuron_redundancy.{name}")
        for public in module.__all__:
            assert getattr(module, public).__doc__, f"{name}.{public}"
