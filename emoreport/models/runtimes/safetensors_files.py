"""Read a safetensors file as data, without the library of that name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emoreport.errors import ModelError

REMEDY: Final = "checkpoint_from_publisher"
_TYPES: Final = {"F32": "<f4", "F16": "<f2", "F64": "<f8", "I64": "<i8", "I32": "<i4"}
_MOST_HEADER_BYTES: Final = 1 << 24
_LENGTH_BYTES: Final = 8


def read_safetensors(path: Path) -> dict[str, NDArray[Any]]:
    """Tensors of a file by name: read-only views of its own bytes.

    Raises
    ------
    ModelError
        When the file cannot be read or is no such file, or a tensor is of a type that is not
        expected (anything but float16 to float64, int32 and int64).
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(_LENGTH_BYTES), "little")
            if not 0 < length <= min(_MOST_HEADER_BYTES, size):
                raise ValueError(f"its header has {length} bytes")  # noqa: TRY301
            header = json.loads(stream.read(length))
        start = _LENGTH_BYTES + length
        content = np.memmap(path, np.uint8, "r", offset=start, shape=(size - start,))
        return {
            str(name): _tensor(content, facts)
            for name, facts in header.items()
            if name != "__metadata__"
        }
    except OSError as error:
        raise ModelError("file.unreadable", error=error.strerror or error, file=path) from error
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
        OverflowError,
    ) as error:
        raise ModelError("models.no_safetensors", error=error, remedy=REMEDY, file=path) from error


def _tensor(content: NDArray[np.uint8], facts: dict[str, Any]) -> NDArray[Any]:
    begin, end = facts["data_offsets"]
    if not 0 <= begin <= end <= len(content):
        raise ValueError("a tensor is not inside the file")
    shape = tuple(facts["shape"])
    if not all(type(length) is int and length >= 0 for length in shape):
        raise ValueError(f"a tensor has the shape {shape}")
    return np.frombuffer(content[begin:end].tobytes(), _TYPES[facts["dtype"]]).reshape(shape)
