"""The encoder of a released graph, so that new heads can be trained on it as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from emoreport.training.voice.encoder import Encoder

_MATRICES = ("query", "key", "value", "output", "widen", "narrow")
"""Linear layers of a transformer layer in the order of the computation."""


def read_encoder(path: Path) -> Encoder:
    """The encoder inside a graph made by `export` and `pack`, its weights still of 8 bits.

    Raises
    ------
    ValueError
        The graph is not of this encoder.
    """
    import onnx

    graph = onnx.load(str(path)).graph
    stored = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:  # of equal tensors the exporter keeps one
        if node.op_type == "Identity" and node.input[0] in stored:
            stored[node.output[0]] = stored[node.input[0]]
    names = {name.removesuffix("_int8") for name in stored if not name.endswith("_scale")}
    # The exporter leaves the turned matrices of linear layers nameless, but in their order.
    nameless = [
        node.input[1]
        for node in graph.node
        if node.op_type == "MatMul" and node.input[1] in names and "::" in node.input[1]
    ]
    encoder = Encoder()
    matrices = [
        f"layers.{layer}.{part}.weight"
        for layer in range(len(encoder.layers))
        for part in _MATRICES
    ]
    if len(nameless) != len(matrices):
        raise ValueError(f"{path}: {len(nameless)} matrices, expected {len(matrices)}")
    source = dict(zip(matrices, nameless, strict=True))
    state = {}
    for name, wanted in encoder.state_dict().items():
        found = _weights(stored, source.get(name, f"encoder.{name}"))
        if found is None:
            raise ValueError(f"{path}: no {name}")
        state[name] = torch.tensor(found.T if name in source else found).reshape(wanted.shape)
    encoder.load_state_dict(state)
    encoder.eval().requires_grad_(requires_grad=False)
    return encoder


def _weights(stored: dict[str, NDArray[Any]], name: str) -> NDArray[Any] | None:
    if name in stored:
        return stored[name]
    if f"{name}_int8" not in stored:
        return None
    whole = stored[f"{name}_int8"].astype(np.float32)
    return np.asarray(whole * stored[f"{name}_scale"], np.float32)
