"""Tensors of a PyTorch checkpoint, read without PyTorch and without running anything.

A checkpoint (since PyTorch 1.6) is an uncompressed zip: ``<top>/data.pkl`` is a pickle that
describes the tensors, ``<top>/data/<key>`` holds the bytes of each storage. The pickle, which is a
program, is never run; see `torch_pickle`.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emoreport.errors import ModelError
from emoreport.models.runtimes.torch_pickle import (
    STORAGES,
    Dictionary,
    Interpreter,
    Name,
    RefusedError,
    Storage,
    as_data,
)

REMEDY: Final = "file_from_publisher"


def read_state_dict(path: Path) -> dict[str, NDArray[Any]]:
    """Read a checkpoint that holds a plain state dict.

    Parameters
    ----------
    path
        A file that ``torch.save(module.state_dict(), path)`` wrote.

    Returns
    -------
    ``{name: tensor}`` in the order of the file; read-only views of the file's own values.

    Raises
    ------
    ModelError
        When the file cannot be read, is damaged, or holds anything but named tensors of plain
        types. Nothing that the file names is ever called.
    """
    return _read(path, _tensors)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint that holds settings of OmegaConf beside its state dict.

    Parameters
    ----------
    path
        A file that ``torch.save({"cfg": settings, "state_dict": module.state_dict()}, path)``
        wrote.

    Returns
    -------
    What it holds by name: dictionaries, lists, text, numbers and, as read-only views of the
    file's own values, tensors. Of the settings that is what they contain.

    Raises
    ------
    ModelError
        When the file cannot be read, is damaged, or holds anything else. Nothing that the file
        names is ever called.
    """
    return _read(path, _contents)


def _read(path: Path, reading: Callable[[_Storages], dict[str, Any]]) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(path) as archive:
            return reading(_Storages(archive, path.stat().st_size))
    except (zipfile.BadZipFile, struct.error, OSError, EOFError) as error:
        raise ModelError("models.no_checkpoint", error=error, remedy=REMEDY, file=path) from error
    except (ValueError, KeyError, IndexError, OverflowError, RuntimeError) as error:
        raise ModelError(
            "models.not_plain_checkpoint", error=error, remedy=REMEDY, file=path
        ) from error


class _Storages:
    """The entries of the zip, each checked against the size of the file.

    Only uncompressed entries are taken, so that no entry can be larger than the file and a few
    bytes cannot swell to gigabytes.
    """

    def __init__(self, archive: zipfile.ZipFile, file_bytes: int) -> None:
        self._archive = archive
        self._entries = {member.filename: member for member in archive.infolist()}
        members = archive.infolist()
        if len(self._entries) != len(members):
            raise RefusedError("two entries of the archive have one name")
        if sum(member.file_size for member in members) > file_bytes:
            raise RefusedError("the entries claim more bytes than the file has")
        for member in members:
            if (
                member.compress_type != zipfile.ZIP_STORED
                or member.file_size != member.compress_size
            ):
                raise RefusedError(f"the entry {member.filename!r} is compressed")
        pickles = [name for name in self._entries if name.split("/")[1:] == ["data.pkl"]]
        if len(pickles) != 1:
            raise RefusedError(f"it has {len(pickles)} entries data.pkl")
        self._top = pickles[0].removesuffix("data.pkl")
        order = self._top + "byteorder"
        if order in self._entries and archive.read(order) != b"little":
            raise RefusedError("its byte order is not little-endian")
        self._loaded: dict[str, Storage] = {}

    def pickle(self) -> bytes:
        """Bytes of the description."""
        return self._archive.read(self._top + "data.pkl")

    def load(self, reference: object) -> Storage:
        """The storage that a persistent id names."""
        match reference:
            case ("storage", Name(text=kind), str(key), str(), int(count)) if kind in STORAGES:
                pass
            case _:
                raise RefusedError("a reference is not to a storage of a plain type")
        name = f"{self._top}data/{key}"
        if name not in self._loaded:
            if name not in self._entries:
                raise RefusedError(f"the storage {key!r} is missing")
            size = np.dtype(STORAGES[kind]).itemsize
            if self._entries[name].file_size != count * size:
                raise RefusedError(f"the storage {key!r} has not the {count} values it claims")
            content = self._archive.read(name)
            self._loaded[name] = Storage(np.frombuffer(content, STORAGES[kind], count))
        storage = self._loaded[name]
        if storage.values.dtype != np.dtype(STORAGES[kind]) or len(storage.values) != count:
            raise RefusedError(f"the storage {key!r} is described in two ways")
        return storage


def _tensors(storages: _Storages) -> dict[str, NDArray[Any]]:
    result = Interpreter(storages.load).result(storages.pickle())
    if not isinstance(result, Dictionary):
        raise RefusedError("it holds no dictionary")
    for name, value in result.entries.items():
        if not isinstance(name, str) or not isinstance(value, np.ndarray):
            raise RefusedError(f"the entry {name!r} is no tensor")
    return {str(name): value for name, value in result.entries.items()}


def _contents(storages: _Storages) -> dict[str, Any]:
    result = as_data(Interpreter(storages.load, settings=True).result(storages.pickle()))
    if not isinstance(result, dict) or not all(isinstance(name, str) for name in result):
        raise RefusedError("it holds no named parts")
    return result
