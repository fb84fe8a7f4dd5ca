"""Whatever holds numbers, as an array that is read where it lies if it can be; and sizes of memory."""

from __future__ import annotations

from typing import Any

import numpy as np

_READ = (np.float16, np.float32, np.float64)


def as_array(values: Any) -> np.ndarray:
    """An array of anything: NumPy's, a frame, a sparse matrix, a tensor of another library."""
    if isinstance(values, np.ndarray):
        return values
    if hasattr(values, "toarray"):  # SciPy sparse: the kernels are dense
        return np.asarray(values.toarray())
    if hasattr(values, "to_numpy"):  # pandas, polars
        return np.asarray(values.to_numpy())
    if hasattr(values, "detach"):  # torch: a tensor that is part of a graph is refused by DLPack
        values = values.detach()
        if str(values.dtype) == "torch.bfloat16":  # NumPy has no such type; single precision has all its values
            values = values.float()
    if hasattr(values, "__dlpack__") and not hasattr(values, "__array_interface__"):
        try:
            return np.from_dlpack(values)
        except (BufferError, RuntimeError, TypeError):
            pass  # of a type or device that NumPy does not take: it may still be converted
    return np.asarray(values)


def as_floats(values: Any, name: str) -> np.ndarray:
    """An array of float16, float32 or float64; integers and booleans become float64."""
    array = as_array(values)
    if array.dtype.type in _READ and array.dtype.isnative:
        return array
    if array.dtype.kind == "c":
        raise TypeError(f"{name} must be real, not {array.dtype}")
    try:
        return array.astype(np.float32 if array.dtype.kind == "f" and array.dtype.itemsize < 8 else np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} must hold numbers, not {array.dtype}") from error


def placed(values: Any, dtype: Any = np.float64) -> np.ndarray:
    """As an array of a type, C-contiguous and aligned, as the kernels read it; copied only if it is not."""
    return np.require(as_array(values), dtype, ("C", "ALIGNED"))


def as_matrix(values: Any, name: str = "X") -> np.ndarray:
    """Two-dimensional, tokens × neurons, contiguous in either order; copied only if it is neither."""
    array = as_floats(values, name)
    if array.ndim != 2:
        raise ValueError(f"{name} must be two-dimensional, tokens × neurons: its shape is {array.shape}")
    if not array.flags.aligned or not (array.flags.c_contiguous or array.flags.f_contiguous):
        array = np.array(array, order="C")
    return array


_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_UNITS.update({"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40})


def as_bytes(memory: int | str | None) -> int | None:
    """Bytes, of a number or of a text such as "8GB" or "500MiB"; None stays None."""
    if memory is None or isinstance(memory, (int, np.integer)):
        return memory if memory is None else int(memory)
    text = memory.strip().lower()
    number = text.rstrip("kmgtib ")
    try:
        return int(float(number) * _UNITS[text[len(number) :].strip()])
    except (KeyError, ValueError):
        raise ValueError(f"memory must be bytes or a text such as '8GB' or '500MiB', not {memory!r}") from None
