"""Large convolutions in 8-bit integers."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import onnx

from emoreport.training.face.graph import INPUT_NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

_BATCH: Final = 64


class _Samples:
    """Feeds sample pictures to ONNX Runtime's calibrator, a batch at a time."""

    def __init__(self, images: npt.NDArray[np.uint8]) -> None:
        self._starts = iter(range(0, len(images), _BATCH))
        self._images = images

    def get_next(self) -> dict[str, npt.NDArray[np.float32]] | None:
        """Return the next batch, None at the end."""
        start = next(self._starts, None)
        if start is None:
            return None
        return {INPUT_NAME: self._images[start : start + _BATCH, None].astype(np.float32)}

    def __iter__(self) -> _Samples:
        return self

    def __next__(self) -> dict[str, npt.NDArray[np.float32]]:
        batch = self.get_next()
        if batch is None:
            raise StopIteration
        return batch


def quantised(
    model: onnx.ModelProto, heavy: Sequence[str], images: npt.NDArray[np.uint8]
) -> onnx.ModelProto:
    """Return the model with its ``heavy`` convolutions in integers.

    Inputs of those convolutions become unsigned 8-bit with a fixed scale, kernels signed
    7-bit per channel (8 bits would overflow the 16-bit sums of processors without VNNI),
    results float again. Scales are fixed, so a picture's answer does not depend on its batch.

    Parameters
    ----------
    images
        (N, 48, 48) uint8 sample pictures that show the ranges of the maps.
    """
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    with tempfile.TemporaryDirectory() as folder:
        plain, done = Path(folder) / "plain.onnx", Path(folder) / "done.onnx"
        onnx.save(widened(model), plain)
        samples: Any = _Samples(images)
        quantize_static(
            plain,
            done,
            samples,
            quant_format=QuantFormat.QDQ,
            nodes_to_quantize=list(heavy),
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        return onnx.load(done)


def widened(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model with its half-precision kernels stored as float32, without Casts."""
    from onnx import numpy_helper

    wide = onnx.ModelProto()
    wide.CopyFrom(model)
    graph = wide.graph
    halves = {
        value.name: numpy_helper.to_array(value).astype(np.float32)
        for value in graph.initializer
        if value.data_type == onnx.TensorProto.FLOAT16
    }
    keep = [value for value in graph.initializer if value.name not in halves]
    nodes = []
    for node in graph.node:
        if node.op_type == "Cast" and node.input[0] in halves:
            keep.append(numpy_helper.from_array(halves[node.input[0]], node.output[0]))
        else:
            nodes.append(node)
    del graph.initializer[:]
    graph.initializer.extend(keep)
    del graph.node[:]
    graph.node.extend(nodes)
    return wide
