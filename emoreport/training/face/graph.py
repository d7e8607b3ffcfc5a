"""The compact net as an ONNX graph, built node by node.

The net is small, the result does not depend on an exporter's version, and kernels can be
stored in half precision (a Cast that the runtime folds away when it loads the file).
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from emoreport.training.face.data import LABELS
from emoreport.training.face.network import CONTRAST_FLOOR, CompactFaceNet, ConvNorm

if TYPE_CHECKING:
    import numpy.typing as npt
    import onnx

    from emoreport.training.face.network import ResidualBlock

OPSET: Final = 17
IR_VERSION: Final = 8
SIDE_PX: Final = 48
INPUT_NAME: Final = "face"
OUTPUT_NAME: Final = "logits"


def deployable(net: CompactFaceNet, bias: npt.NDArray[np.float64]) -> CompactFaceNet:
    """Return a copy with norms fused, ``bias`` (8,) in the head, kernels rounded to half.

    The result computes in float32; it is what the graph must reproduce.
    """
    net = copy.deepcopy(net).eval().to(memory_format=torch.contiguous_format)
    for module in net.modules():
        if isinstance(module, ConvNorm):
            module.conv = fuse_conv_bn_eval(module.conv, module.norm)
            module.norm = nn.Identity()
    with torch.no_grad():
        net.head.bias += torch.from_numpy(bias).to(net.head.bias.dtype)
        for module in net.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                module.weight.copy_(module.weight.half().float())
    return net


class GraphBuilder:
    """Collects nodes and initialisers; every method returns the name of its output.

    All names begin with ``prefix``, so that a piece can join another graph.
    """

    def __init__(self, prefix: str = "") -> None:
        from onnx import helper, numpy_helper

        self._helper, self._numpy, self._prefix = helper, numpy_helper, prefix
        self.nodes: list[onnx.NodeProto] = []
        self.initialisers: list[onnx.TensorProto] = []
        self.heavy: list[str] = []

    def add(self, kind: str, *inputs: str, output: str | None = None, **attributes: object) -> str:
        """Append one node."""
        name = output or f"{self._prefix}{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(self._helper.make_node(kind, list(inputs), [name], name, **attributes))
        return name

    def constant(self, value: npt.NDArray[np.generic]) -> str:
        """Append one initialiser."""
        name = f"{self._prefix}value_{len(self.initialisers)}"
        self.initialisers.append(self._numpy.from_array(value, name))
        return name

    def kernel(self, weight: torch.Tensor) -> str:
        """Append a weight stored in half precision and widened in the graph."""
        half = self.constant(weight.detach().half().numpy())
        return self.add("Cast", half, to=self._helper.np_dtype_to_tensor_dtype(np.dtype("float32")))

    def conv(self, maps: str, conv: nn.Conv2d, *, heavy: bool = False) -> str:
        """Append a convolution with bias; ``heavy`` ones may be done in integers."""
        bias = self.constant(_bias(conv).detach().float().numpy())
        (stride, _), (kernel, _), pad = conv.stride, conv.kernel_size, int(conv.padding[0])
        name = self.add(
            "Conv",
            maps,
            self.kernel(conv.weight),
            bias,
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=[pad] * 4,
        )
        if heavy:
            self.heavy.append(name)
        return name


def _bias(conv: nn.Conv2d) -> torch.Tensor:
    if conv.bias is None:
        msg = "a convolution without bias: fuse the norms before building the graph"
        raise ValueError(msg)
    return conv.bias


def _block(graph: GraphBuilder, maps: str, block: ResidualBlock) -> str:
    out = graph.add("Relu", graph.conv(maps, block.first.conv, heavy=True))
    out = graph.conv(out, block.second.conv, heavy=True)
    mean = graph.add("GlobalAveragePool", out)
    squeezed = graph.add("Relu", graph.conv(mean, block.gate.squeeze))
    gate = graph.add("Sigmoid", graph.conv(squeezed, block.gate.excite))
    out = graph.add("Mul", out, gate)
    if block.shortcut is not None:
        if block.stride != 1:
            size = [block.stride, block.stride]
            maps = graph.add("AveragePool", maps, kernel_shape=size, strides=size)
        maps = graph.conv(maps, block.shortcut.conv, heavy=True)
    return graph.add("Relu", graph.add("Add", out, maps))


def _normalised(graph: GraphBuilder, face: str) -> str:
    mean = graph.add("ReduceMean", face, axes=[2, 3], keepdims=1)
    centred = graph.add("Sub", face, mean)
    squares = graph.add("Mul", centred, centred)
    variance = graph.add("ReduceMean", squares, axes=[2, 3], keepdims=1)
    floor = graph.constant(np.array(CONTRAST_FLOOR, dtype=np.float32))
    return graph.add("Div", centred, graph.add("Sqrt", graph.add("Add", variance, floor)))


def moved_rows(rows_px: int) -> npt.NDArray[np.int64]:
    """Return the rows (48,) of a crop that lies ``rows_px`` lower; the edge repeats."""
    return np.clip(np.arange(SIDE_PX, dtype=np.int64) + rows_px, 0, SIDE_PX - 1)


def _mirrored(graph: GraphBuilder, maps: str, rows_px: tuple[int, int]) -> str:
    """Append the mirror image of every picture behind the batch, both moved."""
    backwards = graph.constant(np.arange(SIDE_PX - 1, -1, -1, dtype=np.int64))
    mirrored = graph.add("Gather", maps, backwards, axis=3)
    views = [
        graph.add("Gather", view, graph.constant(moved_rows(rows)), axis=2) if rows else view
        for view, rows in zip((maps, mirrored), rows_px, strict=True)
    ]
    return graph.add("Concat", *views, axis=0)


def build_graph(
    net: CompactFaceNet, *, mirror: bool, rows_px: tuple[int, int] = (0, 0)
) -> tuple[onnx.ModelProto, list[str]]:
    """Return the ONNX model of a net from :func:`deployable`, and its heavy convolutions.

    Input ``face`` (N, 1, 48, 48) float32 grey levels 0-255, N free; output ``logits`` (N, 8).

    Parameters
    ----------
    mirror
        Average the logits of the picture and its mirror image.
    rows_px
        Rows by which these two views lie lower than the picture; negative is higher.
    """
    import onnx
    from onnx import TensorProto, helper

    graph = GraphBuilder()
    maps = _normalised(graph, INPUT_NAME)
    views = _mirrored(graph, maps, rows_px) if mirror else maps
    maps = graph.add("Relu", graph.conv(views, net.stem.conv))
    for block in net.blocks:
        maps = _block(graph, maps, block)
    pooled = graph.add("Flatten", graph.add("GlobalAveragePool", maps), axis=1)
    if mirror:
        pairs = graph.constant(np.array([2, -1, net.head.in_features], dtype=np.int64))
        both = graph.add("Reshape", pooled, pairs)
        pooled = graph.add("ReduceMean", both, axes=[0], keepdims=0)
    head_bias = graph.constant(net.head.bias.detach().float().numpy())
    graph.add(
        "Gemm", pooled, graph.kernel(net.head.weight), head_bias, output=OUTPUT_NAME, transB=1
    )
    face = helper.make_tensor_value_info(INPUT_NAME, TensorProto.FLOAT, ["N", 1, SIDE_PX, SIDE_PX])
    logits = helper.make_tensor_value_info(OUTPUT_NAME, TensorProto.FLOAT, ["N", len(LABELS)])
    built = helper.make_graph(graph.nodes, "face_compact", [face], [logits], graph.initialisers)
    model = helper.make_model(
        built, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="emoreport"
    )
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model, full_check=True)
    return model, graph.heavy
