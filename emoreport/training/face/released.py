"""The net inside a released graph, so that training can go on from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from emoreport.training.face.network import CompactFaceNet, ConvNorm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy.typing as npt
    from torch import Tensor, nn


def read_net(path: Path, faces: Tensor, dropout: float) -> CompactFaceNet:
    """Return the net of a graph made by :func:`emoreport.training.face.graph.build_graph`.

    The graph's norms are fused into its convolutions. They come back with the statistics of
    `faces`, and with the scale and offset that leave the net's answers as they are.

    Parameters
    ----------
    path
        The graph, in floats or integers, with or without its mirror image.
    faces
        (N, 1, H, W) float, grey levels 0-255, as training shows them.

    Raises
    ------
    ValueError
        The graph is not of this net.
    """
    graph = onnx.load(str(path)).graph
    weights = _Weights(graph)
    net = CompactFaceNet(dropout=dropout).eval()
    # Quantising shuffles the nodes, but their names tell the order.
    convolutions = sorted(
        (node for node in graph.node if node.op_type == "Conv"),
        key=lambda node: int(node.name.removesuffix("_quant").rpartition("_")[2]),
    )
    layers = list(_layers(net))
    heads = [node for node in graph.node if node.op_type == "Gemm"]
    if len(convolutions) != len(layers) or len(heads) != 1:
        raise ValueError(f"{path}: {len(convolutions)} convolutions, expected {len(layers)}")
    with torch.no_grad():
        for node, layer in zip(convolutions, layers, strict=True):
            weight, bias = (torch.tensor(weights[name]) for name in node.input[1:3])
            if isinstance(layer, ConvNorm):
                layer.conv.weight.copy_(weight)
                _undo(layer.norm, bias)
            else:
                layer.weight.copy_(weight)
                layer.bias.copy_(bias)
        net.head.weight.copy_(torch.tensor(weights[heads[0].input[1]]))
        net.head.bias.copy_(torch.tensor(weights[heads[0].input[2]]))
    _set_statistics(net, faces)
    return cast("CompactFaceNet", net)


class _Weights:
    """Weights of a graph by the name of the value that a node reads."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
        self._made = {output: node for node in graph.node for output in node.output}

    def __getitem__(self, name: str) -> npt.NDArray[np.float32]:
        if name in self._stored:
            return cast("npt.NDArray[np.float32]", self._stored[name].astype(np.float32))
        node = self._made[name]
        if node.op_type == "Cast":
            return self[node.input[0]]
        if node.op_type != "DequantizeLinear":
            raise ValueError(f"{name}: {node.op_type} is not known here")
        whole, scale, *zero = (self[source] for source in node.input)
        outputs = (-1,) + (1,) * (whole.ndim - 1) if scale.ndim else ()
        centred = whole - zero[0].reshape(outputs) if zero else whole
        return centred * scale.reshape(outputs)


def _layers(net: CompactFaceNet) -> Iterator[ConvNorm | nn.Conv2d]:
    """The convolutions in the order in which the graph computes them."""
    yield net.stem
    for block in net.blocks:
        yield from (block.first, block.second, block.gate.squeeze, block.gate.excite)
        if block.shortcut is not None:
            yield block.shortcut


def _undo(norm: nn.BatchNorm2d, bias: Tensor) -> None:
    """Make the norm add `bias` and do nothing else."""
    norm.weight.fill_(1.0)
    norm.bias.copy_(bias)
    norm.running_mean.zero_()
    norm.running_var.fill_(1.0 - norm.eps)


def _set_statistics(net: CompactFaceNet, faces: Tensor) -> None:
    """Give every norm the statistics of `faces`, and leave what the net computes as it is."""
    statistics: dict[ConvNorm, tuple[Tensor, Tensor]] = {}

    def keep(layer: ConvNorm, maps: Tensor) -> None:
        dims = (0, 2, 3)
        statistics[layer] = maps.mean(dim=dims), maps.var(dim=dims, correction=0).clamp(min=1e-4)

    layers = [layer for layer in net.modules() if isinstance(layer, ConvNorm)]
    hooks = [
        layer.conv.register_forward_hook(lambda _, __, maps, layer=layer: keep(layer, maps))
        for layer in layers
    ]
    with torch.no_grad():
        net(faces)
        for hook in hooks:
            hook.remove()
        for layer, (mean, variance) in statistics.items():
            norm = layer.norm
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(variance)
            norm.weight.copy_(torch.sqrt(variance + norm.eps))
            norm.bias.add_(mean)
