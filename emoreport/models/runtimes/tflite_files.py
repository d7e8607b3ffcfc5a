"""Read a small TensorFlow Lite network as data and write it as an ONNX graph.

For networks of plain convolutions only. What such a file may hold is described in
tensorflow/compiler/mlir/lite/schema/schema.fbs; a FlatBuffer is tables of offsets, which need no
library (https://flatbuffers.dev/internals).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from emoreport.errors import ModelError

if TYPE_CHECKING:
    from onnx import NodeProto

OPSET: Final = 17
IR_VERSION: Final = 9
"""Layout of the file that ONNX Runtime 1.20, the oldest one allowed, reads."""

_TYPES: Final = {0: "<f4", 1: "<f2", 2: "<i4"}
_AXES: Final = 4
_CHANNELS: Final = 3
_SAME: Final = 0
"""`Padding` of the schema: the result is as large as the input ÷ stride, rounded up."""
_TO_NCHW: Final = (0, 3, 1, 2)
_TO_NHWC: Final = (0, 2, 3, 1)


def onnx_of_tflite(content: bytes) -> bytes:
    """The network of a ``.tflite`` file as an ONNX graph, channels first.

    Parameters
    ----------
    content
        The file.

    Returns
    -------
    A serialised graph of the same inputs and outputs by name. Tensors of four axes have their
    channels second; those of three axes are as they were.

    Raises
    ------
    ModelError
        When this is no such file, or it holds an operation, a type or an option that is not known
        here.
    """
    try:
        return _Writer(_Table.root(content)).graph()
    except (struct.error, IndexError, ValueError, KeyError, TypeError) as error:
        raise ModelError("models.not_loaded", error=f"{type(error).__name__}: {error}") from error


@dataclass(frozen=True, slots=True)
class _Table:
    """One table of a FlatBuffer: fields by their number in the schema."""

    content: bytes
    at: int

    @classmethod
    def root(cls, content: bytes) -> _Table:
        return cls(content, _read("<I", content, 0))

    def number(self, which: int, layout: str, default: int = 0) -> int:
        place = self._place(which)
        return default if place is None else _read(layout, self.content, place)

    def table(self, which: int) -> _Table:
        return self._table_at(self._required(which))

    def tables(self, which: int) -> list[_Table]:
        start, count = self._vector(which)
        return [self._table_at(start + 4 * number) for number in range(count)]

    def numbers(self, which: int) -> list[int]:
        start, count = self._vector(which)
        return list(struct.unpack_from(f"<{count}i", self.content, start))

    def data(self, which: int) -> bytes:
        start, count = self._vector(which)
        return self.content[start : start + count]

    def text(self, which: int) -> str:
        return self.data(which).decode()

    def _vector(self, which: int) -> tuple[int, int]:
        place = self._place(which)
        if place is None:
            return 0, 0
        start = place + _read("<I", self.content, place)
        return start + 4, _read("<I", self.content, start)

    def _table_at(self, place: int) -> _Table:
        return _Table(self.content, place + _read("<I", self.content, place))

    def _required(self, which: int) -> int:
        place = self._place(which)
        if place is None:
            raise ValueError(f"field {which} is missing")
        return place

    def _place(self, which: int) -> int | None:
        fields = self.at - _read("<i", self.content, self.at)
        where = 4 + 2 * which
        if where >= _read("<H", self.content, fields):
            return None
        offset = _read("<H", self.content, fields + where)
        return self.at + offset if offset else None


def _read(layout: str, content: bytes, at: int) -> int:
    (number,) = struct.unpack_from(layout, content, at)
    return int(number)


@dataclass
class _Writer:
    """Operation by operation from one format to the other."""

    model: _Table
    _nodes: list[NodeProto] = field(default_factory=list)
    _constants: dict[str, NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        graphs = self.model.tables(2)
        if len(graphs) != 1:
            raise ValueError(f"it holds {len(graphs)} graphs")
        self._graph = graphs[0]
        self._tensors = self._graph.tables(0)
        self._buffers = self.model.tables(4)
        self._codes = [
            max(code.number(0, "<b"), code.number(3, "<i")) for code in self.model.tables(1)
        ]
        self._dequantised: dict[int, NDArray[Any]] = {}

    def graph(self) -> bytes:
        from onnx import TensorProto, checker, helper, numpy_helper

        steps: dict[int, Callable[[_Table, list[int], int], None]] = {
            0: self._add,
            2: self._concatenate,
            3: self._convolve,
            4: self._convolve,
            6: self._dequantise,
            17: self._pool,
            19: lambda _, inputs, output: self._node("Relu", inputs, output),
            22: self._reshape,
            34: self._pad,
        }
        for operator in self._graph.tables(3):
            code = self._codes[operator.number(0, "<I")]
            (output,) = operator.numbers(2)
            steps[code](operator, operator.numbers(1), output)

        def described(numbers: list[int]) -> list[Any]:
            return [
                helper.make_tensor_value_info(
                    self._name(number), TensorProto.FLOAT, self._turned_shape(number)
                )
                for number in numbers
            ]

        graph = helper.make_graph(
            self._nodes,
            "tflite",
            described(self._graph.numbers(1)),
            described(self._graph.numbers(2)),
            [
                numpy_helper.from_array(np.ascontiguousarray(value), name)
                for name, value in self._constants.items()
            ],
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
        )
        checker.check_model(model)
        return bytes(model.SerializeToString())

    def _name(self, number: int) -> str:
        return self._tensors[number].text(3)

    def _shape(self, number: int) -> list[int]:
        return self._tensors[number].numbers(0)

    def _turned_shape(self, number: int) -> list[int]:
        shape = self._shape(number)
        return [shape[axis] for axis in _TO_NCHW] if len(shape) == _AXES else shape

    def _constant(self, number: int) -> NDArray[Any]:
        if number in self._dequantised:
            return self._dequantised[number]
        tensor = self._tensors[number]
        data = self._buffers[tensor.number(2, "<I")].data(0)
        return np.frombuffer(data, _TYPES[tensor.number(1, "<b")]).reshape(self._shape(number))

    def _keep(self, name: str, value: NDArray[Any]) -> str:
        self._constants[name] = value
        return name

    def _node(
        self,
        kind: str,
        inputs: list[int],
        output: int,
        further: list[str] | None = None,
        **options: Any,  # noqa: ANN401 - values of ONNX attributes
    ) -> None:
        from onnx import helper

        names = [*(self._name(number) for number in inputs), *(further or [])]
        self._nodes.append(helper.make_node(kind, names, [self._name(output)], **options))

    def _dequantise(self, _: _Table, inputs: list[int], output: int) -> None:
        self._dequantised[output] = self._constant(inputs[0]).astype(np.float32)

    def _add(self, operator: _Table, inputs: list[int], output: int) -> None:
        _no_activation(operator, 0)
        self._node("Add", inputs, output)

    def _concatenate(self, operator: _Table, inputs: list[int], output: int) -> None:
        _no_activation(operator, 1)
        if len(self._shape(output)) == _AXES:
            raise ValueError("a concatenation of pictures")
        self._node("Concat", inputs, output, axis=operator.table(4).number(0, "<i"))

    def _convolve(self, operator: _Table, inputs: list[int], output: int) -> None:
        options, picture = operator.table(4), inputs[0]
        weights, bias = (self._constant(number) for number in inputs[1:])
        by_channel = self._codes[operator.number(0, "<I")] == 4
        _no_activation(operator, 4 if by_channel else 3)
        dilations = (5, 6) if by_channel else (4, 5)
        if any(options.number(which, "<i", 1) != 1 for which in dilations):
            raise ValueError("a dilated convolution")
        if by_channel:
            if options.number(3, "<i", 1) != 1:
                raise ValueError("a convolution that multiplies channels")
            weights = weights.transpose(_CHANNELS, 0, 1, 2)
        else:
            weights = weights.transpose(_TO_NCHW)
        sides = weights.shape[2:]
        strides = [options.number(2, "<i"), options.number(1, "<i")]
        before, after = self._borders(picture, output, options.number(0, "<b"), sides, strides)
        name = self._name(output)
        self._node(
            "Conv",
            [picture],
            output,
            [self._keep(f"{name}:weights", weights), self._keep(f"{name}:bias", bias)],
            kernel_shape=list(sides),
            strides=strides,
            pads=[*before, *after],
            group=len(weights) if by_channel else 1,
        )

    def _pool(self, operator: _Table, inputs: list[int], output: int) -> None:
        options = operator.table(4)
        _no_activation(operator, 5)
        sides = (options.number(4, "<i"), options.number(3, "<i"))
        strides = [options.number(2, "<i"), options.number(1, "<i")]
        before, after = self._borders(inputs[0], output, options.number(0, "<b"), sides, strides)
        self._node(
            "MaxPool",
            inputs,
            output,
            kernel_shape=list(sides),
            strides=strides,
            pads=[*before, *after],
        )

    def _borders(
        self,
        picture: int,
        output: int,
        padding: int,
        sides: tuple[int, ...],
        strides: list[int],
    ) -> tuple[list[int], list[int]]:
        """Rows and columns added before and after a picture."""
        lacking = [0, 0]
        if padding == _SAME:
            whole, rest = self._shape(picture)[1:3], self._shape(output)[1:3]
            lacking = [
                max((out - 1) * stride + side - size, 0)
                for out, stride, side, size in zip(rest, strides, sides, whole, strict=True)
            ]
        return [count // 2 for count in lacking], [count - count // 2 for count in lacking]

    def _pad(self, _: _Table, inputs: list[int], output: int) -> None:
        borders = self._constant(inputs[1]).astype(np.int64)[list(_TO_NCHW)]
        name = self._keep(f"{self._name(output)}:borders", borders.T.ravel())
        self._node("Pad", inputs[:1], output, [name])

    def _reshape(self, _: _Table, inputs: list[int], output: int) -> None:
        from onnx import helper

        if len(self._shape(inputs[0])) != _AXES or len(self._shape(output)) == _AXES:
            raise ValueError("a change of shape that is not the end of a picture")
        turned = f"{self._name(output)}:turned"
        source = self._name(inputs[0])
        self._nodes.append(helper.make_node("Transpose", [source], [turned], perm=list(_TO_NHWC)))
        shape = np.array(self._shape(output), np.int64)
        name = self._keep(f"{turned}:shape", shape)
        self._nodes.append(helper.make_node("Reshape", [turned, name], [self._name(output)]))


def _no_activation(operator: _Table, which: int) -> None:
    """Refuse an operation that ends in a function of its own; `which` is its field."""
    if operator._place(4) is not None and operator.table(4).number(which, "<b"):  # noqa: SLF001
        raise ValueError("an activation inside another operation")
