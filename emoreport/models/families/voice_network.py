"""A voice-emotion model over a network in torch that can be exported to other runtimes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np

from emoreport.errors import ModelError
from emoreport.models.runtimes.classifiers import softmax
from emoreport.models.runtimes.forms import FLOAT32, TORCH, Form, command, optimized_form
from emoreport.models.runtimes.runners import Feeds, GraphRunner, Runner, TorchRunner, graphics_card
from emoreport.models.store.registry import PulledModel
from emoreport.records import SAMPLE_RATE_HZ, FloatArray, IntArray, ModelRecord, VoiceScores

AUTO: Final = "auto"
LOCAL: Final = "local"
"""Version of a model in a folder of the user's own."""


@dataclass(frozen=True, slots=True)
class VoiceBatch:
    """Clips that run together.

    Attributes
    ----------
    places
        int64 (N,), their indices among all clips.
    feeds
        Inputs of the network.
    """

    places: IntArray
    feeds: Feeds


class VoiceCheckpoint(Protocol):
    """What the files of a model say of its network; reading it takes no torch."""

    @property
    def name(self) -> str:
        """Name of the model, for messages and run.json."""
        ...

    @property
    def weights(self) -> Path:
        """File of the weights."""
        ...

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the logits."""
        ...

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes that are emotions, in the order of the logits."""
        ...

    @property
    def min_window_s(self) -> float:
        """Shortest window that the model should be given."""
        ...

    @property
    def max_window_s(self) -> float:
        """Longest window that the model should be given."""
        ...

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs of the network, in their order, the sound first."""
        ...

    def batches(self, clips: Sequence[FloatArray]) -> list[VoiceBatch]:
        """Prepare clips and put them together so that each gets the answer that it gets alone.

        Parameters
        ----------
        clips
            Mono, 16 kHz, float32 (n_i,), [-1, 1], n_i ≥ 1.

        Raises
        ------
        SpeechStageError
            When a clip is empty, not mono or not finite.
        """
        ...

    def examples(self) -> Feeds:
        """Inputs of two clips, to show an exporter what the network takes."""
        ...


@dataclass(frozen=True, slots=True)
class VoiceSource:
    """A checkpoint and what builds its network.

    Attributes
    ----------
    checkpoint
        What the files say.
    load
        Builds the network in torch, float32, on the processor. It raises ImportError when torch,
        or what the network is made of, is not installed, and ModelError when the weights cannot be
        read or do not fit in every name and every shape.
    """

    checkpoint: VoiceCheckpoint
    load: Callable[[], Any]


def open_source(
    source: VoiceSource,
    pulled: PulledModel,
    *,
    runtime: str = AUTO,
    device: str = AUTO,
    threads: int = 0,
    reason: str = "",
    features: str = "",
) -> VoiceNetworkModel:
    """Open a network in the form that is to run.

    Parameters
    ----------
    source, pulled
        The model and its files.
    runtime
        ``auto``: the form that `emoreport models optimize` chose for this model, where it made
        one and no graphics card is used, else torch. ``torch``: torch in float32.
        ``onnxruntime``, ``openvino``: the form that was exported for it.
    device
        ``auto``, ``cpu`` or ``cuda``; ``cuda`` is never replaced by ``cpu``.
    threads
        Threads inside one run; 0 lets the runtime choose. Torch keeps one such number for the
        whole process.
    reason
        Why this model was chosen, for run.json.
    features
        What `VoiceNetworkModel.embed` is to give: ``model``, what the last layer sees;
        ``layer:N``, the mean over time of hidden layer N, 0 for what comes before the first.
        ``auto`` is torch then. "" where it is not asked for.

    Raises
    ------
    ModelError
        When the weights do not fit, an exported form is asked for that was not made, or a form no
        longer fits the files or the runtime here. Nothing else runs in its place. Also when
        features are asked for of an exported form, or of a layer that is not there.
    """
    form = _form(pulled, TORCH if features and runtime == AUTO else runtime, device)
    runner = open_form(source, form, device=device, threads=threads)
    files = {**pulled.files, **form.files}
    model = VoiceNetworkModel(source.checkpoint, runner, files, pulled, reason)
    if features:
        _, _, number = features.partition(":")
        model.layer = int(number) if number else None
        _ = model.feature_width  # refused now, not after hours of other work
    return model


def open_form(source: VoiceSource, form: Form, *, device: str, threads: int) -> Runner:
    """Open one form of a network; see `open_source`."""
    checkpoint = source.checkpoint
    if form.graph is None:
        return TorchRunner(
            source.load,
            name=checkpoint.name,
            file=checkpoint.weights,
            device=device,
            threads=threads,
            precision=form.precision,
        )
    return GraphRunner(form, checkpoint.inputs, device=device, threads=threads)


class VoiceNetworkModel:
    """A voice-emotion model over a network, in whichever runtime it runs.

    Parameters
    ----------
    checkpoint
        What the model is.
    runner
        What runs it.
    files
        ``{file name: SHA-256}`` of everything that took part.
    pulled
        Where it comes from.
    reason
        Why it was chosen.

    Attributes
    ----------
    layer
        Hidden layer that `embed` takes the mean over time of; None for what the last layer sees.
    """

    layer: int | None = None
    sample_rate_hz: int = SAMPLE_RATE_HZ

    def __init__(
        self,
        checkpoint: VoiceCheckpoint,
        runner: Runner,
        files: Mapping[str, str],
        pulled: PulledModel,
        reason: str = "",
    ) -> None:
        self._checkpoint, self._runner = checkpoint, runner
        self.labels = checkpoint.labels
        self._emotions = [checkpoint.classes.index(label) for label in self.labels]
        self.min_window_s = checkpoint.min_window_s
        self.max_window_s = checkpoint.max_window_s
        self.record = ModelRecord(
            name=checkpoint.name,
            kind="voice",
            version=pulled.revision or LOCAL,
            labels=checkpoint.labels,
            files=dict(files),
            runtime=runner.runtime,
            device=runner.device,
            licence="" if pulled.registered is None else pulled.registered.weights_licence,
            reason=reason,
        )

    def predict(self, clips: Sequence[FloatArray]) -> FloatArray:
        """Emotion probabilities of N clips, each judged on its own.

        A clip below one second is repeated end to end up to that length. Clips that run together
        get the answers that they get alone, to 1e-4 in float32. A class that is no emotion takes
        no share: the others sum to 1 without it.

        Parameters
        ----------
        clips
            N mono clips at 16 kHz, float32 (n_i,), [-1, 1], n_i ≥ 1.

        Returns
        -------
        float32 (N, K); rows sum to 1; columns follow `labels`.

        Raises
        ------
        SpeechStageError
            When a clip is empty, not mono or not finite.
        ModelError
            When inference fails or gives something other than finite logits.
        """
        probabilities = np.empty((len(clips), len(self.labels)), dtype=np.float32)
        for batch in self._checkpoint.batches(clips):
            logits = self._runner.logits(batch.feeds)
            probabilities[batch.places] = self._judged(logits, len(batch.places))
        return probabilities

    @property
    def feature_width(self) -> int:
        """Numbers that `embed` gives per clip.

        Raises
        ------
        ModelError
            When there is no such layer, or this form of the network gives no features.
        """
        return self._runner.feature_width(self.layer)

    def embed(self, clips: Sequence[FloatArray]) -> tuple[VoiceScores, FloatArray]:
        """What `predict` says, and features; see `layer`.

        Raises
        ------
        SpeechStageError, ModelError
            As for `predict`, and when this form of the network gives no features.
        """
        probabilities = np.empty((len(clips), len(self.labels)), dtype=np.float32)
        features = np.empty((len(clips), self.feature_width), dtype=np.float32)
        for batch in self._checkpoint.batches(clips):
            logits, pooled = self._runner.embed(batch.feeds, self.layer)
            count = len(batch.places)
            probabilities[batch.places] = self._judged(logits, count)
            features[batch.places] = self._checked(pooled, (count, features.shape[1]))
        return VoiceScores(probabilities), features

    def _judged(self, logits: FloatArray, count: int) -> FloatArray:
        scores = self._checked(logits, (count, len(self._checkpoint.classes)))
        return softmax(scores[:, self._emotions].astype(np.float64))

    def _checked(self, output: FloatArray, wanted: tuple[int, int]) -> FloatArray:
        if output.shape != wanted or not np.isfinite(output).all():
            raise ModelError(
                "models.output", shape=output.shape, file=self._checkpoint.weights.parent
            )
        return output


def _form(pulled: PulledModel, runtime: str, device: str) -> Form:
    """Which form runs; see `open_source`."""
    plain = Form(TORCH, FLOAT32)
    if runtime == TORCH or (runtime == AUTO and device == "cuda"):
        return plain
    form = optimized_form(pulled, runtime)
    if form is None and runtime != AUTO:
        raise ModelError(
            "models.no_form_made",
            model=pulled.name,
            runtime=runtime,
            command=command(pulled),
            file=pulled.folder,
        )
    # The forms were chosen among those for the processor.
    if form is None or (runtime == AUTO and device == AUTO and graphics_card()):
        return plain
    return form
