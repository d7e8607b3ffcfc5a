"""A BERT network with a classifier on top, as an ONNX graph made from its published tensors.

The encoder of Vaswani et al. (2017, arXiv:1706.03762) as in Devlin et al. (2019, arXiv:1810.04805):
normalisation after each part, the exact Gaussian error unit, a dense layer with a hyperbolic
tangent over the first piece, then the classifier.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from emoreport.models.families.tensor_fit import check_fit, shapes

if TYPE_CHECKING:
    from onnx import NodeProto

PIECES: Final = "input_ids"
MASK: Final = "attention_mask"
LOGITS: Final = "logits"
FAR: Final = -1e9
"""Added to the weight of what fills up a text."""
NOT_LEARNED: Final = "bert.embeddings.position_ids"
"""Numbers 0, 1, 2 … that older files hold."""
OPSET: Final = 17
IR_VERSION: Final = 9

Tensors = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class BertSize:
    """Sizes of the network and epsilon of its normalisation, as ``config.json`` states them."""

    vocabulary: int
    width: int
    layers: int
    heads: int
    inner: int
    positions: int
    kinds: int
    classes: int
    epsilon: float

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every tensor of the network by its published name."""
        width, inner = self.width, self.inner
        found: dict[str, tuple[int, ...]] = {
            "bert.embeddings.word_embeddings.weight": (self.vocabulary, width),
            "bert.embeddings.position_embeddings.weight": (self.positions, width),
            "bert.embeddings.token_type_embeddings.weight": (self.kinds, width),
            "bert.embeddings.LayerNorm.weight": (width,),
            "bert.embeddings.LayerNorm.bias": (width,),
            **_dense("bert.pooler.dense", width, width),
            **_dense("classifier", width, self.classes),
        }
        for number in range(self.layers):
            name = f"bert.encoder.layer.{number}"
            for part in ("query", "key", "value"):
                found |= _dense(f"{name}.attention.self.{part}", width, width)
            found |= _dense(f"{name}.attention.output.dense", width, width)
            found |= _dense(f"{name}.intermediate.dense", width, inner)
            found |= _dense(f"{name}.output.dense", inner, width)
            for part in (f"{name}.attention.output", f"{name}.output"):
                found |= {f"{part}.LayerNorm.{kind}": (width,) for kind in ("weight", "bias")}
        return found


def _dense(name: str, inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def bert_graph(tensors: Tensors, size: BertSize, *, file: Path) -> bytes:
    """Make the graph `PIECES`, `MASK` int64 (N, T) → `LOGITS` float32 (N, K).

    Parameters
    ----------
    tensors
        Tensors of the file by name.
    size
        What the network is said to be.
    file
        The file, for messages.

    Raises
    ------
    ModelError
        When a tensor is missing, unknown or of another shape.
    """
    from onnx import TensorProto, helper

    used = {name: tensor for name, tensor in tensors.items() if name != NOT_LEARNED}
    check_fit(shapes(used), size.shapes(), file)
    draft = _Draft(used, size)
    frames = draft.embedded()
    for number in range(size.layers):
        frames = draft.layer(frames, f"bert.encoder.layer.{number}")
    draft.classified(frames)
    graph = helper.make_graph(
        draft.nodes,
        "bert",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["n", "t"])
            for name in (PIECES, MASK)
        ],
        [helper.make_tensor_value_info(LOGITS, TensorProto.FLOAT, ["n", size.classes])],
        draft.constants,
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    content: bytes = model.SerializeToString()
    return content


class _Draft:
    """Nodes and constants while the graph grows."""

    def __init__(self, tensors: Tensors, size: BertSize) -> None:
        self._tensors, self._size = tensors, size
        self.nodes: list[NodeProto] = []
        self.constants: list[Any] = []
        self._kept: set[str] = set()

    def embedded(self) -> str:
        """Words, their places and the one kind of segment, normalised: (N, T, width)."""
        words = self._node("Gather", self._weight("bert.embeddings.word_embeddings.weight"), PIECES)
        length = self._node("Slice", self._node("Shape", PIECES), *map(self._whole, (1, 2, 0)))
        places = self._node(
            "Slice",
            self._weight("bert.embeddings.position_embeddings.weight"),
            self._whole(0),
            length,
            self._whole(0),
        )
        kind = self._tensors["bert.embeddings.token_type_embeddings.weight"][0]
        where = self._node("Add", places, self._constant("kind", kind))
        self._far = self._masked()
        return self._normalised(self._node("Add", words, where), "bert.embeddings")

    def layer(self, frames: str, name: str) -> str:
        """One layer of the encoder."""
        heads = (self._size.heads, self._size.width // self._size.heads)
        query, key, value = (
            self._turned(
                self._node(
                    "Reshape",
                    self._dense(frames, f"{name}.attention.self.{part}"),
                    self._constant("split", np.array([0, 0, *heads])),
                ),
                order,
            )
            for part, order in (
                ("query", [0, 2, 1, 3]),
                ("key", [0, 2, 3, 1]),
                ("value", [0, 2, 1, 3]),
            )
        )
        scale = self._constant("scale", np.float32(1.0 / math.sqrt(heads[1])))
        likeness = self._node("Mul", self._node("MatMul", query, key), scale)
        weights = self._node("Softmax", self._node("Add", likeness, self._far), axis=-1)
        seen = self._turned(self._node("MatMul", weights, value), [0, 2, 1, 3])
        joined = self._node(
            "Reshape", seen, self._constant("join", np.array([0, 0, self._size.width]))
        )
        output = f"{name}.attention.output"
        frames = self._normalised(
            self._node("Add", self._dense(joined, f"{output}.dense"), frames), output
        )
        inner = self._unit(self._dense(frames, f"{name}.intermediate.dense"))
        outer = self._dense(inner, f"{name}.output.dense")
        return self._normalised(self._node("Add", outer, frames), f"{name}.output")

    def classified(self, frames: str) -> None:
        """The classes of what the first piece has become."""
        first = self._node("Gather", frames, self._constant("first", np.int64(0)), axis=1)
        pooled = self._node("Tanh", self._dense(first, "bert.pooler.dense"))
        self._node("Identity", self._dense(pooled, "classifier"), output=LOGITS)

    def _masked(self) -> str:
        from onnx import TensorProto

        present = self._node("Cast", MASK, to=TensorProto.FLOAT)
        absent = self._node("Sub", self._constant("one", np.float32(1.0)), present)
        far = self._node("Mul", absent, self._constant("far", np.float32(FAR)))
        return self._node("Unsqueeze", far, self._constant("axes", np.array([1, 2])))

    def _unit(self, frames: str) -> str:
        scaled = self._node("Mul", frames, self._constant("root", np.float32(math.sqrt(0.5))))
        one = self._constant("one", np.float32(1.0))
        share = self._node("Add", self._node("Erf", scaled), one)
        half = self._node("Mul", frames, self._constant("half", np.float32(0.5)))
        return self._node("Mul", half, share)

    def _dense(self, frames: str, name: str) -> str:
        weight = self._constant(f"{name}.turned", self._tensors[f"{name}.weight"].T)
        product = self._node("MatMul", frames, weight)
        return self._node("Add", product, self._weight(f"{name}.bias"))

    def _normalised(self, frames: str, name: str) -> str:
        return self._node(
            "LayerNormalization",
            frames,
            self._weight(f"{name}.LayerNorm.weight"),
            self._weight(f"{name}.LayerNorm.bias"),
            axis=-1,
            epsilon=self._size.epsilon,
        )

    def _turned(self, frames: str, order: list[int]) -> str:
        return self._node("Transpose", frames, perm=order)

    def _weight(self, name: str) -> str:
        return self._constant(name, self._tensors[name])

    def _whole(self, value: int) -> str:
        return self._constant(f"whole_{value}", np.array([value]))

    def _constant(self, name: str, value: Any) -> str:  # noqa: ANN401 - arrays and numbers
        from onnx import numpy_helper

        if name not in self._kept:
            self._kept.add(name)
            array = np.asarray(value)
            kind = np.int64 if array.dtype.kind == "i" else np.float32
            self.constants.append(
                numpy_helper.from_array(
                    np.ascontiguousarray(array, kind).reshape(array.shape), name
                )
            )
        return name

    def _node(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:  # noqa: ANN401
        from onnx import helper

        name = output or f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name
