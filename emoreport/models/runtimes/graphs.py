"""ONNX graphs behind one interface, whatever runtime runs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from emoreport.errors import ModelError


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """Name, shape (None where an axis is free) and NumPy type name of a graph's tensor."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str

    def takes(self, array: NDArray[Any]) -> bool:
        """Whether `array` has this type and shape."""
        return (
            array.dtype.name == self.dtype
            and array.ndim == len(self.shape)
            and all(
                size in {None, actual} for size, actual in zip(self.shape, array.shape, strict=True)
            )
        )


class GraphSession(Protocol):
    """A graph that is loaded and ready to run; `run` may be called from any thread.

    `runtime` names the library and its version (``onnxruntime 1.31.1``, ``openvino 2026.4.1``)
    and, where it is not that of the graph, the precision (``openvino 2026.4.1 bfloat16``);
    `device` is the device that really runs it (``cpu``, ``cuda``).
    """

    @property
    def runtime(self) -> str:
        """Library, version and any other precision than the graph's."""
        ...

    @property
    def device(self) -> str:
        """``cpu`` or ``cuda``."""
        ...

    @property
    def inputs(self) -> Mapping[str, TensorInfo]:
        """Inputs by name."""
        ...

    @property
    def outputs(self) -> Mapping[str, TensorInfo]:
        """Outputs by name."""
        ...

    def run(
        self, feeds: Mapping[str, NDArray[Any]], outputs: Sequence[str] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Run the graph once.

        Parameters
        ----------
        feeds
            ``{input name: array}``, one for each input, of its type and shape.
        outputs
            Names wanted; all if None.

        Raises
        ------
        ModelError
            When the feeds do not fit or inference fails.
        """
        ...


def check_feeds(
    feeds: Mapping[str, NDArray[Any]], inputs: Mapping[str, TensorInfo], file: Path | None
) -> None:
    """Refuse feeds that do not fit a graph's inputs.

    OpenVINO answers to a missing input or one of another shape, with whatever is in memory.

    Raises
    ------
    ModelError
        When an input is missing, unknown or of another type or shape.
    """
    if set(feeds) != set(inputs):
        raise ModelError("models.feeds", inputs=sorted(inputs), feeds=sorted(feeds), file=file)
    for name, array in feeds.items():
        wanted = inputs[name]
        if not wanted.takes(array):
            raise ModelError(
                "models.feed",
                name=name,
                dtype=wanted.dtype,
                shape=shape_text(wanted.shape),
                given_dtype=array.dtype,
                given_shape=shape_text(array.shape),
                file=file,
            )


def shape_text(shape: Sequence[int | None]) -> str:
    """``(N, 3, 224, 224)``: a shape for messages, N for every free axis."""
    return f"({', '.join('N' if size is None else str(size) for size in shape)})"
