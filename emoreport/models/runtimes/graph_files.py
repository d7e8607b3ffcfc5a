"""Read ONNX files as data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from emoreport.errors import ModelError


def read_graph(source: Path | bytes, *, file: Path | None = None) -> Any:  # noqa: ANN401 - protobuf has no types
    """Read a graph; weights that are beside the file stay there.

    Parameters
    ----------
    source
        The file, or its bytes.
    file
        What errors call the model where `source` is bytes.

    Returns
    -------
    `onnx.ModelProto`.

    Raises
    ------
    ModelError
        When the file is no ONNX graph.
    """
    import onnx

    try:
        # A path inside the file is not followed: the published graphs hold all their weights.
        if isinstance(source, bytes):
            return onnx.load_model_from_string(source)
        return onnx.load(source, load_external_data=False)
    except Exception as error:  # protobuf's errors, of either of its implementations
        file = source if isinstance(source, Path) else file
        raise ModelError("models.not_loaded", error=error, file=file) from error
