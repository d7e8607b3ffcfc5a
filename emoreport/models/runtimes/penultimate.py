"""Read the layer before the last of an ONNX classifier: what it knows of an input, as features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from emoreport.errors import ModelError
from emoreport.models.runtimes.graph_files import read_graph

PASSED_THROUGH: Final = frozenset({"Identity", "Add"})
"""Operations that may follow the last matrix product before the output of the graph."""

REMEDY: Final = "not_its_name"


@dataclass(frozen=True, slots=True)
class OpenedGraph:
    """An ONNX graph with its features as a further output.

    Attributes
    ----------
    content
        The graph, serialised.
    features
        Name of the further output, float32 (N, `width`).
    width
        Features per input.
    """

    content: bytes
    features: str
    width: int


def with_features(
    source: Path | bytes, output: str | None = None, *, file: Path | None = None
) -> OpenedGraph:
    """Read a graph and make the input of the last matrix product before an output one too.

    The last matrix product is the Gemm or MatMul by stored weights that leads to the output
    through nothing but the addition of stored values.

    Parameters
    ----------
    source
        The file, or its bytes.
    output
        Name of the output that the product leads to; None where the graph has one output.
    file
        What errors call the model where `source` is bytes.

    Raises
    ------
    ModelError
        When the file is no ONNX graph or has no such product.
    """
    import onnx

    file = source if isinstance(source, Path) else file
    model = read_graph(source, file=file)
    graph = model.graph
    if output is None:
        if len(graph.output) != 1:
            raise ModelError("models.one_output", count=len(graph.output), remedy=REMEDY, file=file)
        output = graph.output[0].name
    stored = _stored(graph)
    product = _last_product(graph, stored, output)
    if product is None:
        raise ModelError("models.linear_layer", remedy=REMEDY, file=file)
    name, width = _features(product, stored)
    graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    return OpenedGraph(model.SerializeToString(), name, width)


def _stored(graph: Any) -> dict[str, tuple[int, ...]]:  # noqa: ANN401 - protobuf has no types
    """Shapes of the values that the graph stores, by name."""
    stored = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant":
            values = (part.t.dims for part in node.attribute if part.name == "value")
            stored[node.output[0]] = tuple(next(values, ()))
        elif node.op_type == "Identity" and node.input[0] in stored:
            stored[node.output[0]] = stored[node.input[0]]
    return stored


def _last_product(graph: Any, stored: Mapping[str, tuple[int, ...]], output: str) -> Any:  # noqa: ANN401 - as above
    """Node of the last matrix product before an output, or None."""
    maker = {name: node for node in graph.node for name in node.output}
    node = maker.get(output)
    while node is not None and node.op_type in PASSED_THROUGH:
        computed = [name for name in node.input if name and name not in stored]
        node = maker.get(computed[0]) if len(computed) == 1 else None
    if node is None or node.op_type not in {"Gemm", "MatMul"}:
        return None
    fits = node.input[0] not in stored and len(stored.get(node.input[1], ())) == 2
    return node if fits and not _attribute(node, "transA") else None


def _features(product: Any, stored: Mapping[str, tuple[int, ...]]) -> tuple[str, int]:  # noqa: ANN401 - as above
    rows, columns = stored[product.input[1]]
    return product.input[0], columns if _attribute(product, "transB") else rows


def _attribute(node: Any, name: str) -> int:  # noqa: ANN401 - as above
    return next((int(part.i) for part in node.attribute if part.name == name), 0)
