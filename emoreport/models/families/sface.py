"""SFace, a recogniser of faces, as the model zoo of OpenCV publishes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Unpack

import numpy as np

from emoreport.errors import ModelError
from emoreport.models.families import Placement
from emoreport.models.families.face_crops import check_crops
from emoreport.models.runtimes.graphs import TensorInfo, shape_text
from emoreport.models.runtimes.opening import open_graph
from emoreport.models.store.registry import PulledModel
from emoreport.records import CropSpec, FloatArray, ModelRecord, RgbImage

SIZE_PX: Final = 112
WIDTH: Final = 128


def open_sface(pulled: PulledModel, **running: Unpack[Placement]) -> SFace:
    """Open the network; parameters and errors are those of `SFace`."""
    return SFace(pulled, **running)


class SFace:
    """Turns an aligned face into 128 numbers that are alike for pictures of one person.

    The graph takes one face a run, RGB 0–255, channels first; it centres and scales the levels
    itself. OpenCV compares two faces by the cosine of their numbers.

    Parameters
    ----------
    pulled
        The file on this machine and its registry entry.
    runtime, device, threads
        As for `open_graph`.
    reason
        Why it runs, for run.json.

    Raises
    ------
    ModelError
        When the graph cannot be loaded or is of another layout, or when the runtime or the device
        is not available.
    """

    record: ModelRecord
    crop: CropSpec = CropSpec(SIZE_PX, align_points=True)

    def __init__(
        self,
        pulled: PulledModel,
        *,
        runtime: str = "auto",
        device: str = "auto",
        threads: int = 0,
        reason: str = "",
    ) -> None:
        entry = pulled.registered
        assert entry is not None
        path = pulled.folder / entry.files[0].name
        self._session = open_graph(path, runtime=runtime, device=device, threads=threads)
        inputs, outputs = (
            list(tensors.values()) for tensors in (self._session.inputs, self._session.outputs)
        )
        if not (
            len(inputs) == len(outputs) == 1
            and _is(inputs[0], (3, SIZE_PX, SIZE_PX))
            and _is(outputs[0], (WIDTH,))
        ):
            shapes = ", ".join(shape_text(tensor.shape) for tensor in (*inputs, *outputs))
            raise ModelError("models.not_sface", shapes=shapes, file=path)
        self._input, self._output = inputs[0].name, outputs[0].name
        self.record = ModelRecord(
            name=pulled.name,
            kind="people",
            version=pulled.revision,
            files=dict(pulled.files),
            runtime=self._session.runtime,
            device=self._session.device,
            licence=entry.weights_licence,
            reason=reason,
        )

    def embed(self, faces: Sequence[RgbImage]) -> FloatArray:
        """Numbers of N aligned faces, float32 (N, 128), rows of length 1.

        Parameters
        ----------
        faces
            RGB uint8 (112, 112, 3), cut as `crop` says.

        Raises
        ------
        ModelError
            When a run fails.
        """
        check_crops(faces, SIZE_PX)
        rows = np.zeros((len(faces), WIDTH), np.float32)
        for row, face in zip(rows, faces, strict=True):
            levels = face.transpose(2, 0, 1)[None].astype(np.float32)
            row[:] = self._session.run({self._input: levels})[self._output][0]
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows / np.maximum(lengths, 1e-12), np.float32)


def _is(tensor: TensorInfo, shape: tuple[int, ...]) -> bool:
    """Whether a tensor holds one row of `shape`, or as many as one likes."""
    first, *others = tensor.shape or (0,)
    return tensor.dtype == "float32" and first in {1, None} and tuple(others) == shape
