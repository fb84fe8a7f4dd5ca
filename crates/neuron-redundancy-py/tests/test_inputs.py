"""Whatever holds numbers is read, where it lies if it can be."""

import array

import numpy as np
import pytest
import scipy.sparse

from neuron_redundancy import _arrays, cluster, clustering, correlation, hierarchy

RNG = np.random.default_rng(3)
X = RNG.normal(size=(64, 3)) @ RNG.normal(size=(3, 12)) + RNG.normal(size=(64, 12))
EXPECTED = cluster(X, 0.4).labels


def orders(x):
    """The same values in other places."""
    wide = np.zeros((2 * len(x), 3 * x.shape[1]), x.dtype)
    wide[::2, ::3] = x
    reverse = np.ascontiguousarray(x[::-1, ::-1])[::-1, ::-1]
    swapped = x.astype(x.dtype.newbyteorder())
    read_only = x.copy()
    read_only.flags.writeable = False
    unaligned = np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:].view(x.dtype).reshape(x.shape)
    return [x, np.asfortranarray(x), wide[::2, ::3], reverse, swapped, read_only, unaligned, x.T.copy().T]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_every_order_stride_and_alignment_of_every_precision(dtype):
    x = X.astype(dtype)
    expected = cluster(np.ascontiguousarray(x), 0.4)
    r = correlation.corrcoef(x.astype(np.float64))
    for other in orders(x):
        assert np.array_equal(other, x)
        found = cluster(other, 0.4)
        assert np.array_equal(found.labels, expected.labels)
        assert np.allclose(correlation.corrcoef(other), r, atol=1e-12)


def test_arrays_that_can_be_read_where_they_lie_are_not_copied():
    for dtype in (np.float16, np.float32, np.float64):
        for x in (X.astype(dtype), np.asfortranarray(X.astype(dtype))):
            assert np.shares_memory(_arrays.as_matrix(x), x)


def test_integers_lists_buffers_frames_sparse_matrices_and_maps(tmp_path):
    import pandas
    import polars

    whole = np.round(100 * X)
    expected = cluster(whole, 0.4).labels
    path = tmp_path / "x.npy"
    np.save(path, whole)
    flat = array.array("d", whole.ravel().tolist())
    for other in (
        whole.astype(np.int16),
        whole.astype(np.int64),
        whole.tolist(),
        np.asarray(memoryview(flat)).reshape(whole.shape),
        memoryview(flat).cast("b").cast("d", whole.shape),
        pandas.DataFrame(whole),
        polars.DataFrame(whole),
        scipy.sparse.csr_array(whole),
        np.load(path, mmap_mode="r"),
        path,
        str(path),
        whole.astype(object),
    ):
        assert np.array_equal(cluster(other, 0.4).labels, expected), type(other)


def test_tensors_of_other_libraries_by_dlpack_alone():
    class Tensor:
        """What torch and JAX have: DLPack, and nothing else of NumPy's."""

        dtype = "torch.float64"

        def __init__(self, values):
            self.values = values

        def __dlpack__(self, **options):
            return self.values.__dlpack__(**options)

        def __dlpack_device__(self):
            return self.values.__dlpack_device__()

    assert np.array_equal(cluster(Tensor(X), 0.4).labels, EXPECTED)
    assert np.shares_memory(_arrays.as_matrix(Tensor(X)), X)

    class Grad(Tensor):
        """Part of a graph: to be detached first."""

        def __dlpack__(self, **options):
            raise BufferError("requires grad")

        def detach(self):
            return Tensor(self.values)

    assert np.array_equal(cluster(Grad(X), 0.4).labels, EXPECTED)

    class Half(Tensor):
        """Of a type that NumPy does not have."""

        dtype = "torch.bfloat16"

        def __dlpack__(self, **options):
            raise BufferError("bfloat16")

        def detach(self):
            return self

        def float(self):
            return Tensor(self.values.astype(np.float32))

    expected = cluster(X.astype(np.float32), 0.4).labels
    assert np.array_equal(cluster(Half(X), 0.4).labels, expected)


def test_what_holds_no_numbers_is_refused():
    for wrong in (X.astype(complex), np.array([["a", "b"], ["c", "d"]]), np.array([[object()] * 2] * 2)):
        with pytest.raises(TypeError):
            cluster(wrong)
    for wrong in (X[0], X[None], np.float64(3.0)):
        with pytest.raises(ValueError, match="two-dimensional"):
            cluster(wrong)


@pytest.mark.parametrize("function", [cluster, correlation.corrcoef, lambda x: correlation.pairs_above(x, 0.5),
                                      lambda x: correlation.top_k(x, 2), lambda x: correlation.cross_max(x, x),
                                      lambda x: correlation.Correlator().partial_fit(x).corrcoef(),
                                      clustering.extract_independent_neurons])
def test_too_few_tokens_or_neurons_and_nan_are_said_so(function):
    for shape, message in (((0, 3), "0 token"), ((1, 3), "1 token"), ((3, 0), "neuron"), ((0, 0), "neuron")):
        with pytest.raises(ValueError, match=message):
            function(np.ones(shape))
    x = X.copy()
    x[5, 3] = np.nan
    if function is not clustering.extract_independent_neurons:  # NeuroX's takes it for uncorrelated
        with pytest.raises(ValueError, match=r"neuron 3.*token 5"):
            function(x)


def vectors(y):
    """The same values in other places and of other types."""
    read_only = y.copy()
    read_only.flags.writeable = False
    unaligned = np.frombuffer(b"\0" + y.tobytes(), np.uint8)[1:].view(y.dtype)
    return [y[::-1].copy()[::-1], np.repeat(y, 3)[::3], y.astype(">f8"), read_only, unaligned, y.tolist(), memoryview(y)]


def test_distances_and_trees_of_every_stride_order_and_type_are_read_and_left_as_they_are():
    y = np.round(RNG.uniform(1, 50, 66)) / 4
    expected = hierarchy.linkage(y, "average")
    for other in [*vectors(y), y.astype(np.float32), y.astype(np.float16)]:
        assert np.array_equal(hierarchy.linkage(other, "average"), expected), type(other)
    assert np.array_equal(hierarchy.linkage((4 * y).astype(np.int8), "average")[:, :2], expected[:, :2])
    z, kept = expected, expected.copy()
    labels = hierarchy.fcluster(z, 5.0, "distance")
    for other in orders(z):
        assert np.array_equal(hierarchy.fcluster(other, 5.0, "distance"), labels)
        assert np.array_equal(hierarchy.cophenet(other), hierarchy.cophenet(z))
        assert np.array_equal(hierarchy.leaves_list(other), hierarchy.leaves_list(z))
        assert np.array_equal(hierarchy.inconsistent(other), hierarchy.inconsistent(z))
        assert np.array_equal(hierarchy.optimal_leaf_ordering(other, y), hierarchy.optimal_leaf_ordering(z, y))
    for other in (labels[::-1].copy()[::-1], np.repeat(labels, 2)[::2]):
        assert all(map(np.array_equal, hierarchy.leaders(z, other), hierarchy.leaders(z, labels)))
    assert np.array_equal(z, kept)


def test_one_observation_none_and_complex_distances_are_refused_as_by_scipy():
    from scipy.cluster import hierarchy as theirs

    for wrong in ([], [[]], [[1.0, 2.0]], np.empty((0, 4)), 3.0, [[[1.0]]], [np.nan], [1.0, 2.0]):
        with pytest.raises(ValueError) as raised:
            theirs.linkage(wrong)
        with pytest.raises(ValueError) as ours:
            hierarchy.linkage(wrong)
        assert str(ours.value) == str(raised.value), wrong
    for wrong in ([1j, 2, 3], np.array([1j, 2, 3])):
        with pytest.raises(TypeError):
            hierarchy.linkage(wrong)
