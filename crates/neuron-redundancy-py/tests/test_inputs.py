"""Whatever holds numbers is read, where it lies if it can be."""

import array

import numpy as np
import pytest
import scipy.sparse

from neuron_redundancy import _arrays, cluster, correlation

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
