"""From torch to head.onnx, and the check that both answer alike."""

from __future__ import annotations

import copy
import io
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import torch
from torch import nn

from emoreport.errors import ModelError
from emoreport.heads.head import OUTPUT
from emoreport.heads.window_scores import MASKS, as_inputs
from emoreport.models.runtimes.opening import open_graph
from emoreport.records import FloatArray, Modality
from emoreport.training.heads.networks import AnsweringHead, CausalBlock, NormedConvolution

OPSET: Final = 17
CLOSE: Final = 1e-5
LENGTHS: Final = (1, 2, 7, 40, 133)
"""Steps of the windows on which torch and the graph are compared."""


def export_head(head: AnsweringHead, widths: Mapping[Modality, int], path: Path) -> None:
    """Write a head as an ONNX graph with free numbers of windows and steps.

    The exporter by tracing needs nothing but torch and onnx; its successor wants onnxscript.

    Raises
    ------
    ModelError
        When the graph answers otherwise than torch.
    """
    inputs = example(widths, 2, LENGTHS[-2])
    names = [part for name in widths for part in (name, MASKS[name])]
    free = {name: {0: "N", 1: "T"} for name in names}
    steps = {} if head.whole_windows else {1: "T"}
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter is called the old one
        torch.onnx.export(
            folded(head),
            tuple(torch.from_numpy(array) for array in inputs.values()),
            stream,
            dynamo=False,
            input_names=names,
            output_names=[OUTPUT],
            dynamic_axes={**free, OUTPUT: {0: "N", **steps}},
            opset_version=OPSET,
        )
    model = onnx.load_from_string(stream.getvalue())
    for node in model.graph.node:
        node.doc_string = ""  # call stacks with local paths
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString())
    check_export(head, widths, path)


def folded(head: AnsweringHead) -> AnsweringHead:
    """A copy in evaluation mode whose weights are plain: norms of weights are multiplied in."""
    head = copy.deepcopy(head).eval()
    for module in head.modules():
        if isinstance(module, CausalBlock):
            module.first, module.second = plain(module.first), plain(module.second)
    return head


def plain(convolution: NormedConvolution) -> nn.Module:
    """The same convolution with one tensor of weights."""
    outer, inner, size = convolution.direction.shape
    same = nn.Conv1d(inner, outer, size, dilation=convolution.gap)
    with torch.no_grad():
        same.weight.copy_(convolution.weight())
        same.bias.copy_(convolution.bias)
    return nn.Sequential(nn.ConstantPad1d(((size - 1) * convolution.gap, 0), 0.0), same)


def example(widths: Mapping[Modality, int], windows: int, steps: int) -> dict[str, FloatArray]:
    """Inputs with gaps in them, by name; every window has a step with something in it."""
    random = np.random.default_rng(steps)
    values: dict[Modality, FloatArray] = {}
    for name, width in widths.items():
        own = random.normal(size=(windows, steps, width)).astype(np.float32)
        own[random.uniform(size=(windows, steps)) < 0.3] = np.nan
        own[:, 0] = 1.0
        values[name] = own
    return as_inputs(values)


def check_export(head: AnsweringHead, widths: Mapping[Modality, int], path: Path) -> float:
    """Largest difference between torch and the graph, at several lengths.

    Raises
    ------
    ModelError
        When it is more than `CLOSE`, or not a number.
    """
    head = head.eval()
    session = open_graph(path, device="cpu", threads=1)
    apart = 0.0
    for windows, steps in enumerate(LENGTHS, start=1):
        inputs = example(widths, windows, steps)
        with torch.inference_mode():
            own = head(*(torch.from_numpy(array) for array in inputs.values())).numpy()
        told = session.run(inputs)[OUTPUT]
        difference = float(np.abs(own - told).max()) if own.shape == told.shape else np.inf
        apart = max(apart, difference if np.isfinite(difference) else np.inf)
    if apart > CLOSE:
        raise ModelError("heads.export", apart=f"{apart:.2g}", file=path)
    return apart
