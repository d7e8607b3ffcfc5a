from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from emoreport.errors import ModelError
from emoreport.models.runtimes.opening import open_graph
from emoreport.models.runtimes.penultimate import with_features

WEIGHT = np.arange(12, dtype=np.float32).reshape(4, 3) / 7
BIAS = np.array([0.5, -1.0, 2.0], np.float32)
INPUT = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)


def node(operator, inputs, output, **attributes):
    return helper.make_node(operator, inputs.split(), [output], **attributes)


def saved(folder, nodes):
    """Graph ``x`` (N, 4) → ``y`` (N, 3); the features that it should have are ``relu(x)``."""
    values = {"w": WEIGHT, "wt": WEIGHT.T.copy(), "b": BIAS}
    constant = helper.make_tensor("w", TensorProto.FLOAT, (4, 3), WEIGHT.ravel())
    graph = helper.make_graph(
        [helper.make_node("Constant", [], ["cw"], value=constant), *nodes],
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])],
        [numpy_helper.from_array(value, name) for name, value in values.items()],
    )
    opset = helper.make_opsetid("", 13)
    path = folder / "net.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), path)
    return path


RELU = node("Relu", "x", "f")
ENDS = {
    "gemm": [RELU, node("Gemm", "f w b", "y")],
    "gemm of the transposed": [RELU, node("Gemm", "f wt b", "y", transB=1)],
    "gemm without bias": [RELU, node("Gemm", "f w", "y")],
    "weights in a node": [RELU, node("Gemm", "f cw b", "y")],
    "weights under another name": [RELU, node("Identity", "w", "v"), node("Gemm", "f v b", "y")],
    "product and sum": [RELU, node("MatMul", "f w", "p"), node("Add", "p b", "y")],
    "sum the other way": [RELU, node("MatMul", "f w", "p"), node("Add", "b p", "y")],
    "renamed at the end": [RELU, node("Gemm", "f w b", "p"), node("Identity", "p", "y")],
    "a layer before": [RELU, node("MatMul", "x w", "unused"), node("Gemm", "f w b", "y")],
}


@pytest.mark.parametrize("end", ENDS)
def test_what_the_last_layer_sees_becomes_an_output(tmp_path, end):
    path = saved(tmp_path, ENDS[end])
    opened = with_features(path)
    assert (opened.features, opened.width) == ("f", 4)
    found = open_graph(opened.content).run({"x": INPUT})
    assert set(found) == {"y", "f"}
    np.testing.assert_array_equal(found["f"], np.maximum(INPUT, 0))
    np.testing.assert_array_equal(found["y"], open_graph(path).run({"x": INPUT})["y"])


def test_of_several_outputs_the_named_one_leads_to_the_layer(tmp_path):
    path = saved(tmp_path, [*ENDS["gemm"], node("ReduceSum", "f", "z", keepdims=0)])
    model = onnx.load(path)
    model.graph.output.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, []))
    with pytest.raises(ModelError, match="has 2 outputs"):
        with_features(model.SerializeToString(), file=path)
    opened = with_features(model.SerializeToString(), "y")
    assert (opened.features, opened.width) == ("f", 4)
    with pytest.raises(ModelError, match="does not end in one linear layer"):
        with_features(model.SerializeToString(), "z")


OTHER_ENDS = {
    "an activation": [node("Gemm", "x w b", "p"), node("Sigmoid", "p", "y")],
    "two layers side by side": [
        node("Gemm", "x w b", "p"),
        node("Gemm", "x w b", "q"),
        node("Add", "p q", "y"),
    ],
    "computed weights": [node("Relu", "w", "v"), node("MatMul", "x v", "y")],
    "a transposed input": [
        node("Transpose", "x", "t", perm=[1, 0]),
        node("Gemm", "t w b", "y", transA=1),
    ],
    "nothing": [node("Relu", "x", "y")],
}


@pytest.mark.parametrize("end", OTHER_ENDS)
def test_a_graph_without_one_last_layer_is_refused(tmp_path, end):
    with pytest.raises(ModelError, match="does not end in one linear layer"):
        with_features(saved(tmp_path, OTHER_ENDS[end]))


def test_weights_outside_the_file_are_not_looked_for(tmp_path):
    path = saved(tmp_path, ENDS["gemm"])
    model = onnx.load(path)
    onnx.save(model, path, save_as_external_data=True, size_threshold=0, location="weights.bin")
    (tmp_path / "weights.bin").rename(tmp_path / "elsewhere.bin")
    opened = with_features(path)
    with pytest.raises(ModelError, match="cannot be loaded"):
        open_graph(opened.content, file=path)
