"""Give the graph of a finished net other views and class offsets, without training it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import helper, numpy_helper

from emoreport.training.face.graph import moved_rows

if TYPE_CHECKING:
    import numpy.typing as npt


def with_views(model: onnx.ModelProto, rows_px: tuple[int, int]) -> onnx.ModelProto:
    """Return the model with its two views moved up or down.

    Parameters
    ----------
    model
        A mirrored graph of :func:`emoreport.training.face.graph.build_graph`, in any form.
    rows_px
        As in :class:`emoreport.training.face.model_files.Form`.

    Raises
    ------
    ValueError
        If the graph has one view only, or views that were moved before.
    """
    revised = onnx.ModelProto()
    revised.CopyFrom(model)
    graph = revised.graph
    kinds = [node.op_type for node in graph.node]
    if "Concat" not in kinds or kinds[: kinds.index("Concat")].count("Gather") != 1:
        raise ValueError("this graph does not hold a picture and its mirror image, both unmoved")
    at = kinds.index("Concat")
    for index, rows in enumerate(rows_px):
        name = f"rows_{index}"
        graph.initializer.append(numpy_helper.from_array(moved_rows(rows), name))
        moved = f"view_{index}"
        gather = helper.make_node(
            "Gather", [graph.node[at].input[index], name], [moved], moved, axis=2
        )
        graph.node.insert(at, gather)
        at += 1
        graph.node[at].input[index] = moved
    onnx.checker.check_model(revised)
    return revised


def with_bias(model: onnx.ModelProto, bias: npt.NDArray[np.float64]) -> onnx.ModelProto:
    """Return the model with ``bias`` (8,) added to its logits."""
    revised = onnx.ModelProto()
    revised.CopyFrom(model)
    (head,) = [node for node in revised.graph.node if node.op_type == "Gemm"]
    for value in revised.graph.initializer:
        if value.name == head.input[2]:
            added = numpy_helper.to_array(value) + bias
            value.CopyFrom(numpy_helper.from_array(added.astype(np.float32), value.name))
    return revised
