"""ONNX Runtime behind a small wrapper, and networks with one input and one output on it."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from emoreport.errors import ModelError
from emoreport.messages import Phrase
from emoreport.models.runtimes.graphs import TensorInfo, check_feeds

DTYPES: Final = {"float": "float32", "double": "float64"}
"""ONNX Runtime's names of types where NumPy has another."""

CPU: Final = "CPUExecutionProvider"
CUDA: Final = "CUDAExecutionProvider"
QUIET: Final = 4
"""Log level that leaves out errors too: they reach the user as exceptions."""

NO_CUDA: Final = "no_cuda"


def built_for_cuda() -> bool:
    """Whether this build of ONNX Runtime has CUDA; whether it starts is another question."""
    import onnxruntime

    return CUDA in onnxruntime.get_available_providers()


def make_options(threads: int) -> Any:  # noqa: ANN401 - the library is not typed
    """Options of a session that is a good neighbour; 0 threads lets ONNX Runtime choose."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = QUIET
    # Idle threads that spin take the processor from the decoder and the detector.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


class OnnxSession:
    """One ONNX graph in ONNX Runtime.

    Parameters
    ----------
    model
        Path of the file, or its bytes.
    device
        ``cpu``; ``cuda``; or ``auto``: CUDA where it really runs the graph, else the processor.
    threads
        Threads inside one run; 0 lets ONNX Runtime choose.
    file
        What errors call the model where `model` is bytes.

    Raises
    ------
    ModelError
        When the graph cannot be loaded or the device is not available.
    """

    def __init__(
        self,
        model: Path | bytes,
        *,
        device: str = "auto",
        threads: int = 0,
        file: Path | None = None,
    ) -> None:
        import onnxruntime

        onnxruntime.disable_telemetry_events()
        self._file = model if isinstance(model, Path) else file
        source = model if isinstance(model, bytes) else str(model)
        self._session: Any = None
        if device != "cpu":
            self._session, why = self._on_cuda(source, threads)
            if self._session is None and device == "cuda":
                raise ModelError("models.no_cuda", why=why, remedy=NO_CUDA, file=self._file)
        if self._session is None:
            self._session = self._opened(source, threads, [CPU])
        self.inputs = _described(self._session.get_inputs())
        self.outputs = _described(self._session.get_outputs())
        self.runtime = f"onnxruntime {onnxruntime.__version__}"
        self.device = "cuda" if CUDA in self._session.get_providers() else "cpu"

    def run(
        self, feeds: Mapping[str, NDArray[Any]], outputs: Sequence[str] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Run the graph once; see `GraphSession`."""
        check_feeds(feeds, self.inputs, self._file)
        names = list(self.outputs if outputs is None else outputs)
        try:
            arrays = self._session.run(names, dict(feeds))
        except Exception as error:  # ONNX Runtime's errors have no common base of their own
            raise ModelError("models.run_fails_reported", error=error, file=self._file) from error
        return dict(zip(names, arrays, strict=True))

    def _on_cuda(self, source: str | bytes, threads: int) -> tuple[Any, Phrase | None]:
        """Session that CUDA really runs, or None and why.

        ONNX Runtime goes on with the processor where CUDA does not start, and says so only in its
        log: what it says of itself afterwards is what counts.
        """
        import onnxruntime

        if not built_for_cuda():
            return None, Phrase("errors.models.cuda.not_built")
        # Finds the CUDA libraries that pip installed; what it misses it prints.
        with redirect_stdout(io.StringIO()) as said:
            onnxruntime.preload_dlls()
        try:
            session = self._opened(source, threads, [CUDA, CPU])
        except ModelError as error:
            return None, Phrase("errors.models.cuda.graph", {"error": error.cause})
        if CUDA not in session.get_providers():
            said_there = {"error": said.getvalue().strip()}
            return None, Phrase("errors.models.cuda.not_started", said_there)
        # Versions before 1.24 cannot tell which nodes went where.
        parts = getattr(session, "get_provider_graph_assignment_info", None)
        if parts is not None and all(part.ep_name != CUDA for part in parts()):
            return None, Phrase("errors.models.cuda.no_part")
        return session, None

    def _opened(self, source: str | bytes, threads: int, providers: list[str]) -> Any:  # noqa: ANN401 - no types
        import onnxruntime

        options = make_options(threads)
        if CUDA in providers:
            options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
        try:
            # Without enable_fallback=0 a run that fails on CUDA is repeated on the processor.
            return onnxruntime.InferenceSession(
                source, sess_options=options, providers=providers, enable_fallback=0
            )
        except Exception as error:  # as above
            raise ModelError("models.not_loaded", error=error, file=self._file) from error


def _described(tensors: Iterable[Any]) -> dict[str, TensorInfo]:
    by_name = {}
    for tensor in tensors:
        shape = tuple(size if isinstance(size, int) else None for size in tensor.shape)
        kind = tensor.type.removeprefix("tensor(").removesuffix(")")
        by_name[tensor.name] = TensorInfo(tensor.name, shape, DTYPES.get(kind, kind))
    return by_name
