"""Export a network from torch to an ONNX graph that other runtimes run."""

from __future__ import annotations

import importlib.util
import logging
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from emoreport.errors import ModelError
from emoreport.models.runtimes.runners import LOGITS

NEEDED: Final = ("onnx", "onnxscript")


def export_graph(
    network: Any,  # noqa: ANN401 - torch is not typed here
    examples: Mapping[str, NDArray[Any]],
    target: Path,
    *,
    fixed: Collection[tuple[str, int]] = (),
) -> None:
    """Write a network as an ONNX graph, weights in a file beside it (``<target>.data``).

    Its inputs are those of `examples`, by name and type; the output is ``logits``, float32
    (N, K). All axes of the inputs are free but those of `fixed`.

    Parameters
    ----------
    network
        The network, float32, on the processor.
    examples
        Inputs to show it, in their order.
    target
        The file to write.
    fixed
        Input and number of each axis that has one length only.

    Raises
    ------
    ModelError
        When the exporter is not installed or cannot export the network, or the file cannot be
        written.
    """
    import torch

    lacking = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if lacking:
        raise ModelError("models.exporting", names=" and ".join(lacking))
    free = tuple(
        {
            axis: torch.export.Dim.DYNAMIC
            for axis in range(example.ndim)
            if (name, axis) not in fixed
        }
        for name, example in examples.items()
    )
    try:
        with _silenced():
            program = torch.onnx.export(
                network,
                tuple(torch.from_numpy(example) for example in examples.values()),
                dynamo=True,
                verbose=False,
                input_names=list(examples),
                output_names=[LOGITS],
                dynamic_shapes=free,
            )
            _forget_sources(program.model)
            program.save(target, external_data=True)
    except Exception as error:  # torch's exporter raises errors of many kinds
        first = next(iter(str(error).splitlines()), "")
        raise ModelError(
            "models.export_fails", kind=type(error).__name__, error=first, file=target.parent
        ) from error


@contextmanager
def _silenced() -> Iterator[None]:
    """Keep the exporter's remarks on its own insides from the user."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnx_ir", "onnxscript")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def _forget_sources(model: Any) -> None:  # noqa: ANN401 - onnx_ir is not typed here
    """Drop the call stacks that the exporter notes at every node: they hold local paths."""
    for node in model.graph:
        node.metadata_props.clear()
    for value in model.graph.initializers.values():
        value.metadata_props.clear()
