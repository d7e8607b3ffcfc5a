"""Arrow arrays of NumPy's, in the memory of these, and back; NaN and None are null.

`pyarrow.array` and `to_numpy` load pandas wherever it is installed, only to ask whether a column is
one of its own: a third of a second, and 30 MB.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray


def number_array(values: NDArray[Any]) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Numbers or truth values (N,) as an Arrow array of their type."""
    import pyarrow as pa

    if values.dtype == np.bool_:
        packed = np.packbits(values, bitorder="little")
        return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(packed)])
    known = ~np.isnan(values) if values.dtype.kind == "f" else None
    content = pa.py_buffer(np.ascontiguousarray(values))
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), [_validity(known), content])


def optional_array(values: Sequence[float | None], dtype: type[np.generic]) -> Any:  # noqa: ANN401 - as above
    """Numbers or truth values, None where there is none, as an Arrow array of a type."""
    import pyarrow as pa

    known = np.array([value is not None for value in values], np.bool_)
    filled = np.array([0 if value is None else value for value in values], dtype)
    array = number_array(filled)
    _, content = array.buffers()
    return pa.Array.from_buffers(array.type, len(array), [_validity(known), content])


def text_array(texts: Sequence[str | None]) -> Any:  # noqa: ANN401 - as above
    """Texts as an Arrow array of strings."""
    import pyarrow as pa

    parts = [b"" if text is None else text.encode() for text in texts]
    known = np.array([text is not None for text in texts], np.bool_)
    buffers = [_validity(known), _offsets(map(len, parts)), pa.py_buffer(b"".join(parts))]
    return pa.Array.from_buffers(pa.string(), len(parts), buffers)


def list_array(rows: Sequence[NDArray[np.float64]]) -> Any:  # noqa: ANN401 - as above
    """Rows of numbers, each of any length, as an Arrow array of lists of float64."""
    import pyarrow as pa

    values = np.concatenate([np.zeros(0), *rows])
    kind, offsets = pa.list_(pa.float64()), _offsets(map(len, rows))
    return pa.Array.from_buffers(kind, len(rows), [None, offsets], children=[number_array(values)])


def numbers_of(column: Any, dtype: type[np.number[Any]]) -> NDArray[Any]:  # noqa: ANN401 - as above
    """Values of a chunked column of numbers of this type, a copy of one's own; NaN for null."""
    values = np.empty(len(column), dtype)
    start = 0
    for chunk in column.chunks:
        validity, content = chunk.buffers()
        first, end = chunk.offset, chunk.offset + len(chunk)
        part = values[start : start + len(chunk)]
        if content is not None:
            part[:] = np.frombuffer(content, dtype)[first:end]
        if chunk.null_count:
            bits = np.unpackbits(np.frombuffer(validity, np.uint8), bitorder="little")
            part[bits[first:end] == 0] = np.nan
        start += len(chunk)
    return values


def truths_of(column: Any) -> NDArray[np.bool_]:  # noqa: ANN401 - as above
    """Values of a chunked column of truth values that knows all of them."""
    if column.null_count:
        raise ValueError("it lacks truth values")
    return np.array(column.to_pylist(), np.bool_)


def _validity(known: NDArray[np.bool_] | None) -> Any:  # noqa: ANN401 - as above
    """A bit for each value that is known; None where all are."""
    import pyarrow as pa

    if known is None or known.all():
        return None
    return pa.py_buffer(np.packbits(known, bitorder="little"))


def _offsets(lengths: Iterable[int]) -> Any:  # noqa: ANN401 - as above
    """Where each of several parts begins, and where the last one ends."""
    import pyarrow as pa

    return pa.py_buffer(np.fromiter(accumulate(lengths, initial=0), np.int32))
