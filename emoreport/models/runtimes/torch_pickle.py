"""The pickle of a PyTorch checkpoint, read as a description: nothing that it names is run.

A pickle is a program: Python's own unpickler calls whatever it names. Here its opcodes are read
with `pickletools`, and only those that named tensors, and settings beside them, are made of are
understood. Every other opcode and every other name is an error.
"""

from __future__ import annotations

import io
import math
import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

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
DEFAULTS: Final = "collections defaultdict"
SETTINGS: Final = "omegaconf."
"""Beginning of the names of OmegaConf's objects: containers and leaves of settings."""
TYPES: Final = ("__builtin__ ", "builtins ", "typing ")
"""Beginnings of the names of types that these objects mention; a type by itself does nothing."""
MOST_AXES: Final = 8


@dataclass(frozen=True, slots=True)
class Name:
    """A name that the pickle mentions; it is never looked up."""

    text: str


@dataclass(slots=True)
class Dictionary:
    """A dictionary that the pickle builds."""

    entries: dict[str | int, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Setting:
    """An object of settings that the pickle builds: its name and its attributes, as data."""

    name: str
    attributes: Mapping[str | int, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Storage:
    """Values of one storage, one axis; a type of its own, so that no tensor passes for one."""

    values: NDArray[Any]


class _Mark:
    """Where a run of stacked values begins."""


_MARK: Final = _Mark()


class RefusedError(ValueError):
    """The pickle holds something that a plain checkpoint does not."""


class Interpreter:
    """The stack machine of a pickle, cut down to the opcodes of a plain state dict.

    Parameters
    ----------
    load
        Gives the storage that a persistent id names.
    settings
        Understand the objects of OmegaConf too, as `Setting`, and what they hold.
    """

    def __init__(self, load: Callable[[object], Storage], *, settings: bool = False) -> None:
        self._load, self._settings = load, settings
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._steps: Mapping[str, Callable[[Any], None]] = {
            "PROTO": lambda _: None,
            "MARK": lambda _: self._stack.append(_MARK),
            "EMPTY_DICT": lambda _: self._stack.append(Dictionary()),
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
            "GLOBAL": lambda name: self._stack.append(self._allowed(name)),
            "BINPERSID": lambda _: self._stack.append(self._load(self._stack.pop())),
            "REDUCE": self._reduce,
            "BUILD": self._build,
            "SETITEM": self._set_item,
            "SETITEMS": self._set_items,
        }
        if settings:
            self._steps = {
                **self._steps,
                "NONE": lambda _: self._stack.append(None),
                "BINFLOAT": self._stack.append,
                "EMPTY_LIST": lambda _: self._stack.append([]),
                "APPEND": lambda _: self._extend([self._stack.pop()]),
                "APPENDS": lambda _: self._extend(self._popped_to_mark()),
                "NEWOBJ": self._new_object,
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
                raise RefusedError(f"it uses the opcode {opcode.name}")
            self._steps[opcode.name](argument)
        (result,) = self._stack
        return result

    def _remember(self, key: int) -> None:
        self._memo[key] = self._stack[-1]

    def _tuple(self, count: int) -> None:
        values = tuple(self._stack[-count:])
        if len(values) != count:
            raise RefusedError("a tuple lacks values")
        self._stack[-count:] = [values]

    def _reduce(self, _: object) -> None:
        arguments, name = self._stack.pop(), self._stack.pop()
        self._stack.append(_made(name, arguments))

    def _build(self, _: object) -> None:
        state, target = self._stack.pop(), self._stack[-1]
        if isinstance(target, Setting):
            target.attributes = _dictionary(state).entries
        else:
            # The state of a dictionary is its `_metadata`: versions of modules, no values.
            _dictionary(target)

    def _new_object(self, _: object) -> None:
        arguments, name = self._stack.pop(), self._stack.pop()
        match name, arguments:
            case Name(text=text), () if text.startswith(SETTINGS):
                self._stack.append(Setting(text))
            case _:
                raise RefusedError("it makes an object that is no setting; nothing was run")

    def _extend(self, values: list[Any]) -> None:
        target = self._stack[-1]
        if not isinstance(target, list):
            raise RefusedError("it extends something that is no list")
        target += values

    def _set_item(self, _: object) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        _set(_dictionary(self._stack[-1]), key, value)

    def _set_items(self, _: object) -> None:
        items = self._popped_to_mark()
        target = _dictionary(self._stack[-1])
        for key, value in zip(items[::2], items[1::2], strict=True):
            _set(target, key, value)

    def _allowed(self, name: str) -> Name:
        known = name in {DICTIONARY, TENSOR, *STORAGES}
        if not known and self._settings:
            known = name == DEFAULTS or name.startswith((SETTINGS, *TYPES))
        if not known:
            raise RefusedError(f"it asks for {name.replace(' ', '.')!r}; nothing was run")
        return Name(name)

    def _popped_to_mark(self) -> list[Any]:
        for index in range(len(self._stack) - 1, -1, -1):
            if self._stack[index] is _MARK:
                values = self._stack[index + 1 :]
                del self._stack[index:]
                return values
        raise RefusedError("a mark is missing")


def _made(name: object, arguments: object) -> object:
    """What a call in the pickle makes: a dictionary or a tensor, never a call."""
    match name, arguments:
        case Name(text=text), () if text == DICTIONARY:
            return Dictionary()
        case Name(text=text), (Name(),) if text == DEFAULTS:
            return Dictionary()
        case Name(text=text), (Storage(values=values), offset, size, stride, bool(), hooks) if (
            text == TENSOR and isinstance(hooks, Dictionary) and not hooks.entries
        ):
            return _tensor(values, offset, size, stride)
        case _:
            raise RefusedError("it calls something that makes no plain tensor; nothing was run")


def _tensor(values: NDArray[Any], offset: object, size: object, stride: object) -> NDArray[Any]:
    """A view into the values of a storage; refused unless all of it is inside."""
    match offset, size, stride:
        case int(start), tuple(shape), tuple(steps) if len(shape) == len(steps) <= MOST_AXES:
            pass
        case _:
            raise RefusedError("a tensor has no usable shape")
    if not all(isinstance(value, int) and value >= 0 for value in (start, *shape, *steps)):
        raise RefusedError("a tensor has no usable shape")
    last = start + sum((count - 1) * step for count, step in zip(shape, steps, strict=True))
    inside = last < len(values) if all(shape) else start <= len(values)
    # A stride of zero would let a small file claim a tensor of any size.
    if not inside or math.prod(shape) > len(values):
        raise RefusedError("a tensor does not lie inside its storage")
    return np.lib.stride_tricks.as_strided(
        values[start:], shape, [step * values.itemsize for step in steps], writeable=False
    )


def _dictionary(value: object) -> Dictionary:
    if not isinstance(value, Dictionary):
        raise RefusedError("it fills something that is no dictionary")
    return value


def _set(target: Dictionary, key: object, value: object) -> None:
    if not isinstance(key, str | int):
        raise RefusedError("a key is neither text nor a number")
    target.entries[key] = value


def as_data(value: object) -> Any:  # noqa: ANN401 - data of any kind
    """What a pickle built, as dictionaries, lists, numbers, text and arrays.

    A container of settings becomes what it contains, a leaf its value.

    Raises
    ------
    ValueError
        When there is something else in it, or something that contains itself.
    """
    return _Plain().of(value)


class _Plain:
    """Turns each object once: a few bytes can refer to one object in very many places."""

    def __init__(self) -> None:
        self._made: dict[int, Any] = {}
        self._open: set[int] = set()

    def of(self, value: object) -> Any:  # noqa: ANN401 - as above
        if value is None or isinstance(value, str | int | float | np.ndarray):
            return value
        if id(value) in self._open:
            raise RefusedError("something contains itself")
        if id(value) not in self._made:
            self._open.add(id(value))
            self._made[id(value)] = self._turned(value)
            self._open.discard(id(value))
        return self._made[id(value)]

    def _turned(self, value: object) -> Any:  # noqa: ANN401 - as above
        match value:
            case Dictionary(entries=entries):
                return {key: self.of(entry) for key, entry in entries.items()}
            case list(entries) | tuple(entries):
                return [self.of(entry) for entry in entries]
            case Setting(attributes={"_content": content}):
                return self.of(content)
            case Setting(attributes={"_val": leaf}):
                return self.of(leaf)
        raise RefusedError("it holds something that is no data")
