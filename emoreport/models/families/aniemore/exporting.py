"""Export the network from torch to an ONNX graph that other runtimes run."""

from __future__ import annotations

import importlib.util
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from emoreport.errors import ModelError
from emoreport.models.families.aniemore.checkpoint import Checkpoint
from emoreport.models.families.aniemore.runners import AUDIO, FRAMES, LOGITS

if TYPE_CHECKING:
    from emoreport.models.families.aniemore.network import VoiceNetwork

EXAMPLE_SAMPLES: Final = (16_000, 12_345)
"""Lengths of the two clips that the network is shown; both axes of the graph stay free."""
NEEDED: Final = ("onnx", "onnxscript")


def export_graph(network: VoiceNetwork, checkpoint: Checkpoint, target: Path) -> None:
    """Write a network as an ONNX graph, weights in a file beside it (``<target>.data``).

    Inputs are ``audio``, float32 (N, T), normalised, and, where the checkpoint takes padding,
    ``frames``, int64 (N,): how many frames of each clip are not padding. The output is ``logits``,
    float32 (N, K). N and T are free.

    Parameters
    ----------
    network
        The network, float32, on the processor.
    checkpoint
        What it is.
    target
        The file to write.

    Raises
    ------
    ModelError
        When the exporter is not installed or cannot export the network, or the file cannot be
        written.
    """
    import torch

    lacking = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if lacking:
        raise ModelError(
            f"exporting needs {' and '.join(lacking)}", remedy='pip install "emoreport[full]"'
        )
    audio = torch.zeros(len(EXAMPLE_SAMPLES), max(EXAMPLE_SAMPLES))
    for row, samples in enumerate(EXAMPLE_SAMPLES):
        audio[row, :samples] = torch.linspace(-1.0, 1.0, samples)
    examples: dict[str, Any] = {AUDIO: audio}
    if checkpoint.masks:
        examples[FRAMES] = torch.tensor([checkpoint.frames(n) for n in EXAMPLE_SAMPLES])
    free = torch.export.Dim.DYNAMIC
    try:
        with _silenced():
            program = torch.onnx.export(
                network,
                tuple(examples.values()),
                dynamo=True,
                verbose=False,
                input_names=list(examples),
                output_names=[LOGITS],
                dynamic_shapes={
                    name: dict.fromkeys(range(example.ndim), free)
                    for name, example in examples.items()
                },
            )
            _forget_sources(program.model)
            program.save(target, external_data=True)
    except Exception as error:  # torch's exporter raises errors of many kinds
        first = next(iter(str(error).splitlines()), "")
        raise ModelError(
            f"cannot be exported ({type(error).__name__}: {first})",
            remedy="--speech-runtime torch runs it",
            file=checkpoint.folder,
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
