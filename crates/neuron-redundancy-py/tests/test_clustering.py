"""NeuroX's functions against the calls that NeuroX makes."""

import os
import re

import numpy as np
import pytest
from conftest import SAMPLE, grouped
from hypothesis import given
from hypothesis import strategies as st
from neurox_path import METHODS, create_correlation_clusters, same_partition
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist

import neuron_redundancy
from neuron_redundancy import clustering


def reference_picks(labels):
    """One member of each cluster by NumPy's global generator, as NeuroX draws them."""
    labels = np.asarray(labels)
    return [np.random.choice(np.where(labels == label)[0]) for label in range(labels.min(), labels.max() + 1)]


@given(grouped(), st.sampled_from(METHODS), st.floats(0.05, 0.95), st.booleans())
def test_labels_are_those_of_numpy_and_scipy(x, method, threshold, absolute):
    expected = create_correlation_clusters(x, absolute, threshold, method)
    labels = clustering.create_correlation_clusters(x, absolute, threshold, method)
    assert labels.dtype == np.int32
    assert np.array_equal(labels, expected)
    lowest = clustering.create_correlation_clusters(x, absolute, threshold, method, numbering="lowest")
    assert same_partition(lowest, expected)


@given(grouped(), st.floats(0.05, 0.95), st.integers(0, 2**32 - 1))
def test_seeded_picks_are_neuroxs_and_leave_numpys_generator_where_neurox_does(x, threshold, seed):
    np.random.seed(seed)
    expected = reference_picks(create_correlation_clusters(x, True, threshold))
    after = np.random.random()
    np.random.seed(seed)
    kept, labels = clustering.extract_independent_neurons(x, True, threshold)
    assert (kept, np.random.random()) == (expected, after)
    signed = fcluster(linkage(pdist(x.T, "correlation"), "average"), threshold, "distance")
    np.random.seed(seed)
    expected = reference_picks(signed)
    np.random.seed(seed)
    kept, labels = clustering.scikit_extract_independent_neurons(x, threshold)
    assert np.array_equal(labels, signed) and kept == expected


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_the_sample_has_neuroxs_labels_from_memory_and_from_its_file(sample, threshold):
    expected = create_correlation_clusters(sample, True, threshold)
    for source in (sample, SAMPLE, str(SAMPLE), np.asfortranarray(sample)):
        assert np.array_equal(clustering.create_correlation_clusters(source, True, threshold), expected)
    lowest = clustering.create_correlation_clusters(sample, True, threshold, numbering="lowest")
    assert same_partition(lowest, expected)
    np.random.seed(7)
    expected_picks = reference_picks(expected)
    np.random.seed(7)
    assert clustering.extract_independent_neurons(sample, True, threshold)[0] == expected_picks


def test_what_is_printed_is_what_neurox_prints(capsys):
    x = np.random.default_rng(0).normal(size=(100, 5))
    clustering.extract_independent_neurons(x)
    assert capsys.readouterr().out == (
        "Correlation matrix size (#neurons x #neurons): (5, 5)\nNumber of clusters detected: 5\n"
    )
    clustering.scikit_extract_independent_neurons(x)
    assert capsys.readouterr().out == ""
    clustering.print_clusters(np.array([1, 2, 1]))
    assert capsys.readouterr().out == "Cluster 00001: 0 2\nCluster 00002: 1\n"


def test_constants_and_nan_are_uncorrelated_in_neuroxs_functions_and_refused_elsewhere():
    x = np.random.default_rng(1).normal(size=(60, 6))
    x[:, 2] = 1.0
    expected = create_correlation_clusters(x)
    assert np.array_equal(clustering.create_correlation_clusters(x), expected)
    with pytest.raises(ValueError, match="finite"):
        clustering.scikit_extract_independent_neurons(x)
    x[3, 4] = np.nan
    assert len(set(clustering.create_correlation_clusters(x).tolist())) == 6
    with pytest.raises(ValueError, match="neuron 4 is NaN at token 3"):
        neuron_redundancy.cluster(x)
    found = neuron_redundancy.cluster(x, non_finite="uncorrelated")
    assert (found.constant_neurons, found.non_finite_neurons) == ([2], [4])


@given(grouped(), st.sampled_from(["random", "medoid", "variance", "first"]), st.integers(0, 99))
def test_representatives_are_members_and_depend_on_the_seed_alone(x, representative, seed):
    state = np.random.get_state()[1].copy()
    found = neuron_redundancy.cluster(x, representative=representative, seed=seed)
    again = neuron_redundancy.cluster(x, representative=representative, seed=seed)
    assert found.independent_neurons == again.independent_neurons
    assert [int(found.labels[kept]) for kept in found.independent_neurons] == list(range(1, found.n_clusters + 1))
    kept, labels = clustering.extract_independent_neurons(
        x, numbering="lowest", representative=representative, seed=seed
    )
    assert np.array_equal(labels, found.labels) and kept == found.independent_neurons
    assert np.array_equal(np.random.get_state()[1], state)


def test_plans_memory_and_resume_give_one_partition(sample, tmp_path):
    expected = neuron_redundancy.cluster(sample, 0.4).labels
    for options in (
        {"plan": "components"},
        {"plan": "dense"},
        {"precision": "double"},
        {"memory": "64MB", "plan": "components"},
        {"resume": tmp_path / "kept"},
        {"resume": os.fspath(tmp_path / "kept")},
        {"ties": "scipy"},
    ):
        assert np.array_equal(neuron_redundancy.cluster(sample, 0.4, **options).labels, expected), options
    with pytest.raises(MemoryError, match="need"):
        neuron_redundancy.cluster(sample, 0.4, plan="dense", memory="10MB")
    with pytest.raises(ValueError, match="made with cutoff 0.4"):
        neuron_redundancy.cluster(sample, 0.5, resume=tmp_path / "kept")


def test_progress_is_told_to_a_callable_and_its_exceptions_stop_the_work(sample):
    told = []
    neuron_redundancy.cluster(np.tile(sample, (4, 1)), 0.3, progress=lambda *step: told.append(step))
    stages = [stage for stage, _, _ in told]
    assert stages and set(stages) <= {"moments", "correlation", "screen", "linkage", "cut"}
    assert all(done <= total for _, done, total in told)

    class Stop(Exception):
        pass

    def stop(*_):
        raise Stop

    with pytest.raises(Stop):
        neuron_redundancy.cluster(np.tile(sample, (4, 1)), 0.3, progress=stop)


def test_wrong_arguments_are_named(sample):
    x = sample[:, :5]
    for options, message in (
        ({"threshold": -1.0}, "cutoff is -1"),
        ({"threshold": float("nan")}, "cutoff is NaN"),
        ({"method": "nearest"}, "nearest"),
        ({"numbering": "first"}, "numbering must be one of"),
        ({"plan": "sparse"}, "plan must be one of"),
        ({"representative": "last"}, "representative must be one of"),
        ({"memory": "much"}, "memory must be bytes"),
        ({"precision": "single"}, "precision must be"),
    ):
        with pytest.raises(ValueError, match=re.escape(message)):
            neuron_redundancy.cluster(x, **options)
    for wrong in (sample[0], sample[:, :1], sample[:1], sample[:, :0]):
        with pytest.raises(ValueError):
            neuron_redundancy.cluster(wrong)
    with pytest.raises(OSError, match="nothing.npy"):
        neuron_redundancy.cluster("nothing.npy")
    assert "neurons kept" in repr(neuron_redundancy.cluster(x))
