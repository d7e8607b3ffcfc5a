"""The Dusha voice model: a small network trained on Russian speech, four classes."""

from __future__ import annotations

import hashlib
import tomllib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np

from emoreport.errors import ModelError
from emoreport.models.families.dusha_graph import INPUT, OUTPUT, dusha_graph
from emoreport.models.families.log_mel import log_mel
from emoreport.models.families.voice_clips import checked_clip, judged_by_length
from emoreport.models.runtimes.classifiers import softmax
from emoreport.models.runtimes.graphs import GraphSession
from emoreport.models.runtimes.opening import open_graph
from emoreport.models.runtimes.penultimate import with_features
from emoreport.models.runtimes.torch_files import read_state_dict
from emoreport.models.store.registry import ModelEntry, PulledModel
from emoreport.records import (
    SAMPLE_RATE_HZ,
    DoubleArray,
    FloatArray,
    ModelRecord,
    VoiceScores,
)

LABELS: Final = ("anger", "sadness", "neutral", "positive")
PUBLISHED_ORDER: Final = ("angry", "sad", "neutral", "positive")
"""The same four classes as their publisher calls them."""

MIN_WINDOW_S: Final = 3.0
MAX_WINDOW_S: Final = 12.0
"""The publisher trained on whole utterances of 0.3 to 16 s, 3.2 s long on average in podcasts."""

BIAS_FILE: Final = "dusha_bias.toml"
THREADS: Final = 1


@dataclass(frozen=True, slots=True)
class Correction:
    """What is taken from the logits of a model that favours some classes.

    Attributes
    ----------
    offsets
        float64 (4,), in the order of `LABELS`; their mean is 0.
    checkpoint_sha256
        Digest of the checkpoint that they were fitted for.
    sha256
        Digest of the file that holds them.
    """

    offsets: DoubleArray
    checkpoint_sha256: str
    sha256: str


def open_dusha(
    pulled: PulledModel,
    *,
    runtime: str = "auto",
    device: str = "auto",
    threads: int = 0,
    reason: str = "",
    bias: str = "none",
) -> DushaModel:
    """Open the Dusha model from its published checkpoint; PyTorch is not needed.

    Parameters
    ----------
    pulled
        The model's files on this machine; one of them is the checkpoint.
    runtime, device
        As for `open_graph`.
    threads
        Threads inside one run; 0 takes one, as suits a small model beside a decoder.
    reason
        Why this model was chosen, for run.json.
    bias
        ``none``, or ``acted``: subtract the class offsets that were fitted on acted speech.

    Raises
    ------
    ModelError
        When the checkpoint is not exactly of this network, the registry contradicts its labels,
        the correction was fitted for another file, or runtime or device is missing.
    """
    if runtime == "torch":
        raise ModelError("models.dusha_torch", file=pulled.folder)
    if pulled.registered is not None:
        _check_registered(pulled.registered)
    path = _checkpoint(pulled)
    correction = _correction(pulled, path) if bias != "none" else None
    graph = with_features(dusha_graph(read_state_dict(path), file=path), file=path)
    session = open_graph(
        graph.content, runtime=runtime, device=device, threads=threads or THREADS, file=path
    )
    details = {} if pulled.registered is None else pulled.registered.details
    record = ModelRecord(
        name=pulled.name if correction is None else f"{pulled.name} (bias: {bias})",
        kind="voice",
        version=pulled.revision,
        labels=LABELS,
        files={**pulled.files} | ({} if correction is None else {BIAS_FILE: correction.sha256}),
        runtime=session.runtime,
        device=session.device,
        licence="" if pulled.registered is None else pulled.registered.weights_licence,
        reason=reason,
    )
    return DushaModel(
        session,
        record,
        features=(graph.features, graph.width),
        offsets=None if correction is None else correction.offsets,
        min_window_s=float(details.get("min_window_s", MIN_WINDOW_S)),
        max_window_s=float(details.get("max_window_s", MAX_WINDOW_S)),
    )


class DushaModel:
    """Voice-emotion model on log-mel spectrograms: ``features`` (N, 1, 64, T) → ``logits`` (N, 4).

    Parameters
    ----------
    session
        The loaded graph.
    record
        What run.json says of the model.
    features
        Name of the output that the last layer sees, and its width.
    offsets
        float64 (4,), taken from the logits; None leaves them as they are.
    min_window_s, max_window_s
        Lengths of the clips that it should be given.
    """

    labels: tuple[str, ...] = LABELS
    sample_rate_hz: int = SAMPLE_RATE_HZ

    def __init__(
        self,
        session: GraphSession,
        record: ModelRecord,
        *,
        features: tuple[str, int],
        offsets: DoubleArray | None = None,
        min_window_s: float = MIN_WINDOW_S,
        max_window_s: float = MAX_WINDOW_S,
    ) -> None:
        self._session = session
        self._features, self.feature_width = features
        self._offsets = np.zeros(len(LABELS)) if offsets is None else offsets
        self.record = record
        self.min_window_s = min_window_s
        self.max_window_s = max_window_s

    def predict(self, clips: Sequence[FloatArray]) -> FloatArray:
        """Emotion probabilities of N clips, each judged on its own.

        Clips of one length run together. None is ever padded: the network weighs all positions of
        the spectrogram against each other, so that added silence would change what it says.

        Parameters
        ----------
        clips
            N mono clips at 16 kHz, float32 (n_i,), [-1, 1], n_i ≥ 1.

        Returns
        -------
        float32 (N, 4); rows sum to 1; columns follow `labels`.

        Raises
        ------
        SpeechStageError
            When a clip is empty, not mono or not finite.
        ModelError
            When inference fails.
        """
        levels = [log_mel(checked_clip(clip)) for clip in clips]
        return judged_by_length(levels, len(LABELS), lambda batch: self._judged(batch)[0])

    def embed(self, clips: Sequence[FloatArray]) -> tuple[VoiceScores, FloatArray]:
        """What `predict` says, and the mean of the last maps, float32 (N, 128).

        Raises
        ------
        SpeechStageError, ModelError
            As for `predict`.
        """
        levels = [log_mel(checked_clip(clip)) for clip in clips]
        width = len(LABELS) + self.feature_width
        table = judged_by_length(levels, width, lambda batch: np.hstack(self._judged(batch)))
        return VoiceScores(table[:, : len(LABELS)]), table[:, len(LABELS) :]

    def _judged(self, levels: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Probabilities and features of clips of one length from their levels, (n, 64, T)."""
        outputs = self._session.run({INPUT: levels[:, None]}, [OUTPUT, self._features])
        scores = np.asarray(outputs[OUTPUT], dtype=np.float64)
        features = np.asarray(outputs[self._features], dtype=np.float32)
        for values, width in ((scores, len(LABELS)), (features, self.feature_width)):
            if values.shape != (len(levels), width) or not np.isfinite(values).all():
                raise ModelError("models.output_of", model=self.record.name, shape=values.shape)
        return softmax(scores - self._offsets), features


def read_correction() -> Correction:
    """The correction that the package carries; dusha_bias.toml says where it comes from."""
    content = resources.files(__package__).joinpath(BIAS_FILE).read_bytes()
    document: dict[str, Any] = tomllib.loads(content.decode("utf-8"))
    offsets = np.array([document["offsets"][label] for label in LABELS], dtype=np.float64)
    return Correction(
        offsets, str(document["checkpoint_sha256"]), hashlib.sha256(content).hexdigest()
    )


def _correction(pulled: PulledModel, path: Path) -> Correction:
    correction = read_correction()
    if pulled.files[path.name] != correction.checkpoint_sha256:
        raise ModelError("models.other_bias", file=path)
    return correction


def _check_registered(registered: ModelEntry) -> None:
    order = tuple(registered.details.get("class_order", PUBLISHED_ORDER))
    if registered.labels != LABELS or order != PUBLISHED_ORDER:
        raise ModelError(
            "models.dusha_classes",
            model=registered.name,
            labels=registered.labels,
            order=order,
            expected=LABELS,
        )


def _checkpoint(pulled: PulledModel) -> Path:
    """The one file of the model that is a zip, which a checkpoint is."""
    checkpoints = [name for name in pulled.files if zipfile.is_zipfile(pulled.folder / name)]
    if len(checkpoints) != 1:
        raise ModelError(
            "models.checkpoints",
            count=len(checkpoints),
            files=sorted(pulled.files),
            file=pulled.folder,
        )
    return pulled.folder / checkpoints[0]
