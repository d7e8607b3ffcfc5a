"""Tensors of a PyTorch checkpoint, read without PyTorch and without running anything.

A checkpoint (since PyTorch 1.6) is an uncompressed zip: ``<top>/data.pkl`` is a pickle that
describes the tensors, ``<top>/data/<key>`` holds the bytes of each storage. A pickle is a program:
Python's own unpickler calls whatever it names. Here the program is never run. Its opcodes are read
with `pickletools` and only those that a plain ``{name: tensor}`` dictionary is made of are
understood; every other opcode and every other name is an error.
"""

from __future__ import annotations

import io
import math
import pickletools
import struct
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emoreport.errors import ModelError

STORAGES: Final[Mapping[str, str]] = {
    "torch FloatStorage": "<f4",
    "torch DoubleStorage": "<f8",
    "torch HalfStorage": "<f2",
    "torch LongStorage": "<i8",
    "torch IntStorage": "<i4",
}
"""Names of storage types, as a pickle spells them, and how their values are stored."""

DICTIONARY: Final = "collections OrderedDict"
TENSOR: Final = "torch._utils _rebuild_tensor_v2"
MOST_AXES: Final = 8
REMEDY: Final = "get the file again from its publisher"


@dataclass(frozen=True, slots=True)
class _Name:
    """A name that the pickle mentions; it is never looked up."""

    text: str


@dataclass(slots=True)
class _Dictionary:
    """A dictionary that the pickle builds."""

    entries: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Storage:
    """Values of one storage, one axis; a type of its own, so that no tensor passes for one."""

    values: NDArray[Any]


class _Mark:
    """Where a run of stacked values begins."""


_MARK: Final = _Mark()


class _RefusedError(ValueError):
    """The pickle holds something that a plain state dict does not."""


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
    try:
        with zipfile.ZipFile(path) as archive:
            storages = _Storages(archive, path.stat().st_size)
            return _tensors(_Interpreter(storages.load).result(storages.pickle()))
    except (zipfile.BadZipFile, struct.error, OSError, EOFError) as error:
        raise ModelError(
            f"cannot be read as a PyTorch checkpoint ({error})", remedy=REMEDY, file=path
        ) from error
    except (ValueError, KeyError, IndexError, OverflowError, RuntimeError) as error:
        raise ModelError(
            f"is no checkpoint of plain tensors ({error})", remedy=REMEDY, file=path
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
            raise _RefusedError("two entries of the archive have one name")
        if sum(member.file_size for member in members) > file_bytes:
            raise _RefusedError("the entries claim more bytes than the file has")
        for member in members:
            if (
                member.compress_type != zipfile.ZIP_STORED
                or member.file_size != member.compress_size
            ):
                raise _RefusedError(f"the entry {member.filename!r} is compressed")
        pickles = [name for name in self._entries if name.split("/")[1:] == ["data.pkl"]]
        if len(pickles) != 1:
            raise _RefusedError(f"it has {len(pickles)} entries data.pkl")
        self._top = pickles[0].removesuffix("data.pkl")
        order = self._top + "byteorder"
        if order in self._entries and archive.read(order) != b"little":
            raise _RefusedError("its byte order is not little-endian")
        self._loaded: dict[str, _Storage] = {}

    def pickle(self) -> bytes:
        """Bytes of the description."""
        return self._archive.read(self._top + "data.pkl")

    def load(self, reference: object) -> _Storage:
        """The storage that a persistent id names."""
        match reference:
            case ("storage", _Name(text=kind), str(key), str(), int(count)) if kind in STORAGES:
                pass
            case _:
                raise _RefusedError("a reference is not to a storage of a plain type")
        name = f"{self._top}data/{key}"
        if name not in self._loaded:
            if name not in self._entries:
                raise _RefusedError(f"the storage {key!r} is missing")
            size = np.dtype(STORAGES[kind]).itemsize
            if self._entries[name].file_size != count * size:
                raise _RefusedError(f"the storage {key!r} has not the {count} values it claims")
            content = self._archive.read(name)
            self._loaded[name] = _Storage(np.frombuffer(content, STORAGES[kind], count))
        storage = self._loaded[name]
        if storage.values.dtype != np.dtype(STORAGES[kind]) or len(storage.values) != count:
            raise _RefusedError(f"the storage {key!r} is described in two ways")
        return storage


def _tensors(result: object) -> dict[str, NDArray[Any]]:
    if not isinstance(result, _Dictionary):
        raise _RefusedError("it holds no dictionary")
    for name, value in result.entries.items():
        if not isinstance(value, np.ndarray):
            raise _RefusedError(f"the entry {name!r} is no tensor")
    return result.entries


# --------------------------------------------------------------------------- the pickle


class _Interpreter:
    """The stack machine of a pickle, cut down to the opcodes of a plain state dict.

    Parameters
    ----------
    load
        Gives the storage that a persistent id names.
    """

    def __init__(self, load: Callable[[object], _Storage]) -> None:
        self._load = load
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._steps: Mapping[str, Callable[[Any], None]] = {
            "PROTO": lambda _: None,
            "MARK": lambda _: self._stack.append(_MARK),
            "EMPTY_DICT": lambda _: self._stack.append(_Dictionary()),
            "EMPTY_TUPLE": lambda _: self._stack.append(()),
            "TUPLE": lambda _: self._stack.append(tuple(self._popped_to_mark())),
            "TUPLE1": lambda _: self._tuple(1),
            "TUPLE2": lambda _: self._tuple(2),
            "TUPLE3": lambda _: self._tuple(3),
            "NEWTRUE": lambda _: self._stack.append(True),
            "NEWFALSE": lambda _: self._stack.append(False),
            "BININT": self._stack.append,
            "BININT1": self._stack.append,
            "BININT2": self._stack.append,
            "LONG1": self._stack.append,
            "BINUNICODE": self._stack.append,
            "BINPUT": self._remember,
            "LONG_BINPUT": self._remember,
            "BINGET": lambda key: self._stack.append(self._memo[key]),
            "LONG_BINGET": lambda key: self._stack.append(self._memo[key]),
            "GLOBAL": lambda name: self._stack.append(_allowed(name)),
            "BINPERSID": lambda _: self._stack.append(self._load(self._stack.pop())),
            "REDUCE": self._reduce,
            "BUILD": self._build,
            "SETITEM": self._set_item,
            "SETITEMS": self._set_items,
        }

    def result(self, program: bytes) -> object:
        """What the pickle builds.

        Raises
        ------
        ValueError, IndexError, KeyError
            When it uses another opcode or is no pickle.
        """
        for opcode, argument, _ in pickletools.genops(io.BytesIO(program)):
            if opcode.name == "STOP":
                break
            if opcode.name not in self._steps:
                raise _RefusedError(f"it uses the opcode {opcode.name}")
            self._steps[opcode.name](argument)
        (result,) = self._stack
        return result

    def _remember(self, key: int) -> None:
        self._memo[key] = self._stack[-1]

    def _tuple(self, count: int) -> None:
        values = tuple(self._stack[-count:])
        if len(values) != count:
            raise _RefusedError("a tuple lacks values")
        self._stack[-count:] = [values]

    def _reduce(self, _: object) -> None:
        arguments, name = self._stack.pop(), self._stack.pop()
        self._stack.append(_made(name, arguments))

    def _build(self, _: object) -> None:
        # The state of a dictionary is its `_metadata`: versions of modules, no values.
        self._stack.pop()
        _dictionary(self._stack[-1])

    def _set_item(self, _: object) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        _set(_dictionary(self._stack[-1]), key, value)

    def _set_items(self, _: object) -> None:
        items = self._popped_to_mark()
        target = _dictionary(self._stack[-1])
        for key, value in zip(items[::2], items[1::2], strict=True):
            _set(target, key, value)

    def _popped_to_mark(self) -> list[Any]:
        for index in range(len(self._stack) - 1, -1, -1):
            if self._stack[index] is _MARK:
                values = self._stack[index + 1 :]
                del self._stack[index:]
                return values
        raise _RefusedError("a mark is missing")


def _allowed(name: str) -> _Name:
    if name not in {DICTIONARY, TENSOR, *STORAGES}:
        raise _RefusedError(f"it asks for {name.replace(' ', '.')!r}; nothing was run")
    return _Name(name)


def _made(name: object, arguments: object) -> object:
    """What a call in the pickle makes: a dictionary or a tensor, never a call."""
    match name, arguments:
        case _Name(text=text), () if text == DICTIONARY:
            return _Dictionary()
        case _Name(text=text), (_Storage(values=values), offset, size, stride, bool(), hooks) if (
            text == TENSOR and isinstance(hooks, _Dictionary) and not hooks.entries
        ):
            return _tensor(values, offset, size, stride)
        case _:
            raise _RefusedError("it calls something that makes no plain tensor; nothing was run")


def _tensor(values: NDArray[Any], offset: object, size: object, stride: object) -> NDArray[Any]:
    """A view into the values of a storage; refused unless all of it is inside."""
    match offset, size, stride:
        case int(start), tuple(shape), tuple(steps) if len(shape) == len(steps) <= MOST_AXES:
            pass
        case _:
            raise _RefusedError("a tensor has no usable shape")
    if not all(isinstance(value, int) and value >= 0 for value in (start, *shape, *steps)):
        raise _RefusedError("a tensor has no usable shape")
    last = start + sum((count - 1) * step for count, step in zip(shape, steps, strict=True))
    inside = last < len(values) if all(shape) else start <= len(values)
    # A stride of zero would let a small file claim a tensor of any size.
    if not inside or math.prod(shape) > len(values):
        raise _RefusedError("a tensor does not lie inside its storage")
    return np.lib.stride_tricks.as_strided(
        values[start:], shape, [step * values.itemsize for step in steps], writeable=False
    )


def _dictionary(value: object) -> _Dictionary:
    if not isinstance(value, _Dictionary):
        raise _RefusedError("it fills something that is no dictionary")
    return value


def _set(target: _Dictionary, key: object, value: object) -> None:
    if not isinstance(key, str):
        raise _RefusedError("a key is no text")
    target.entries[key] = value
