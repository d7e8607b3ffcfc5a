"""Open GigaAM-Emo as a voice-emotion model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from emoreport.errors import ModelError
from emoreport.models.families.gigaam.sound import BANDS, log_bands
from emoreport.models.families.voice_clips import (
    SHORTEST_CLIP_S,
    checked_clip,
    indices_by_length,
    repeated,
)
from emoreport.models.families.voice_network import (
    VoiceBatch,
    VoiceNetworkModel,
    VoiceSource,
    open_source,
)
from emoreport.models.runtimes.runners import Feeds
from emoreport.models.store.registry import PulledModel
from emoreport.records import SAMPLE_RATE_HZ, FloatArray
from emoreport.vocabulary import label_named

FEATURES: Final = "features"
"""Log power in mel bands, float32 (N, 64, T)."""
MOST_FRAMES: Final = 2_400
"""Frames of one batch, 24 s of sound; a longer batch is no faster on a processor."""
EXAMPLE_FRAMES: Final = 150
MIN_WINDOW_S: Final = 3.0
MAX_WINDOW_S: Final = 12.0


@dataclass(frozen=True, slots=True)
class GigaamCheckpoint:
    """What the registry says of a GigaAM-Emo model; see `VoiceCheckpoint`.

    The file is read, and held against it, when the network is built in torch. An exported form
    was made of that network and needs the file no more.

    Attributes
    ----------
    name
        Name of the model.
    weights
        The checkpoint.
    published
        Names of the classes in the publisher's words, in the order of the logits.
    labels
        The same in the vocabulary of this program.
    min_window_s, max_window_s
        Lengths of the windows that the model is given.
    """

    name: str
    weights: Path
    published: tuple[str, ...]
    labels: tuple[str, ...]
    min_window_s: float
    max_window_s: float

    @property
    def classes(self) -> tuple[str, ...]:
        """All classes are emotions."""
        return self.labels

    @property
    def inputs(self) -> tuple[str, ...]:
        """The spectrogram is the only input: clips of several lengths are never padded."""
        return (FEATURES,)

    def batches(self, clips: Sequence[FloatArray]) -> list[VoiceBatch]:
        """Spectrograms, those of one length together; see `VoiceCheckpoint`."""
        shortest = round(SHORTEST_CLIP_S * SAMPLE_RATE_HZ)
        heard = [log_bands(repeated(checked_clip(clip), shortest)) for clip in clips]
        made = []
        for indices in indices_by_length(heard):
            most = max(1, MOST_FRAMES // heard[indices[0]].shape[1])
            for first in range(0, len(indices), most):
                part = indices[first : first + most]
                feeds = {FEATURES: np.stack([heard[index] for index in part])}
                made.append(VoiceBatch(part, feeds))
        return made

    def examples(self) -> Feeds:
        """Two made-up spectrograms; see `VoiceCheckpoint`."""
        ramp = np.linspace(-10.0, 1.0, 2 * BANDS * EXAMPLE_FRAMES, dtype=np.float32)
        return {FEATURES: ramp.reshape(2, BANDS, EXAMPLE_FRAMES)}


def open_gigaam(pulled: PulledModel, **running: Any) -> VoiceNetworkModel:  # noqa: ANN401 - see `open_source`
    """Open GigaAM-Emo from its published checkpoint or from a form that was exported.

    Parameters
    ----------
    pulled
        The model's files on this machine.
    running
        How it is to run, as for `open_source`.

    Raises
    ------
    ModelError
        When the model is none of the registry, or the checkpoint is not the published network;
        else as for `open_source`.
    """
    return open_source(gigaam_source(pulled), pulled, **running)


def gigaam_source(pulled: PulledModel) -> VoiceSource:
    """Describe a model; its checkpoint is read when the network is built.

    Raises
    ------
    ModelError
        When the model is none of the registry, or the registry contradicts itself.
    """
    registered = pulled.registered
    if registered is None:
        raise ModelError("models.not_gigaam", file=pulled.folder)
    details = registered.details
    published = tuple(details["class_order"])
    if tuple(map(label_named, published)) != registered.labels:
        raise ModelError(
            "models.registry_classes",
            model=registered.name,
            classes=", ".join(published),
            labels=", ".join(registered.labels),
        )
    (file,) = registered.files
    checkpoint = GigaamCheckpoint(
        name=pulled.name,
        weights=pulled.folder / file.name,
        published=published,
        labels=registered.labels,
        min_window_s=float(details.get("min_window_s", MIN_WINDOW_S)),
        max_window_s=float(details.get("max_window_s", MAX_WINDOW_S)),
    )

    def load() -> Any:  # noqa: ANN401 - torch is not typed here
        from emoreport.models.families.gigaam.network import load_network

        return load_network(checkpoint.weights, checkpoint.published)

    return VoiceSource(checkpoint, load)
