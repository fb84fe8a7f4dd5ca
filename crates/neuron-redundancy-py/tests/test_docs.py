"""Every example in a docstring runs."""

import doctest
import importlib
import inspect
import pkgutil

import pytest

import neuron_redundancy

MODULES = ["neuron_redundancy"] + [
    f"neuron_redundancy.{module.name}" for module in pkgutil.iter_modules(neuron_redundancy.__path__) if module.name != "_native"
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def public():
    for name in ("clustering", "correlation", "feature_selection", "hierarchy"):
        module = importlib.import_module(f"neuron_redundancy.{name}")
        for public in module.__all__:
            yield f"{name}.{public}", getattr(module, public)


@pytest.mark.parametrize("name, item", list(public()))
def test_docstrings_say_what_goes_in_and_what_comes_out_with_an_example(name, item):
    text = inspect.getdoc(item)
    if inspect.isclass(item):
        assert issubclass(item, (tuple, Warning)) or "Parameters\n---" in text or "Attributes\n---" in text, name
        return
    signature = inspect.signature(item)
    documented = text.split("Parameters\n----------\n", 1)[1].split("\n\n")[0] if "Parameters\n---" in text else ""
    heads = [line for line in documented.splitlines() if line and not line.startswith(" ")]
    names = {name.strip() for head in heads for name in head.split(" : ")[0].split(",")}
    assert set(signature.parameters) <= names, (name, set(signature.parameters) - names)
    assert ">>> " in text, name
    assert "Returns\n---" in text or signature.return_annotation in (None, "None"), name
