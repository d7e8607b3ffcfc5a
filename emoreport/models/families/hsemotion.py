"""The HSEmotion face models (now EmotiEffLib) of A. V. Savchenko: published ONNX graphs.

Seven networks trained on AffectNet; docs/models/hsemotion has a card for each.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np

from emoreport.errors import ModelError
from emoreport.models.families.face_crops import check_crops
from emoreport.models.families.hsemotion_folder import described_folder
from emoreport.models.runtimes.classifiers import softmax
from emoreport.models.runtimes.forms import optimized_form
from emoreport.models.runtimes.graphs import GraphSession, TensorInfo, shape_text
from emoreport.models.runtimes.onnx_runtime import built_for_cuda
from emoreport.models.runtimes.opening import open_graph
from emoreport.models.runtimes.penultimate import REMEDY, OpenedGraph, with_features
from emoreport.models.store.registry import ModelEntry, PulledModel
from emoreport.records import (
    CropSpec,
    DoubleArray,
    FaceScores,
    FloatArray,
    ModelRecord,
    RgbImage,
)

CHANNELS: Final = 3
FACES_AT_ONCE: Final = 2
"""Faces per run on a processor: with more of them the data between the layers leave its cache."""
MOST_WORKERS: Final = 8
"""The pipeline hands over 16 faces at a time: work for so many threads."""

AUTO: Final = "auto"
AFFECT: Final = 2
"""Output columns after the classes where a model gives valence and arousal, in this order."""


def open_hsemotion(
    pulled: PulledModel,
    *,
    runtime: str = "auto",
    device: str = "auto",
    threads: int = 0,
    reason: str = "",
) -> HSEmotionModel:
    """Open a model in the form that is to run here.

    Parameters
    ----------
    pulled
        As for `HSEmotionModel`, or a local folder with such a network and ``model.json``.
    device, threads, reason
        As for `HSEmotionModel`.
    runtime
        ``auto``: the form that `emoreport models optimize` chose for this model, where it made one
        and ONNX Runtime finds no graphics card, else ONNX Runtime. ``openvino``: the
        fastest form for it that was measured to be equal, else float32. ``onnxruntime``: float32.

    Raises
    ------
    ModelError
        As for `HSEmotionModel`, when a folder is not what it says, and when the forms no longer fit
        the files or the runtime here.
    """
    if pulled.registered is None:
        pulled = described_folder(pulled)
    choice: dict[str, Any] = {"device": device, "threads": threads, "reason": reason}
    plain = form = None
    if runtime == AUTO and device == AUTO and built_for_cuda():
        # Forms are chosen among those for the processor; a card that works goes before them.
        plain = HSEmotionModel(pulled, **choice)
        if plain.record.device == "cuda":
            return plain
    if runtime in {AUTO, "openvino"} and device != "cuda":
        form = optimized_form(pulled, runtime)
    if form is None:
        return plain or HSEmotionModel(pulled, runtime=runtime, **choice)
    return HSEmotionModel(pulled, runtime=form.runtime, precision=form.precision, **choice)


class HSEmotionModel:
    """One HSEmotion network: RGB face → probabilities and, from some, valence and arousal.

    The face is the tight box of the detector, cut at whole pixels and stretched to the square
    that the network was trained on: no margin, no turning. It is resized once, by `crop_face`:
    an axis that shrinks is averaged over the area of each new pixel (OpenCV's INTER_AREA), one
    that grows is interpolated linearly. The networks were trained on pictures that Pillow had
    made small with smoothing; OpenCV's plain INTER_LINEAR, which the publisher's ONNX package
    uses, skips pixels when it shrinks and gives other labels for the same face (issue 33 of
    EmotiEffLib counts that and swapped colours at 1.2 to 2.9 points of accuracy).

    Parameters
    ----------
    pulled
        The model's files on this machine and its registry entry.
    runtime, device, precision
        As for `open_graph`.
    threads
        Faces are shared out to so many threads; 0 takes one per processor. Threads that each
        have faces of their own wait for each other less than threads that share every layer.
        More than `MOST_WORKERS` are not used.
    reason
        Why this model runs, for run.json.

    Raises
    ------
    ModelError
        When the graph cannot be loaded, does not fit its registry entry, or runtime or device
        is not available.
    """

    record: ModelRecord
    labels: tuple[str, ...]
    crop: CropSpec

    def __init__(
        self,
        pulled: PulledModel,
        *,
        runtime: str = "auto",
        device: str = "auto",
        threads: int = 0,
        precision: str = "float32",
        reason: str = "",
    ) -> None:
        registered = pulled.registered
        if registered is None or len(registered.files) != 1:
            raise ModelError("models.not_hsemotion", file=pulled.folder)
        self._path = pulled.folder / registered.files[0].name
        details = registered.details
        self.labels = registered.labels
        self.crop = CropSpec(size_px=int(details["input_px"]), tight_box=True)
        self._gives_affect = bool(details["valence_arousal"])
        self._columns = len(registered.labels) + AFFECT * self._gives_affect
        self._scale, self._shift = _normalisation(details["mean"], details["std"])
        opened = with_features(self._path)
        workers = min(threads or _processors(), MOST_WORKERS)
        self._session = open_graph(
            opened.content,
            runtime=runtime,
            device=device,
            threads=1,
            parallel=workers,
            rows=FACES_AT_ONCE,
            precision=precision,
            file=self._path,
        )
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="face-model")
        self._features = opened.features
        self.feature_width = opened.width
        self._input, self._output = self._checked(opened, registered)
        self.record = ModelRecord(
            name=pulled.name,
            kind="face",
            version=pulled.revision,
            labels=registered.labels,
            files=dict(pulled.files),
            runtime=self._session.runtime,
            device=self._session.device,
            licence=registered.weights_licence,
            reason=reason,
        )

    def predict(self, faces: Sequence[RgbImage]) -> FaceScores:
        """N face crops → scores; an empty sequence gives none.

        Parameters
        ----------
        faces
            RGB (not BGR) uint8 (size, size, 3), values 0–255.

        Returns
        -------
        Probabilities are the softmax of the class columns. Models called ``…_mtl`` give valence
        and arousal clipped to [-1, 1]; what the network said, which has no bounds, is in `extra`
        as ``valence_raw`` and ``arousal_raw``.

        Raises
        ------
        FaceStageError
            When a crop has another shape or type.
        ModelError
            When inference fails or its answer is not finite.
        """
        return self._scores(*self._run(faces, {self._output: self._columns}))

    def _scores(self, output: FloatArray) -> FaceScores:
        scores = np.asarray(output, dtype=np.float64)
        classes = len(self.labels)
        probabilities = softmax(scores[:, :classes])
        if not self._gives_affect:
            return FaceScores(probabilities)
        raw = scores[:, classes:].astype(np.float32)
        clipped = np.clip(raw, -1.0, 1.0)
        return FaceScores(
            probabilities,
            valence=clipped[:, 0],
            arousal=clipped[:, 1],
            extra={"valence_raw": raw[:, 0], "arousal_raw": raw[:, 1]},
        )

    def features(self, faces: Sequence[RgbImage]) -> FloatArray:
        """N face crops → float32 (N, `feature_width`): what the last layer sees of each.

        Parameters
        ----------
        faces
            As for `predict`.

        Raises
        ------
        FaceStageError, ModelError
            As for `predict`.
        """
        (features,) = self._run(faces, {self._features: self.feature_width})
        return features

    def embed(self, faces: Sequence[RgbImage]) -> tuple[FaceScores, FloatArray]:
        """What `predict` says and what `features` gives, in one run of the network."""
        scores, features = self._run(
            faces, {self._output: self._columns, self._features: self.feature_width}
        )
        return self._scores(scores), features

    def _run(self, faces: Sequence[RgbImage], columns: Mapping[str, int]) -> list[FloatArray]:
        """Outputs of the graph for N crops, finite float32 (N, columns), by name."""
        step = len(faces) if self._session.device == "cuda" else FACES_AT_ONCE

        def run(start: int) -> list[FloatArray]:
            batch = self._batch(faces[start : start + step])
            answers = self._session.run({self._input: batch}, list(columns))
            return [answers[name] for name in columns]

        if not faces:
            return [np.zeros((0, width), np.float32) for width in columns.values()]
        parts = list(self._pool.map(run, range(0, len(faces), step)))
        outputs = [np.concatenate(pieces) for pieces in zip(*parts, strict=True)]
        for output, width in zip(outputs, columns.values(), strict=True):
            if output.shape != (len(faces), width) or not np.isfinite(output).all():
                raise ModelError("models.output", shape=output.shape, file=self._path)
        return outputs

    def _batch(self, faces: Sequence[RgbImage]) -> FloatArray:
        """RGB uint8 crops → float32 (N, 3, size, size), normalised."""
        size_px = self.crop.size_px
        batch = np.empty((len(faces), CHANNELS, size_px, size_px), np.float32)
        check_crops(faces, size_px)
        for face, planes in zip(faces, batch, strict=True):
            # Face by face: a plane that is in the cache is scaled and shifted there.
            planes[:] = face.transpose(2, 0, 1)
            np.multiply(planes, self._scale, out=planes)
            np.add(planes, self._shift, out=planes)
        return batch

    def _checked(self, opened: OpenedGraph, registered: ModelEntry) -> tuple[str, str]:
        """Names of the input and of the output, after both were found to fit the registry."""
        session, size_px = self._session, self.crop.size_px
        if len(session.inputs) != 1:
            raise self._misfit("models.one_input", inputs=sorted(session.inputs))
        (image,) = session.inputs.values()
        wanted: tuple[int | None, ...] = (None, CHANNELS, size_px, size_px)
        if image.dtype != "float32" or image.shape != wanted:
            raise self._misfit(
                "models.graph_takes",
                given=f"{image.dtype} {shape_text(image.shape)}",
                model=registered.name,
                wanted=f"float32 {shape_text(wanted)}",
            )
        scores = _scores(session, opened.features)
        if scores.dtype != "float32" or scores.shape != (None, self._columns):
            raise self._misfit(
                "models.graph_gives",
                given=f"{scores.dtype} {shape_text(scores.shape)}",
                model=registered.name,
                wanted=f"float32 {shape_text((None, self._columns))}",
            )
        width = registered.details.get("features", opened.width)
        if opened.width != width:
            raise self._misfit(
                "models.features", given=opened.width, model=registered.name, wanted=width
            )
        return image.name, scores.name

    def _misfit(self, key: str, **values: object) -> ModelError:
        return ModelError(key, remedy=REMEDY, file=self._path, **values)


def _processors() -> int:
    """Processors that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux only
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _scores(session: GraphSession, features: str) -> TensorInfo:
    (scores,) = (info for name, info in session.outputs.items() if name != features)
    return scores


def _normalisation(mean: Sequence[float], std: Sequence[float]) -> tuple[FloatArray, FloatArray]:
    """Factor and summand, float32 (3, 1, 1) each, that do ``(x / 255 − mean) / std``."""
    means: DoubleArray = np.asarray(mean, np.float64)
    stds: DoubleArray = np.asarray(std, np.float64)
    scale, shift = 1.0 / (255.0 * stds), -means / stds
    shape = (CHANNELS, 1, 1)
    return scale.astype(np.float32).reshape(shape), shift.astype(np.float32).reshape(shape)
