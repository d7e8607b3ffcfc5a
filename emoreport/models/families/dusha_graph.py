"""The network of the Dusha voice model as an ONNX graph, made from the weights of its checkpoint.

A MobileNetV2 with one self-attention layer over all positions of the spectrogram (Kondratenko et
al., 2022: "Large Raw Emotional Dataset with Aggregation Mechanism", arXiv:2212.12266). The
checkpoint holds weights only, so the layers are written here; the shapes and
names of its tensors say whether they are the right ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from emoreport.errors import ModelError

if TYPE_CHECKING:
    from onnx import NodeProto

INPUT: Final = "features"
OUTPUT: Final = "logits"
BANDS: Final = 64
CLASSES: Final = 4
STEM_CHANNELS: Final = 4
BLOCKS: Final = ((1, 16, 1, 1), (2, 32, 2, 2), (2, 64, 6, 2), (2, 128, 6, 2))
"""Inverted residuals: expansion, channels, repeats, stride of the first."""
LAST_CHANNELS: Final = 128
QUERY_CHANNELS: Final = 16
NORM_EPSILON: Final = 1e-5
"""Of batch normalisation; PyTorch's default, which the publisher kept."""
OPSET: Final = 17
IR_VERSION: Final = 9
"""Layout of the file that ONNX Runtime 1.20, the oldest one allowed, reads."""

State = Mapping[str, NDArray[Any]]


def dusha_graph(state: State, *, file: Path) -> bytes:
    """Make the graph ``features`` float32 (N, 1, 64, T) → ``logits`` float32 (N, 4).

    Parameters
    ----------
    state
        Every tensor of the checkpoint by its published name.
    file
        The checkpoint, for messages.

    Returns
    -------
    The serialised ONNX model; T ≥ 1 is free, and so is N.

    Raises
    ------
    ModelError
        When a tensor is missing, left over, of another shape or type, or not finite.
    """
    from onnx import TensorProto, checker, helper, numpy_helper

    builder = _Builder()
    builder.network()
    _check(state, builder.expected, file)
    constants = {**{name: state[name] for name in builder.inputs}, **_CONSTANTS}
    shape = ["N", 1, BANDS, "T"]
    graph = helper.make_graph(
        builder.nodes,
        "dusha",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["N", CLASSES])],
        [
            numpy_helper.from_array(np.ascontiguousarray(value), name)
            for name, value in constants.items()
        ],
    )
    opset = helper.make_opsetid("", OPSET)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION)
    checker.check_model(model)
    return bytes(model.SerializeToString())


_CONSTANTS: Final[Mapping[str, NDArray[Any]]] = {
    "zero": np.array(0.0, np.float32),
    "six": np.array(6.0, np.float32),
    "flat": np.array([0, LAST_CHANNELS, -1], np.int64),
}


class _Builder:
    """Collects the nodes of the graph and what the checkpoint must hold for them.

    Attributes
    ----------
    nodes
        Nodes in the order of the computation.
    expected
        Shape and type of every tensor of the checkpoint.
    inputs
        Names of the tensors that the nodes read.
    """

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.expected: dict[str, tuple[tuple[int, ...], str]] = {}
        self.inputs: list[str] = []

    def network(self) -> None:
        """Add all layers."""
        tensor = self._convolution(INPUT, "features.0.0", 1, STEM_CHANNELS, size=3)
        tensor = self._bounded(self._normalised(tensor, "features.0.1", STEM_CHANNELS))
        channels, number = STEM_CHANNELS, 1
        for expansion, width, repeats, first_stride in BLOCKS:
            for stride in (first_stride, *[1] * (repeats - 1)):
                tensor = self._block(
                    tensor, f"features.{number}", channels, width, expansion, stride
                )
                channels, number = width, number + 1
        last = f"features.{number}"
        tensor = self._convolution(tensor, f"{last}.0", channels, LAST_CHANNELS, size=1)
        tensor = self._bounded(self._normalised(tensor, f"{last}.1", LAST_CHANNELS))
        tensor = self._attention(tensor, "pooling.0")
        tensor = self._node("ReduceMean", [tensor], axes=[2], keepdims=0)
        weight = self._tensor("classifier.weight", CLASSES, LAST_CHANNELS)
        bias = self._tensor("classifier.bias", CLASSES)
        self._node("Gemm", [tensor, weight, bias], output=OUTPUT, transB=1)

    def _block(
        self, source: str, name: str, channels: int, width: int, expansion: int, stride: int
    ) -> str:
        """Inverted residual: widen, filter every channel, narrow; added to its input if it can."""
        tensor, wide, step = source, channels * expansion, 0
        if expansion != 1:
            tensor = self._convolution(tensor, f"{name}.conv.0.0", channels, wide, size=1)
            tensor = self._bounded(self._normalised(tensor, f"{name}.conv.0.1", wide))
            step = 1
        filters = f"{name}.conv.{step}"
        tensor = self._convolution(
            tensor, f"{filters}.0", 1, wide, size=3, stride=stride, groups=wide
        )
        tensor = self._bounded(self._normalised(tensor, f"{filters}.1", wide))
        tensor = self._convolution(tensor, f"{name}.conv.{step + 1}", wide, width, size=1)
        tensor = self._normalised(tensor, f"{name}.conv.{step + 2}", width)
        if stride == 1 and channels == width:
            tensor = self._node("Add", [source, tensor])
        return tensor

    def _attention(self, source: str, name: str) -> str:
        """Self-attention over all P positions, (N, C, bands, frames) → (N, C, P).

        The weights sum to 1 over the *first* of the two position axes of qᵀk, that of the queries,
        as in the publisher's network; attention elsewhere takes the other one.
        """
        flat = self._node("Reshape", [source, "flat"])
        query, key, value = (
            self._node(
                "Conv", [flat, self._tensor(f"{name}.{part}.weight", width, LAST_CHANNELS, 1)]
            )
            for part, width in (
                ("query", QUERY_CHANNELS),
                ("key", QUERY_CHANNELS),
                ("value", LAST_CHANNELS),
            )
        )
        turned = self._node("Transpose", [query], perm=[0, 2, 1])
        weights = self._node("Softmax", [self._node("MatMul", [turned, key])], axis=1)
        heard = self._node("MatMul", [value, weights])
        scaled = self._node("Mul", [heard, self._tensor(f"{name}.gamma", 1)])
        return self._node("Add", [scaled, flat])

    def _convolution(
        self,
        source: str,
        name: str,
        channels: int,
        width: int,
        *,
        size: int,
        stride: int = 1,
        groups: int = 1,
    ) -> str:
        weight = self._tensor(f"{name}.weight", width, channels, size, size)
        return self._node(
            "Conv",
            [source, weight],
            kernel_shape=[size, size],
            strides=[stride, stride],
            pads=[size // 2] * 4,
            group=groups,
        )

    def _normalised(self, source: str, name: str, width: int) -> str:
        parts = ("weight", "bias", "running_mean", "running_var")
        tensors = [self._tensor(f"{name}.{part}", width) for part in parts]
        # Counts the batches of the training; nothing is computed with it.
        self.expected[f"{name}.num_batches_tracked"] = ((), "int64")
        return self._node("BatchNormalization", [source, *tensors], epsilon=NORM_EPSILON)

    def _bounded(self, source: str) -> str:
        return self._node("Clip", [source, "zero", "six"])

    def _tensor(self, name: str, *shape: int) -> str:
        self.expected[name] = (shape, "float32")
        self.inputs.append(name)
        return name

    def _node(self, kind: str, inputs: list[str], *, output: str = "", **attributes: Any) -> str:  # noqa: ANN401 - attributes of ONNX nodes have several types
        from onnx import helper

        output = output or f"value_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output


def _check(state: State, expected: Mapping[str, tuple[tuple[int, ...], str]], file: Path) -> None:
    """Refuse a checkpoint that is not exactly of this network."""
    missing = [f"{name} is missing" for name in expected if name not in state]
    left_over = [f"{name} is left over" for name in state if name not in expected]
    differing = [
        f"{name} is {stored.dtype} {stored.shape}, expected {kind} {shape}"
        for name, (shape, kind) in expected.items()
        if (stored := state.get(name)) is not None
        and (stored.shape, stored.dtype.name) != (shape, kind)
    ]
    faults = missing + left_over + differing
    if not faults:
        faults = [
            f"{name} is not finite" for name in expected if not np.isfinite(state[name]).all()
        ]
    if faults:
        more = f" and {len(faults) - 5} more" if len(faults) > 5 else ""
        raise ModelError("models.not_dusha", faults=", ".join(faults[:5]), more=more, file=file)
