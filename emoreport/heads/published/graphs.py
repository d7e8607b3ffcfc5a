"""Write the small ONNX graph of a head whose layers and stored values are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from emoreport.heads.head import OUTPUT
from emoreport.heads.window_scores import MASKS
from emoreport.records import FeatureSource, Modality

if TYPE_CHECKING:
    from onnx import NodeProto

OPSET: Final = 17
IR_VERSION: Final = 9
"""Layout of the file that ONNX Runtime 1.20, the oldest one allowed, reads."""
Axes = tuple[int | str, ...]
"""Size of each axis; a name where it is free."""


class GraphWriter:
    """Collects nodes and stored values of a graph, in the order of the computation."""

    def __init__(self) -> None:
        self._nodes: list[NodeProto] = []
        self._values: dict[str, NDArray[Any]] = {}

    def value(self, value: NDArray[Any]) -> str:
        """Store an array; its name in the graph."""
        name = f"value_{len(self._values)}"
        self._values[name] = np.ascontiguousarray(value)
        return name

    def axes(self, *axes: int) -> str:
        """Store a list of axes or sizes; its name in the graph."""
        return self.value(np.array(axes, np.int64))

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:  # noqa: ANN401 - attributes of ONNX nodes have several types
        """Add an operation with one output; the name of that output."""
        from onnx import helper

        output = f"{kind.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def linear(self, source: str, weight: NDArray[Any], bias: NDArray[Any]) -> str:
        """Linear layer over the last axis; `weight` (inputs, outputs), `bias` (outputs,)."""
        product = self.node("MatMul", source, self.value(weight))
        return self.node("Add", product, self.value(bias))

    def finished(
        self, output: str, sources: Mapping[Modality, FeatureSource], shape: Axes
    ) -> bytes:
        """The graph, serialised.

        Parameters
        ----------
        output
            What becomes the output `OUTPUT`, float32.
        sources
            Features that it takes, by modality: the inputs are those of every head.
        shape
            Axes of the output.
        """
        from onnx import TensorProto, checker, helper, numpy_helper

        inputs: dict[str, Axes] = {}
        for name, source in sources.items():
            inputs |= {name: ("N", "T", source.width), MASKS[name]: ("N", "T")}
        nodes = [*self._nodes, helper.make_node("Identity", [output], [OUTPUT])]
        graph = helper.make_graph(
            nodes,
            "head",
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, list(axes))
                for name, axes in inputs.items()
            ],
            [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, list(shape))],
            [numpy_helper.from_array(value, name) for name, value in self._values.items()],
        )
        opset = helper.make_opsetid("", OPSET)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION)
        checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString())
