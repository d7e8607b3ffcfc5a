"""Open an ONNX graph with the runtime that is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from emoreport.errors import ModelError
from emoreport.models.runtimes.graphs import GraphSession

DEVICES: Final = ("auto", "cpu", "cuda")
PRECISIONS: Final = ("float32", "bfloat16")


def open_graph(
    model: Path | bytes,
    *,
    runtime: str = "auto",
    device: str = "auto",
    threads: int = 0,
    parallel: int = 1,
    rows: int | None = None,
    precision: str = "float32",
    file: Path | None = None,
) -> GraphSession:
    """Load an ONNX graph (with OpenVINO also one in its own format, ``.xml`` beside ``.bin``).

    Parameters
    ----------
    model
        Path of the file, or its bytes.
    runtime
        ``auto`` (ONNX Runtime), ``onnxruntime`` or ``openvino``; never replaced by another.
    device
        ``auto``, ``cpu`` or ``cuda``; ``cuda`` is never replaced by ``cpu``.
    threads
        Threads inside one run; 0 lets the runtime choose.
    parallel
        Runs that the caller will have under way at a time, from threads of its own.
    rows
        Most rows that a run will have, where the first axis of every tensor is a free one that
        counts the rows, each judged on its own; None leaves everything open. OpenVINO is a tenth
        faster when it knows.
    precision
        What float32 graphs are calculated in: ``float32`` or, with OpenVINO on a processor that
        has it, ``bfloat16``, which is faster and keeps 2 to 3 significant digits.
    file
        What errors call the model where `model` is bytes.

    Raises
    ------
    ModelError
        When the runtime, the device or the precision is not available, or the graph cannot be
        loaded.
    """
    source = model if isinstance(model, Path) else file
    for name, value, choices in (
        ("device", device, DEVICES),
        ("precision", precision, PRECISIONS),
    ):
        if value not in choices:
            raise ModelError("models.no_choice", name=name, value=value, file=source)
    if runtime in {"auto", "onnxruntime"}:
        if precision != "float32":
            raise ModelError("models.precision", precision=precision, file=source)
        from emoreport.models.runtimes.onnx_runtime import OnnxSession

        return OnnxSession(model, device=device, threads=threads, file=file)
    if runtime == "openvino":
        from emoreport.models.runtimes.openvino_runtime import OpenvinoSession

        return OpenvinoSession(
            model,
            device=device,
            threads=threads,
            parallel=parallel,
            rows=rows,
            precision=precision,
            file=file,
        )
    if runtime == "torch":
        from emoreport.models.store.registry import known_names

        names = ", ".join(known_names("voice", extra="full"))
        raise ModelError("models.torch_runs_no_graph", names=names, file=source)
    raise ModelError("models.no_runtime", runtime=runtime, file=source)
