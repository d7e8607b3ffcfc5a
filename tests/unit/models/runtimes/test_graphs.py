"""The choice of a runtime, and what every runtime keeps to."""

from __future__ import annotations

import threading
from importlib.util import find_spec

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from emoreport.errors import ModelError
from emoreport.models.runtimes.graphs import TensorInfo
from emoreport.models.runtimes.opening import open_graph
from tests.fixtures.hsemotion import tiny_graph

RUNTIMES = [
    "onnxruntime",
    pytest.param(
        "openvino",
        marks=pytest.mark.skipif(find_spec("openvino") is None, reason="OpenVINO is missing"),
    ),
]


@pytest.fixture(params=RUNTIMES)
def runtime(request):
    return request.param


def two_by_two():
    """Graph of two inputs and two outputs: ``sum`` = a + b, ``count`` = 2 n for int64 n."""
    nodes = [
        helper.make_node("Add", ["a", "b"], ["sum"]),
        helper.make_node("Add", ["n", "n"], ["count"]),
    ]
    inputs = [
        helper.make_tensor_value_info("n", TensorProto.INT64, [1]),
        helper.make_tensor_value_info("a", TensorProto.FLOAT, ["batch", 3]),
    ]
    outputs = [
        helper.make_tensor_value_info("sum", TensorProto.FLOAT, ["batch", 3]),
        helper.make_tensor_value_info("count", TensorProto.INT64, [1]),
    ]
    stored = [numpy_helper.from_array(np.array([1, 2, 3], np.float32), "b")]
    graph = helper.make_graph(nodes, "two", inputs, outputs, stored)
    opset = helper.make_opsetid("", 17)
    return helper.make_model(graph, opset_imports=[opset], ir_version=9).SerializeToString()


FEEDS = {"a": np.ones((2, 3), np.float32), "n": np.array([4], np.int64)}


def test_a_graph_says_what_it_takes_and_gives(runtime):
    session = open_graph(two_by_two(), runtime=runtime)
    assert session.inputs == {
        "a": TensorInfo("a", (None, 3), "float32"),
        "n": TensorInfo("n", (1,), "int64"),
    }
    assert session.outputs == {
        "sum": TensorInfo("sum", (None, 3), "float32"),
        "count": TensorInfo("count", (1,), "int64"),
    }
    assert session.runtime.partition(" ")[0] == runtime
    assert session.runtime.partition(" ")[2][0].isdigit()
    assert session.device == "cpu"


def test_all_outputs_come_or_those_asked_for(runtime):
    session = open_graph(two_by_two(), runtime=runtime)
    found = session.run(FEEDS)
    assert found["sum"].tolist() == [[2, 3, 4]] * 2
    assert found["count"].tolist() == [8]
    assert {name: values.dtype.name for name, values in found.items()} == {
        "sum": "float32",
        "count": "int64",
    }
    assert list(session.run(FEEDS, ["count"])) == ["count"]


def test_an_answer_stays_when_the_graph_runs_again(runtime):
    session = open_graph(two_by_two(), runtime=runtime)
    first = session.run(FEEDS)["sum"]
    session.run({**FEEDS, "a": np.zeros((2, 3), np.float32)})
    assert first.tolist() == [[2, 3, 4]] * 2


def test_arrays_that_are_views_are_read_as_they_look(runtime):
    session = open_graph(two_by_two(), runtime=runtime)
    wide = np.arange(12, dtype=np.float32).reshape(3, 4)
    found = session.run({**FEEDS, "a": wide.T[:, ::-1]})["sum"]
    assert np.array_equal(found, wide.T[:, ::-1] + [1, 2, 3])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"a": None}, r"inputs \['a', 'n'\], it was given \['n'\]"),
        ({"c": np.zeros(1, np.float32)}, "it was given"),
        ({"a": np.ones((2, 3))}, r"float32 \(N, 3\), not float64"),
        ({"a": np.ones((2, 1), np.float32)}, r"not float32 \(2, 1\)"),
        ({"a": np.ones(3, np.float32)}, r"not float32 \(3\)"),
        ({"n": np.array([1, 2], np.int64)}, r"int64 \(1\), not int64 \(2\)"),
    ],
)
def test_feeds_that_do_not_fit_are_refused(runtime, change, message):
    session = open_graph(two_by_two(), runtime=runtime)
    feeds = {name: array for name, array in (FEEDS | change).items() if array is not None}
    with pytest.raises(ModelError, match=message):
        session.run(feeds)


def test_an_output_that_the_graph_has_not_is_refused(runtime):
    with pytest.raises(ModelError):
        open_graph(two_by_two(), runtime=runtime).run(FEEDS, ["difference"])


@pytest.mark.parametrize("content", [b"", b"garbage", two_by_two()[:-20]])
def test_what_is_no_graph_is_refused_by_its_name(runtime, content, tmp_path):
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        open_graph(path, runtime=runtime)
    assert caught.value.file == str(path)
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        open_graph(content, runtime=runtime, file=path)
    assert caught.value.file == str(path)


def test_a_file_that_is_not_there_is_refused(runtime, tmp_path):
    with pytest.raises(ModelError, match="cannot be loaded"):
        open_graph(tmp_path / "none.onnx", runtime=runtime)


def test_path_and_bytes_give_the_same(runtime, tmp_path):
    model = tiny_graph(32, 8, 16)
    path = tmp_path / "net.onnx"
    onnx.save(model, path)
    faces = np.random.default_rng(0).normal(size=(3, 3, 32, 32)).astype(np.float32)
    answers = [
        open_graph(source, runtime=runtime, threads=1).run({"input": faces})["output"]
        for source in (path, path.read_bytes())
    ]
    assert np.array_equal(*answers)


def test_the_runtimes_agree():
    if find_spec("openvino") is None:
        pytest.skip("OpenVINO is missing")
    content = tiny_graph(48, 8, 64).SerializeToString()
    faces = np.random.default_rng(1).normal(size=(4, 3, 48, 48)).astype(np.float32)
    answers = [
        open_graph(content, runtime=name).run({"input": faces})["output"]
        for name in ("onnxruntime", "openvino")
    ]
    assert np.abs(answers[0]).max() > 1
    np.testing.assert_allclose(*answers, atol=1e-5)


def test_threads_of_the_caller_do_not_mix_their_answers(runtime):
    session = open_graph(tiny_graph(64, 8, 64).SerializeToString(), runtime=runtime, threads=1)
    rng = np.random.default_rng(2)
    batches = [rng.normal(size=(4, 3, 64, 64)).astype(np.float32) for _ in range(4)]
    wanted = [session.run({"input": batch})["output"] for batch in batches]
    wrong = []

    def work(number):
        batch = {"input": batches[number]}
        answers = [session.run(batch)["output"] for _ in range(20)]
        wrong.extend(number for found in answers if not np.array_equal(found, wanted[number]))

    workers = [threading.Thread(target=work, args=(number,)) for number in range(len(batches))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert wrong == []


def test_onnx_runtime_is_what_runs_by_default():
    assert open_graph(two_by_two()).runtime.startswith("onnxruntime ")


def test_cuda_is_never_replaced_by_the_processor(runtime):
    with pytest.raises(ModelError, match="CUDA was asked for") as caught:
        open_graph(two_by_two(), runtime=runtime, device="cuda")
    assert "--device cpu" in caught.value.remedy


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"runtime": "torch"}, "it runs aniemore/<name>, "),
        ({"runtime": "tensorflow"}, "no runtime 'tensorflow'"),
        ({"device": "tpu"}, "no device 'tpu'"),
        ({"precision": "int4"}, "no precision 'int4'"),
        ({"precision": "bfloat16"}, "ONNX Runtime has no bfloat16"),
    ],
)
def test_what_cannot_be_had_is_an_error(choice, message):
    with pytest.raises(ModelError, match=message):
        open_graph(two_by_two(), **choice)
