"""Correlations against NumPy's."""

import pickle

import numpy as np
import pytest
from conftest import grouped
from hypothesis import given
from hypothesis import strategies as st

from neuron_redundancy import correlation


@given(grouped(), st.floats(0.05, 0.999), st.booleans())
def test_all_pairs_and_pairs_above_are_numpys(x, threshold, signed):
    r = np.corrcoef(x, rowvar=False)
    assert np.allclose(correlation.corrcoef(x), r, atol=1e-12)
    size = r if signed else np.abs(r)
    first, second = np.nonzero(np.triu(size >= threshold, 1))
    if np.any(np.abs(size - threshold) < 1e-12):
        return
    pairs = correlation.pairs_above(x, threshold, signed=signed)
    assert np.array_equal(pairs.first, first) and np.array_equal(pairs.second, second)
    assert np.allclose(pairs.correlation, r[first, second], atol=1e-12)


@given(grouped(), st.integers(0, 30), st.booleans())
def test_the_nearest_are_the_largest_of_all(x, k, signed):
    r = np.corrcoef(x, rowvar=False)
    size = r.copy() if signed else np.abs(r)
    np.fill_diagonal(size, -np.inf)
    nearest = correlation.top_k(x, k, signed=signed)
    count = min(k, x.shape[1] - 1)
    assert nearest.neuron.shape == (x.shape[1], count if count else 0)
    expected = -np.sort(-size, axis=1)[:, :count]
    found = nearest.correlation if signed else np.abs(nearest.correlation)
    assert np.allclose(found, expected, atol=1e-12)


@given(grouped(30, 10), grouped(30, 10))
def test_maxima_across_two_matrices(x, y):
    tokens = min(len(x), len(y))
    x, y = x[:tokens], y[:tokens]
    r = np.corrcoef(x, y, rowvar=False)[: x.shape[1], x.shape[1] :]
    best = correlation.cross_max(x, y)
    assert np.allclose(np.abs(best.of_x.correlation), np.abs(r).max(axis=1), atol=1e-12)
    assert np.allclose(np.abs(best.of_y.correlation), np.abs(r).max(axis=0), atol=1e-12)
    assert np.allclose(r[np.arange(x.shape[1]), best.of_x.neuron], best.of_x.correlation, atol=1e-12)


@given(grouped(), st.integers(0, 40), st.integers(0, 40))
def test_a_stream_in_chunks_merged_and_pickled_is_one_matrix(x, a, b):
    a, b = sorted((min(a, len(x)), min(b, len(x))))
    whole = correlation.Correlator().partial_fit(x).corrcoef()
    first = pickle.loads(pickle.dumps(correlation.Correlator().partial_fit(x[:a])))
    first.partial_fit(x[a:b])
    found = first.merge(correlation.Correlator(x.shape[1]).partial_fit(x[b:]))
    assert (found.tokens, found.neurons) == x.shape
    assert np.allclose(found.corrcoef(), whole, atol=1e-10)
    assert np.allclose(whole, np.corrcoef(x, rowvar=False), atol=1e-10)
    assert repr(found) == f"<Correlator: {len(x)} tokens of {x.shape[1]} neurons>"


def test_weights_repeat_tokens():
    x = np.random.default_rng(0).normal(size=(20, 4))
    weights = np.arange(20) % 3
    expected = np.corrcoef(np.repeat(x, weights, axis=0), rowvar=False)
    assert np.allclose(correlation.corrcoef(x, weights=weights), expected)


def test_misuse_is_refused_and_changes_nothing():
    x = np.random.default_rng(0).normal(size=(20, 4))
    stream = correlation.Correlator().partial_fit(x)
    with pytest.raises(ValueError):
        stream.partial_fit(x[:, :3])
    with pytest.raises(ValueError):
        stream.merge(correlation.Correlator(3))
    assert np.allclose(stream.corrcoef(), np.corrcoef(x, rowvar=False))
    with pytest.raises(ValueError, match="partial_fit"):
        correlation.Correlator().corrcoef()
    state = bytearray(stream.__getstate__()["state"])
    state[60] ^= 1
    with pytest.raises(ValueError):
        correlation.Correlator().__setstate__({"state": bytes(state)})
    for threshold in (0.0, -1.0, 1.5, float("nan")):
        with pytest.raises(ValueError):
            correlation.pairs_above(x, threshold)
    with pytest.raises(ValueError, match="k must be"):
        correlation.top_k(x, -1)
    with pytest.raises(ValueError):
        correlation.cross_max(x, x[:-1])
    with pytest.raises(ValueError, match="non_finite"):
        correlation.corrcoef(x, non_finite="ignore")
