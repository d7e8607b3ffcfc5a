"""How far a face is from the pictures that a finished face model was trained on: `training.doubt`.

The features of the head are brought to length 1 first (Mueller and Hein 2025, Mahalanobis++): what
is no face excites few of them, and would lie near their mean otherwise. The scale comes from
pictures that were not fitted, of the same collection and of others, every collection counting
alike. The distance becomes a second output of the graph, and costs next to nothing there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from emoreport.training.answers import FloatArray, IntArray
from emoreport.training.doubt import MOST_SPREAD, Distance, fit_power, limit_of
from emoreport.training.face.data import FerSet
from emoreport.training.face.graph import INPUT_NAME, OUTPUT_NAME, GraphBuilder

if TYPE_CHECKING:
    import numpy.typing as npt
    import onnx

DISTANCE: Final = "distance"
"""Name of the output, and beginning of the names of all that computes it."""
DIRECTIONS: Final = 64
"""Tried: 16, 64, all 192. Sixteen miss turned and blurred faces; all are as good as 64."""
BEYOND: Final = 0.05
"""Share of the pictures held out beyond the limit. At a tenth, 16 of 100 posed faces of people left
out lay beyond it, nearly all of them judged rightly; what is no face lies beyond either limit."""
SHORTEST: Final = 1e-6
"""Added to the length of the features: nothing may be divided by 0."""
_BATCH: Final = 64


@dataclass(frozen=True, slots=True)
class Read:
    """What a model says of pictures, and the features that it says it from.

    Attributes
    ----------
    logits
        (N, K) float64.
    features
        (N, F) float32, what the head sees, brought to length 1.
    labels
        (N,) int64.
    corpora
        (N,) names.
    """

    logits: FloatArray
    features: npt.NDArray[np.float32]
    labels: IntArray
    corpora: npt.NDArray[np.str_]


class Reader:
    """Runs a graph with one ``Gemm`` as its head, and looks at what goes into it."""

    def __init__(self, model: onnx.ModelProto, threads: int = 1) -> None:
        import onnxruntime
        from onnx import TensorProto, helper

        watched = without_distance(model)
        self._seen = head_input(watched)
        watched.graph.output.append(
            helper.make_tensor_value_info(self._seen, TensorProto.FLOAT, None)
        )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(
            watched.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def read(self, parts: Mapping[str, FerSet]) -> Read:
        """All pictures of the parts, by the name of the part."""
        logits, features = zip(*(self._run(part.images) for part in parts.values()), strict=True)
        return Read(
            np.concatenate(logits).astype(np.float64),
            np.concatenate(features),
            np.concatenate([part.labels for part in parts.values()]),
            np.repeat(list(parts), [len(part) for part in parts.values()]),
        )

    def _run(
        self, images: npt.NDArray[np.uint8]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Logits, and features of length 1, of pictures (N, 48, 48)."""
        outputs = [OUTPUT_NAME, self._seen]
        runs = [
            self._session.run(
                outputs, {INPUT_NAME: images[start : start + _BATCH, None].astype(np.float32)}
            )
            for start in range(0, len(images), _BATCH)
        ]
        logits, features = (np.concatenate(columns) for columns in zip(*runs, strict=True))
        length = np.linalg.norm(features, axis=1, keepdims=True) + SHORTEST
        return logits, (features / length).astype(np.float32)


def fit_doubt(
    model: onnx.ModelProto,
    fitted: FerSet,
    left_out: Mapping[str, FerSet],
    temperature: float,
) -> Distance:
    """Fit the distance on pictures that the model was fitted to, its scale on others.

    Parameters
    ----------
    model
        Graph of the finished model.
    fitted
        Pictures of its training.
    left_out
        Labelled pictures that it was not fitted to, by collection.
    temperature
        Divisor of its logits inside the limit.
    """
    reader = Reader(model)
    distance = Distance(torch.from_numpy(reader.read({"": fitted}).features), DIRECTIONS)
    said = reader.read({name: part.labelled() for name, part in left_out.items()})
    raw = distances(distance, said)
    limit = limit_of(raw, said.corpora, BEYOND)
    distance.set_scale(limit, fit_power(said, raw / limit, temperature))
    return distance


def distances(distance: Distance, said: Read) -> FloatArray:
    """Distance of every picture, (N,)."""
    with torch.no_grad():
        return np.asarray(distance(torch.from_numpy(said.features)).double().numpy())


def head_input(model: onnx.ModelProto) -> str:
    """Name of what goes into the head, (N, F)."""
    (head,) = [node for node in model.graph.node if OUTPUT_NAME in node.output]
    return str(head.input[0])


def without_distance(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of the graph without a distance that it had."""
    import onnx

    plain = onnx.ModelProto()
    plain.CopyFrom(model)
    graph = plain.graph
    for parts in (graph.node, graph.initializer, graph.output):
        kept = [part for part in parts if not part.name.startswith(DISTANCE)]
        del parts[:]
        parts.extend(kept)
    return plain


def with_distance(model: onnx.ModelProto, distance: Distance) -> onnx.ModelProto:
    """A copy of the graph with the output ``distance``, float32 (N,).

    Parameters
    ----------
    model
        A graph of the face model in any form; a distance that it has is replaced.
    distance
        From `fit_doubt`.
    """
    import onnx
    from onnx import TensorProto, helper

    whole = without_distance(model)
    piece = GraphBuilder(prefix=f"{DISTANCE}_")

    def value(tensor: torch.Tensor) -> str:
        return piece.constant(tensor.detach().float().numpy())

    seen = head_input(whole)
    length = piece.add("ReduceL2", seen, axes=[1], keepdims=1)
    length = piece.add("Add", length, value(torch.tensor(SHORTEST)))
    unit = piece.add("Div", seen, length)
    scaled = piece.add("Div", piece.add("Sub", unit, value(distance.centre)), value(distance.scale))
    most = torch.tensor(MOST_SPREAD)
    standard = piece.add("Clip", scaled, value(-most), value(most))
    inside = piece.add("MatMul", standard, value(distance.directions))
    apart = piece.add("Div", inside, value(distance.spread * distance.spread.numel() ** 0.5))
    outside = piece.add(
        "Relu", piece.add("Sub", _squared(piece, standard), _squared(piece, inside))
    )
    both = piece.add("Add", _squared(piece, apart), piece.add("Div", outside, value(distance.rest)))
    raw = piece.add("Div", piece.add("Sqrt", both), value(distance.limit))
    piece.add("Pow", raw, value(distance.power), output=DISTANCE)
    whole.graph.node.extend(piece.nodes)
    whole.graph.initializer.extend(piece.initialisers)
    whole.graph.output.append(helper.make_tensor_value_info(DISTANCE, TensorProto.FLOAT, ["N"]))
    onnx.checker.check_model(whole, full_check=True)
    return whole


def _squared(piece: GraphBuilder, rows: str) -> str:
    return piece.add("ReduceSumSquare", rows, axes=[1], keepdims=0)
