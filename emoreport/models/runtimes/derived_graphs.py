"""Graphs that are made from an exported one: with fixed shapes, with 8-bit weights."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from emoreport.errors import ModelError

Feeds = dict[str, NDArray[Any]]
"""``{input: array}``."""


def fix_shapes(source: Path, target: Path, shapes: Mapping[str, Sequence[int]]) -> None:
    """Write a graph again with fixed shapes of its inputs; it shares the file of weights.

    Parameters
    ----------
    source
        The graph.
    target
        The file to write, in the same folder.
    shapes
        ``{input: shape}``.

    Raises
    ------
    ModelError
        When it cannot be read or written.
    """
    import onnx

    try:
        model = onnx.load(source, load_external_data=False)
        for tensor in model.graph.input:
            axes = tensor.type.tensor_type.shape.dim
            for axis, size in zip(axes, shapes[tensor.name], strict=True):
                axis.Clear()
                axis.dim_value = size
        # What was noted of shapes further on holds for the free ones.
        del model.graph.value_info[:]
        for tensor in model.graph.output:
            tensor.type.tensor_type.ClearField("shape")
        target.write_bytes(model.SerializeToString())
    except Exception as error:  # onnx raises errors of several kinds
        raise ModelError("models.fixed_shapes", error=error, file=source) from error


def quantise(source: Path, target: Path, samples: Iterable[Feeds]) -> None:
    """Write a graph whose matrix products run in 8-bit integers; weights beside it.

    Weights are quantised by column, activations by the range that they have over `samples`
    (static quantisation of ONNX Runtime, as pairs of steps that every runtime knows).
    Convolutions, normalisation and attention keep their precision.

    Parameters
    ----------
    source
        The float32 graph.
    target
        The file to write, in the same folder.
    samples
        Inputs like those that the graph will be given, ``{input: array}`` each.

    Raises
    ------
    ModelError
        When the graph cannot be quantised.
    """
    import onnx
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    # Beside the source, whose file of weights it shares.
    plain = source.with_name(f".{source.name}")
    try:
        graph = onnx.load(source, load_external_data=False)
        # ONNX Runtime turns matrices and leaves their noted shapes as they were.
        del graph.graph.value_info[:]
        plain.write_bytes(graph.SerializeToString())
        with _no_advice():
            quantize_static(
                plain,
                target,
                _reader(samples),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=["MatMul"],
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                use_external_data_format=True,
                extra_options={"MatMulConstBOnly": True, "QuantizeBias": False},
            )
    except Exception as error:  # onnx and ONNX Runtime raise errors of several kinds
        raise ModelError("models.quantise", error=error, file=source) from error
    finally:
        plain.unlink(missing_ok=True)


def _reader(samples: Iterable[Feeds]) -> Any:  # noqa: ANN401 - ONNX Runtime is not typed here
    """Samples in the dress that ONNX Runtime wants."""
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):  # type: ignore[misc]  # as above
        def __init__(self) -> None:
            self._left = iter(samples)

        def get_next(self) -> Feeds | None:
            return next(self._left, None)

    return Reader()


@contextmanager
def _no_advice() -> Iterator[None]:
    """Keep ONNX Runtime's advice on preparing graphs, given on the root logger, from the user."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
