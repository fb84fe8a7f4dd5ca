"""The reference path, the sample, and strategies for matrices."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "xtask/python"))

import os  # noqa: E402

settings.register_profile("ci", max_examples=60, deadline=None)
settings.register_profile("full", max_examples=2_000, deadline=None)
settings.load_profile("full" if os.environ.get("NEURON_REDUNDANCY_FULL") else "ci")

SAMPLE = ROOT / "data/minilm-hidden-1400.safetensors"


@pytest.fixture(scope="session")
def sample():
    from neurox_path import load

    return load(SAMPLE)


def grouped(max_tokens=40, max_neurons=24):
    """Activations in groups of correlated neurons, continuous: no ties."""

    @st.composite
    def draw(draw):
        tokens = draw(st.integers(4, max_tokens))
        neurons = draw(st.integers(2, max_neurons))
        rng = np.random.default_rng(draw(st.integers(0, 2**32)))
        signals = rng.normal(size=(tokens, max(1, neurons // 3)))
        of = rng.integers(0, signals.shape[1], neurons)
        return signals[:, of] * rng.choice([-1, 1], neurons) + rng.uniform(0.1, 1.5, neurons) * rng.normal(
            size=(tokens, neurons)
        )

    return draw()


def condensed(max_n=24, ties=True):
    """Condensed distances: continuous, or of few values."""

    @st.composite
    def draw(draw):
        n = draw(st.integers(2, max_n))
        shape = n * (n - 1) // 2
        few = st.integers(0, 4).map(float)
        free = st.floats(0, 1e6, allow_nan=False)
        return draw(nps.arrays(np.float64, shape, elements=few if ties and draw(st.booleans()) else free))

    return draw()
