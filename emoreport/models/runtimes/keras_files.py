"""Tensors of a Keras file of weights (HDF5), read without TensorFlow.

Keras' ``save_weights`` makes a group for each layer, with one dataset for each tensor. A dataset
of HDF5 may also refer to other files, be computed from other datasets or be compressed; none of
that is followed, so that a file gives its own bytes and no more of them than it has.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emoreport.errors import ModelError

MOST_LEVELS: Final = 4
"""Groups inside groups that are looked through; groups can contain themselves."""
EXTRA: Final = "keras"
"""Optional part of emoreport that brings h5py."""


def read_keras_weights(path: Path) -> dict[str, NDArray[np.float32]]:
    """Read every tensor of a file of weights.

    Parameters
    ----------
    path
        A file ``….h5`` that ``model.save_weights`` of Keras wrote.

    Returns
    -------
    ``{path of the dataset in the file: tensor}``, such as ``dense/dense/kernel:0``.

    Raises
    ------
    ModelError
        When h5py is not installed, the file cannot be read, or it holds anything but plain float32
        tensors of its own.
    """
    if importlib.util.find_spec("h5py") is None:
        raise ModelError("models.needs_extra", model=path.name, extra=EXTRA, file=path)
    import h5py

    try:
        size = path.stat().st_size
        with h5py.File(path, "r") as file:
            return {name: _tensor(name, dataset, size) for name, dataset in _datasets(file, "")}
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise ModelError("models.no_keras", error=error, file=path) from error


def _datasets(group: Any, prefix: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - h5py has no types
    import h5py

    if prefix.count("/") > MOST_LEVELS:
        raise ValueError(f"groups inside groups: {prefix}")
    for key in group:
        if not isinstance(key, str):
            raise ValueError(f"{key!r} is no name")  # noqa: TRY004 - it is a fault of the file
        name = prefix + key
        if not isinstance(group.get(key, getlink=True), h5py.HardLink):
            raise ValueError(f"{name} refers to somewhere else")  # noqa: TRY004 - it is a fault of the file
        member = group[key]
        if isinstance(member, h5py.Dataset):
            yield name, member
        elif isinstance(member, h5py.Group):
            yield from _datasets(member, f"{name}/")
        else:
            raise ValueError(f"{name} is neither a group nor a tensor")  # noqa: TRY004 - as above


def _tensor(name: str, dataset: Any, file_bytes: int) -> NDArray[np.float32]:  # noqa: ANN401 - as above
    if dataset.is_virtual or dataset.external or dataset.chunks is not None:
        raise ValueError(f"{name} is not stored as one piece in this file")
    if dataset.dtype != np.dtype("<f4"):
        raise ValueError(f"{name} is {dataset.dtype}, not float32")
    if dataset.nbytes > min(dataset.id.get_storage_size(), file_bytes):
        raise ValueError(f"{name} is larger than what the file holds of it")
    return np.asarray(dataset[()], np.float32)
