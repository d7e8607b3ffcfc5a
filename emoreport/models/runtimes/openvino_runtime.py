"""OpenVINO behind the same small wrapper as ONNX Runtime; comes with the extra ``openvino``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emoreport.errors import ModelError
from emoreport.models.runtimes.graphs import TensorInfo, check_feeds

INSTALL: Final = "install_openvino"
REPORTER: Final = "openvino_telemetry"
HINTS: Final = {"float32": "f32", "bfloat16": "bf16"}
"""OpenVINO's names of the precisions."""


def load_openvino() -> Any:  # noqa: ANN401 - OpenVINO's types are not checked here
    """Import OpenVINO with its usage reports switched off.

    Importing the plain package sends a report to Google Analytics from a process of its own and
    writes an identifier into the home folder. Without the module that does this OpenVINO goes on
    with an empty stand-in, as it does where the module is not installed.

    Raises
    ------
    ModelError
        When OpenVINO is not installed or does not load.
    """
    if "openvino" not in sys.modules:
        # None makes the import fail. It stays: parts of OpenVINO are imported later.
        sys.modules[REPORTER] = None  # type: ignore[assignment]
    try:
        import openvino
    except ImportError as error:
        raise ModelError("models.no_openvino", error=error, remedy=INSTALL) from error
    return openvino


class OpenvinoSession:
    """One graph in OpenVINO, on the processor.

    Parameters
    ----------
    model
        Path of the file, or the bytes of an ONNX graph.
    device
        ``auto`` or ``cpu``.
    threads
        Threads inside one run; 0 lets OpenVINO choose.
    parallel
        Runs that may be under way at a time; further ones wait.
    rows
        Most rows of a run, see `open_graph`. Runs of fewer are filled up and cut again.
    precision
        ``float32`` or ``bfloat16``. OpenVINO's own choice is bfloat16 wherever the processor has
        it, without saying so.
    file
        What errors call the model where `model` is bytes.

    Raises
    ------
    ModelError
        When OpenVINO, the device or the precision is missing, or the graph cannot be loaded.
    """

    device = "cpu"

    def __init__(
        self,
        model: Path | bytes,
        *,
        device: str = "auto",
        threads: int = 0,
        parallel: int = 1,
        rows: int | None = None,
        precision: str = "float32",
        file: Path | None = None,
    ) -> None:
        self._file = model if isinstance(model, Path) else file
        if device == "cuda":
            raise ModelError("models.openvino_cuda", file=self._file)
        self._rows = rows
        self._requests: SimpleQueue[Any] = SimpleQueue()
        openvino = load_openvino()
        options = {
            "INFERENCE_PRECISION_HINT": HINTS[precision],
            "INFERENCE_NUM_THREADS": threads * parallel,
            "NUM_STREAMS": parallel,
            # Pinned threads and those of the decoder and the detector get in each other's way.
            "ENABLE_CPU_PINNING": False,
        }
        try:
            core = openvino.Core()
            graph = core.read_model(model if isinstance(model, bytes) else str(model))
            self.inputs = _described(graph.inputs)
            self.outputs = _described(graph.outputs)
            if rows is not None:
                graph.reshape(
                    {port: [rows, *list(port.partial_shape)[1:]] for port in graph.inputs}
                )
            compiled = core.compile_model(graph, "CPU", options)
            for _ in range(parallel):
                self._requests.put(compiled.create_infer_request())
            got = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        except Exception as error:  # OpenVINO's errors are plain RuntimeErrors and others
            raise ModelError("models.not_loaded", error=error, file=self._file) from error
        if got != HINTS[precision]:
            raise ModelError("models.no_precision", precision=precision, file=self._file)
        version = openvino.__version__.partition("-")[0]
        self.runtime = f"openvino {version}" + (f" {precision}" if precision != "float32" else "")

    def run(
        self, feeds: Mapping[str, NDArray[Any]], outputs: Sequence[str] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Run the graph once; see `GraphSession`."""
        check_feeds(feeds, self.inputs, self._file)
        names = list(self.outputs)
        wanted = names if outputs is None else list(outputs)
        if not set(wanted) <= set(names):
            raise ModelError(
                "models.graph_outputs", names=sorted(names), wanted=sorted(wanted), file=self._file
            )
        batch = {index: self._filled(feeds[name]) for index, name in enumerate(self.inputs)}
        count = None if self._rows is None else len(feeds[next(iter(self.inputs))])
        request = self._requests.get()
        try:
            arrays = request.infer(batch, share_inputs=True)
            return {name: np.asarray(arrays[names.index(name)][:count]) for name in wanted}
        except Exception as error:  # as above
            raise ModelError("models.run_fails_reported", error=error, file=self._file) from error
        finally:
            self._requests.put(request)

    def _filled(self, array: NDArray[Any]) -> NDArray[Any]:
        """The array, C-contiguous, with rows of zeros added where the graph wants more."""
        if self._rows is None or len(array) == self._rows:
            return np.ascontiguousarray(array)
        if len(array) > self._rows:
            raise ModelError("models.rows", count=len(array), rows=self._rows, file=self._file)
        filled = np.zeros((self._rows, *array.shape[1:]), array.dtype)
        filled[: len(array)] = array
        return filled


def _described(ports: Iterable[Any]) -> dict[str, TensorInfo]:
    by_name = {}
    for index, port in enumerate(ports):
        name = _name(port, index)
        shape = tuple(None if size.is_dynamic else size.get_length() for size in port.partial_shape)
        by_name[name] = TensorInfo(name, shape, port.get_element_type().to_dtype().name)
    return by_name


def _name(port: Any, index: int) -> str:  # noqa: ANN401 - as above
    """Name of a tensor in the file; OpenVINO may know it by further ones."""
    names = port.get_names()
    own = port.node.friendly_name.partition("/sink_port_")[0]
    if own in names or not names:
        return str(own) if names else f"tensor_{index}"
    return str(min(names))
