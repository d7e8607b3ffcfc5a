from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from emoreport.errors import ModelError
from emoreport.models.runtimes.opening import open_graph
from emoreport.models.runtimes.openvino_runtime import OpenvinoSession, load_openvino
from tests.fixtures.hsemotion import tiny_graph

needs_openvino = pytest.mark.skipif(find_spec("openvino") is None, reason="OpenVINO is missing")

WATCH = """
import os, sys

def watch(event, arguments):
    if event.startswith(("socket.", "subprocess.", "os.fork", "os.posix_spawn")):
        with open(os.environ["SEEN"], "a") as seen:
            seen.write(event + "\\n")

sys.addaudithook(watch)
"""
"""Notes every socket and every process that Python opens, also in forked children."""

USE = """
import numpy as np
from pathlib import Path
from emoreport.models.runtimes.opening import open_graph

session = open_graph(Path(sys.argv[1]), runtime="openvino", threads=1)
session.run({"input": np.zeros((2, 3, 32, 32), np.float32)})
"""


def seen_of(code: str, folder: Path, *arguments: Path) -> list[str]:
    """Sockets and processes of a fresh Python, and the files that it left in its home folder."""
    home = folder / "home"
    home.mkdir()
    seen = folder / "seen"
    kept = {
        name: value
        for name, value in os.environ.items()
        # OpenVINO reports nothing where one of these is set.
        if name not in {"CI", "TF_BUILD", "JENKINS_URL"}
    }
    # Should anything be sent after all, it ends here and not in the world.
    nowhere = dict.fromkeys(["https_proxy", "http_proxy"], "http://127.0.0.1:9")
    subprocess.run(
        [sys.executable, "-c", WATCH + textwrap.dedent(code), *map(str, arguments)],
        env=kept | nowhere | {"HOME": str(home), "SEEN": str(seen)},
        check=True,
        timeout=120,
    )
    events = seen.read_text().split() if seen.exists() else []
    return events + [str(path.relative_to(home)) for path in home.rglob("*")]


@needs_openvino
def test_openvino_opens_no_socket_starts_no_process_and_writes_no_identifier(tmp_path):
    path = tmp_path / "net.onnx"
    path.write_bytes(tiny_graph(32, 8, 16).SerializeToString())
    assert seen_of(USE, tmp_path, path) == []


@needs_openvino
@pytest.mark.skipif(find_spec("openvino_telemetry") is None, reason="nothing that could report")
def test_openvino_imported_plainly_would_report(tmp_path):
    """The test above can fail: this is what it would see."""
    assert any(event.startswith("socket.") for event in seen_of("import openvino", tmp_path))


@needs_openvino
def test_what_openvino_loads_later_reports_nothing_either(tmp_path):
    code = """
    from emoreport.models.runtimes.openvino_runtime import load_openvino
    load_openvino()
    import openvino.tools.ovc.telemetry_utils as utils
    utils.send_framework_info("onnx")
    """
    assert seen_of(code, tmp_path) == []


def test_the_runtime_is_not_imported_with_its_module():
    code = """
import sys, emoreport.models.runtimes.openvino_runtime
sys.exit("openvino" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_missing_openvino_is_an_error_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(ModelError) as caught:
        load_openvino()
    assert 'pip install "emoreport[openvino]"' in str(caught.value)
    with pytest.raises(ModelError, match="OpenVINO cannot be loaded"):
        open_graph(tiny_graph(32, 8, 16).SerializeToString(), runtime="openvino")


@needs_openvino
@pytest.mark.parametrize(("threads", "parallel"), [(1, 1), (2, 1), (1, 2)])
def test_the_number_of_threads_is_kept(threads, parallel):
    content = tiny_graph(32, 8, 16).SerializeToString()
    session = OpenvinoSession(content, threads=threads, parallel=parallel)
    compiled = session._requests.get().get_compiled_model()
    assert compiled.get_property("INFERENCE_NUM_THREADS") == threads * parallel
    assert compiled.get_property("NUM_STREAMS") == parallel


@needs_openvino
def test_the_precision_is_float32_unless_asked_for_and_is_said():
    content = tiny_graph(32, 8, 16).SerializeToString()
    plain = OpenvinoSession(content)
    version = load_openvino().__version__.partition("-")[0]
    assert plain.runtime == f"openvino {version}"
    faces = {"input": np.random.default_rng(0).normal(size=(2, 3, 32, 32)).astype(np.float32)}
    exact = plain.run(faces)["output"]
    if "BF16" not in load_openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        pytest.skip("this processor has no bfloat16")
    coarse = open_graph(content, runtime="openvino", precision="bfloat16")
    assert coarse.runtime == f"openvino {version} bfloat16"
    gap = np.abs(coarse.run(faces)["output"] - exact).max()
    assert 1e-4 * np.abs(exact).max() < gap < 0.05 * np.abs(exact).max()


@needs_openvino
def test_runs_of_fewer_rows_than_the_graph_has_are_filled_up_and_cut():
    content = tiny_graph(32, 8, 16).SerializeToString()
    session = OpenvinoSession(content, rows=3)
    assert session.inputs == OpenvinoSession(content).inputs
    faces = np.random.default_rng(0).normal(size=(3, 3, 32, 32)).astype(np.float32)
    whole = session.run({"input": faces})["output"]
    for count in (1, 2):
        part = session.run({"input": faces[:count]})["output"]
        assert np.array_equal(part, whole[:count])
    plain = OpenvinoSession(content).run({"input": faces})["output"]
    np.testing.assert_allclose(plain, whole, atol=1e-5)
    with pytest.raises(ModelError, match="4 rows were given, at most 3"):
        session.run({"input": np.zeros((4, 3, 32, 32), np.float32)})


@needs_openvino
def test_tensors_keep_the_names_of_the_file(tmp_path):
    """OpenVINO drops the Identity at the end and then knows the output by three names."""
    content = tiny_graph(32, 8, 16, end="matmul").SerializeToString()
    session = OpenvinoSession(content)
    assert list(session.outputs) == ["output"]


@needs_openvino
def test_its_own_format_is_read_too(tmp_path):
    content = tiny_graph(32, 8, 16).SerializeToString()
    openvino = load_openvino()
    openvino.save_model(
        openvino.Core().read_model(content), tmp_path / "net.xml", compress_to_fp16=False
    )
    faces = {"input": np.random.default_rng(0).normal(size=(2, 3, 32, 32)).astype(np.float32)}
    answers = [
        open_graph(source, runtime="openvino", threads=1).run(faces)["output"]
        for source in (content, tmp_path / "net.xml")
    ]
    np.testing.assert_allclose(*answers, atol=1e-6)
