"""Weights in 8 bits: rounded before the head is trained, kept in 8 bits in the graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from emoreport.training.voice.encoder import Encoder

STEPS = 127.0
"""Steps of an 8-bit weight to either side of 0."""

SMALLEST_PACKED = 50_000
"""Tensors with fewer elements are left as they are."""
TOLERANCE = 1e-5
"""Largest error allowed, in steps of the 8-bit scale: packing must not change the network."""


def round_weights(encoder: Encoder) -> None:
    """Round convolutions and matrices to 8 bits per output channel, in place.

    The head is trained on what the rounded encoder says, so that nothing changes on the way into
    the graph.
    """
    layers = [
        part
        for layer in encoder.layers
        for part in (
            layer.query,
            layer.key,
            layer.value,
            layer.output,
            layer.widen,
            layer.narrow,
        )
    ]
    with torch.no_grad():
        for part in (encoder.first, encoder.second, *layers):
            weight = part.weight
            largest = weight.flatten(1).abs().amax(dim=1).clamp_min(1e-12)
            scale = (largest / STEPS).reshape(-1, *[1] * (weight.ndim - 1))
            weight.copy_(torch.round(weight / scale) * scale)


def pack_graph(path: Path) -> int:
    """Replace float weights by 8-bit ones where that loses nothing; returns how many it were.

    Each becomes an int8 tensor, casts, and a product with one scale per channel. What does not
    fit is kept as float.
    """
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(str(path))
    kept, nodes = [], []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        packed = _packed(values)
        if packed is None:
            kept.append(tensor)
            continue
        whole, scales = packed
        names = (f"{tensor.name}_int8", f"{tensor.name}_scale")
        kept += [
            numpy_helper.from_array(whole, names[0]),
            numpy_helper.from_array(scales, names[1]),
        ]
        # Neither DequantizeLinear nor one cast straight to float: runtimes know both patterns and
        # answer with 8-bit arithmetic, which rounds the activations too. Two casts are worked out
        # once, when the graph is loaded.
        whole_32, wide = f"{tensor.name}_int32", f"{tensor.name}_wide"
        nodes += [
            helper.make_node("Cast", [names[0]], [whole_32], to=onnx.TensorProto.INT32),
            helper.make_node("Cast", [whole_32], [wide], to=onnx.TensorProto.FLOAT),
            helper.make_node("Mul", [wide, names[1]], [tensor.name]),
        ]
    ordered = [*nodes, *model.graph.node]
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(kept)
    model.graph.node.extend(ordered)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return len(nodes) // 3


def _packed(values: NDArray[Any]) -> tuple[NDArray[np.int8], NDArray[np.float32]] | None:
    """Whole numbers and their scales, or None if the tensor is not 8-bit at heart."""
    if values.dtype != np.float32 or values.ndim < 2 or values.size < SMALLEST_PACKED:
        return None
    for axis in range(2):
        others = tuple(dimension for dimension in range(values.ndim) if dimension != axis)
        scales = np.abs(values).max(axis=others, keepdims=True) / STEPS
        steps = values / np.where(scales > 0.0, scales, 1.0)
        if np.abs(steps - np.round(steps)).max() < TOLERANCE * STEPS:
            return np.round(steps).astype(np.int8), scales.astype(np.float32)
    return None
