"""Write a head that is one linear layer and a softmax; torch is needed nowhere."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from emoreport.analysis.numeric.softmax import SoftmaxRegression
from emoreport.atomic import Staging
from emoreport.heads.head import OUTPUT
from emoreport.heads.metadata import GRAPH_FILE, METADATA_FILE, HeadMetadata
from emoreport.heads.window_scores import MASKS
from emoreport.records import Modality

OPSET: Final = 17
IR_VERSION: Final = 8
"""Of ONNX: what every release of the runtime that the package allows can read."""


def write_linear_head(
    folder: Path, metadata: HeadMetadata, regression: SoftmaxRegression
) -> HeadMetadata:
    """Write model.json and head.onnx, both or neither.

    Parameters
    ----------
    folder
        Where to; made if it is not there.
    metadata
        Of a head that answers every step from one modality, over its own labels; the digest of
        the graph is added here.
    regression
        The layer, with the mean and spread that features are standardised by.

    Returns
    -------
    The description as it was written.

    Raises
    ------
    OutputError
        When the folder cannot be written.
    """
    (modality,) = metadata.features
    graph = linear_graph(modality, regression)
    complete = replace(metadata, files={GRAPH_FILE: hashlib.sha256(graph).hexdigest()})
    complete.check()
    document = json.dumps(complete.document(), indent=2, ensure_ascii=False, allow_nan=False)
    with Staging(folder) as staging:
        staging.put(GRAPH_FILE, graph)
        staging.put(METADATA_FILE, f"{document}\n".encode())
        staging.commit()
    return complete


def linear_graph(modality: Modality, regression: SoftmaxRegression) -> bytes:
    """The graph: features (N, T, D) and 0/1 (N, T) → probabilities (N, T, K).

    Steps in which nothing is seen or heard get equal probabilities.
    """
    from onnx import TensorProto, checker, helper, numpy_helper

    width, count = regression.weights.shape
    mask = MASKS[modality]

    def value(name: str, *shape: Any) -> Any:  # noqa: ANN401 - onnx has no types
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    constants = {
        "mean": regression.mean,
        "scale": 1.0 / regression.spread,
        "weights": regression.weights,
        "bias": regression.bias,
    }
    nodes = [
        helper.make_node("Sub", [modality, "mean"], ["centred"]),
        helper.make_node("Mul", ["centred", "scale"], ["scaled"]),
        helper.make_node("MatMul", ["scaled", "weights"], ["product"]),
        helper.make_node("Add", ["product", "bias"], ["all_logits"]),
        helper.make_node("Unsqueeze", [mask, "last"], ["there"]),
        helper.make_node("Mul", ["all_logits", "there"], ["logits"]),
        helper.make_node("Softmax", ["logits"], [OUTPUT], axis=-1),
    ]
    graph = helper.make_graph(
        nodes,
        "head",
        [value(modality, "N", "T", width), value(mask, "N", "T")],
        [value(OUTPUT, "N", "T", count)],
        [
            *(
                numpy_helper.from_array(np.asarray(table, np.float32), name)
                for name, table in constants.items()
            ),
            numpy_helper.from_array(np.array([-1], np.int64), "last"),
        ],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content
