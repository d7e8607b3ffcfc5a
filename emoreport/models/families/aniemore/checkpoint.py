"""Read and check what a checkpoint folder says about its model, without torch.

The layout is that of the Hugging Face hub: ``config.json``, ``preprocessor_config.json`` and the
weights in ``model.safetensors`` or ``pytorch_model.bin``. Code that a configuration points at
(``auto_map``) is never fetched or run.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from emoreport.errors import ModelError
from emoreport.models.families.aniemore.batches import batches, prepared
from emoreport.models.families.voice_clips import SHORTEST_CLIP_S
from emoreport.models.families.voice_network import VoiceBatch
from emoreport.models.runtimes.runners import Feeds
from emoreport.models.store.integrity import digest_file
from emoreport.models.store.registry import ModelEntry, PulledModel
from emoreport.records import SAMPLE_RATE_HZ, FloatArray
from emoreport.vocabulary import EMOTIONS, VOICE_ONLY_EMOTIONS, label_named, plain_name

Head = Literal["pooled", "sequence"]

CONFIG: Final = "config.json"
PREPROCESSOR: Final = "preprocessor_config.json"
WEIGHTS: Final = ("model.safetensors", "pytorch_model.bin")
"""Names of the file of weights, the preferred one first."""

FAMILIES: Final = ("wav2vec2", "wavlm", "hubert")
"""Values of ``model_type`` that are understood."""
POOLING: Final = ("mean", "sum", "max")
DEFAULT_POOLING: Final = "mean"
"""What the publisher's own class does where the configuration says nothing."""

MIN_WINDOW_S: Final = 3.0
MAX_WINDOW_S: Final = 12.0
"""Windows of a local folder, of which the registry says nothing: those of the published models."""

NO_EMOTIONS: Final = frozenset({"other"})
"""Classes for speech that is none of the others. They are never an answer."""

AUDIO: Final = "audio"
"""Normalised sound, float32 (N, T)."""
FRAMES: Final = "frames"
"""Frames of each clip that are not padding, int64 (N,)."""
EXAMPLE_SAMPLES: Final = (16_000, 12_345)
"""Lengths of the two clips that the network is shown when it is exported."""

KERNELS: Final = (10, 3, 3, 3, 3, 2, 2)
STRIDES: Final = (5, 2, 2, 2, 2, 2, 2)
"""Convolutions of a configuration that leaves them out (Baevski et al., 2020)."""

REPAIR: Final = "repair_folder"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One checkpoint folder, described.

    Attributes
    ----------
    name
        Name of the model, for messages and run.json.
    folder
        Where the files lie.
    weights
        File of the weights.
    config
        Content of ``config.json``.
    family
        ``wav2vec2``, ``wavlm`` or ``hubert``.
    head
        ``pooled`` (dense, tanh, projection after pooling over time), ``sequence`` (transformers'
        own classification head) or None where only the weights tell.
    pooling
        ``mean``, ``sum`` or ``max``: how the pooled head sums up the frames.
    classes
        Class names in the order of the logits.
    normalise
        Whether a clip is brought to zero mean and unit variance first.
    masks
        Whether clips of several lengths may share a batch, padded and masked. A checkpoint with
        group normalisation takes its statistics over all samples of a row, the padding too.
        WavLM takes no padding either: its attention joins the mask, a boolean one, with a bias of
        floats, which torch is about to give up.
    steps
        (kernel, stride) of each convolution that turns samples into frames.
    min_window_s, max_window_s
        Lengths of the windows that the model is given.
    """

    name: str
    folder: Path
    weights: Path
    config: Mapping[str, Any]
    family: str
    head: Head | None
    pooling: str
    classes: tuple[str, ...]
    normalise: bool
    masks: bool
    steps: tuple[tuple[int, int], ...]
    min_window_s: float
    max_window_s: float

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes that are emotions, in the order of the logits."""
        return _emotions(self.classes)

    @property
    def inputs(self) -> tuple[str, ...]:
        """``audio`` and, where clips may be padded, ``frames``: how many are a clip's own."""
        return (AUDIO, FRAMES) if self.masks else (AUDIO,)

    @property
    def shortest_samples(self) -> int:
        """Samples that give one frame: 400 for the usual convolutions."""
        samples = 1
        for kernel, stride in reversed(self.steps):
            samples = (samples - 1) * stride + kernel
        return samples

    def frames(self, samples: int) -> int:
        """Frames that so many samples give."""
        for kernel, stride in self.steps:
            samples = (samples - kernel) // stride + 1
        return samples

    def batches(self, clips: Sequence[FloatArray]) -> list[VoiceBatch]:
        """Clips as the network reads them; see `VoiceCheckpoint`."""
        shortest = max(round(SHORTEST_CLIP_S * SAMPLE_RATE_HZ), self.shortest_samples)
        ready = [prepared(clip, shortest=shortest, normalise=self.normalise) for clip in clips]
        return [
            VoiceBatch(batch.places, self._feeds(batch.audio, batch.samples))
            for batch in batches(ready, masks=self.masks)
        ]

    def examples(self) -> Feeds:
        """Inputs of two clips; see `VoiceCheckpoint`."""
        audio = np.zeros((len(EXAMPLE_SAMPLES), max(EXAMPLE_SAMPLES)), dtype=np.float32)
        for row, samples in enumerate(EXAMPLE_SAMPLES):
            audio[row, :samples] = np.linspace(-1.0, 1.0, samples)
        return self._feeds(audio, EXAMPLE_SAMPLES)

    def _feeds(self, audio: FloatArray, samples: Iterable[int]) -> Feeds:
        frames = np.array([self.frames(int(length)) for length in samples], dtype=np.int64)
        return {AUDIO: audio, FRAMES: frames} if self.masks else {AUDIO: audio}


def local_aniemore(folder: Path) -> PulledModel:
    """Take a local folder in the published layout for a model.

    Parameters
    ----------
    folder
        Holds the configuration, the settings of the feature extractor and the weights; the name of
        the model is the folder's own.

    Raises
    ------
    ModelError
        When a file is missing or cannot be read.
    """
    weights = _weights(folder)
    for name in (CONFIG, PREPROCESSOR):
        if not (folder / name).is_file():
            raise ModelError("models.no_file", name=name, remedy=REPAIR, file=folder)
    names = (CONFIG, PREPROCESSOR, weights.name)
    files = {name: digest_file(folder / name, remedy=REPAIR).sha256 for name in names}
    return PulledModel(None, folder.resolve().name, folder, files)


def read_checkpoint(pulled: PulledModel) -> Checkpoint:
    """Read and check what the folder says of its model.

    Raises
    ------
    ModelError
        When a file is missing, cannot be read, or says something that is not understood or that
        the registry contradicts.
    """
    folder, registered = pulled.folder, pulled.registered
    path = folder / CONFIG
    config, preprocessor = _document(path), _document(folder / PREPROCESSOR)
    details: Mapping[str, Any] = {} if registered is None else registered.details
    family = _family(config, str(details.get("base_class", "")), path)
    pooling = str(config.get("pooling_mode") or DEFAULT_POOLING)
    if pooling not in POOLING:
        raise ModelError("models.pooling", pooling=pooling, remedy=REPAIR, file=path)
    if config.get("add_adapter"):
        raise ModelError("models.adapter", remedy=REPAIR, file=path)
    norm = config.get("feat_extract_norm", "group")
    if norm not in {"group", "layer"}:
        raise ModelError("models.norm", norm=norm, remedy=REPAIR, file=path)
    return Checkpoint(
        name=pulled.name,
        folder=folder,
        weights=_weights(folder),
        config=config,
        family=family,
        head=details.get("head"),
        pooling=pooling,
        classes=_classes(config, registered, path),
        normalise=_normalise(preprocessor, folder / PREPROCESSOR),
        masks=norm == "layer" and family != "wavlm",
        steps=_steps(config, path),
        min_window_s=float(details.get("min_window_s", MIN_WINDOW_S)),
        max_window_s=float(details.get("max_window_s", MAX_WINDOW_S)),
    )


def _weights(folder: Path) -> Path:
    for name in WEIGHTS:
        if (folder / name).is_file():
            return folder / name
    raise ModelError("models.no_weights", weights=" nor ".join(WEIGHTS), remedy=REPAIR, file=folder)


def _document(path: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError("file.unreadable", error=error, remedy=REPAIR, file=path) from error
    if not isinstance(document, dict):
        raise ModelError("models.no_object", remedy=REPAIR, file=path)
    return document


def _family(config: Mapping[str, Any], base_class: str, path: Path) -> str:
    family = config.get("model_type")
    if family not in FAMILIES:
        choices = ", ".join(FAMILIES)
        raise ModelError("models.type", family=family, choices=choices, remedy=REPAIR, file=path)
    if base_class and not base_class.lower().startswith(family):
        raise ModelError(
            "models.other_type", family=family, base_class=base_class, remedy=REPAIR, file=path
        )
    return str(family)


def _classes(
    config: Mapping[str, Any], registered: ModelEntry | None, path: Path
) -> tuple[str, ...]:
    """Class names in the vocabulary of this program, in the order of the logits."""
    stated = _stated_classes(config, path)
    if registered is None:
        if stated is None:
            raise ModelError("models.no_emotions", remedy=REPAIR, file=path)
        vocabulary = {*EMOTIONS, *VOICE_ONLY_EMOTIONS}
        if len(set(stated)) != len(stated) or not vocabulary.issuperset(_emotions(stated)):
            raise ModelError("models.labels", labels=", ".join(stated), remedy=REPAIR, file=path)
        return stated
    expected = _in_own_words(registered.details.get("class_order", registered.labels))
    if _emotions(expected) != registered.labels:
        raise ModelError(
            "models.registry_classes",
            model=registered.name,
            classes=", ".join(expected),
            labels=", ".join(registered.labels),
        )
    if stated not in {None, expected}:
        raise ModelError(
            "models.other_labels",
            stated=", ".join(stated or ()),
            expected=", ".join(expected),
            file=path,
        )
    return expected


def _emotions(classes: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in classes if name not in NO_EMOTIONS)


def _in_own_words(classes: Iterable[str]) -> tuple[str, ...]:
    return tuple(label_named(name) or plain_name(name) for name in classes)


def _stated_classes(config: Mapping[str, Any], path: Path) -> tuple[str, ...] | None:
    """Classes of ``id2label`` in their order; None where it is absent or a mere placeholder."""
    table = config.get("id2label")
    if table is None:
        return None
    try:
        words = {int(index): str(word) for index, word in table.items()}
        back = {str(word): int(index) for word, index in (config.get("label2id") or {}).items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise ModelError("models.id2label", error=error, remedy=REPAIR, file=path) from error
    if sorted(words) != list(range(len(words))):
        raise ModelError("models.label_numbers", numbers=sorted(words), remedy=REPAIR, file=path)
    if back and back != {word: index for index, word in words.items()}:
        raise ModelError("models.label_tables", remedy=REPAIR, file=path)
    # What transformers writes where nobody named the classes.
    if all(word == f"LABEL_{index}" for index, word in words.items()):
        return None
    return _in_own_words(words[index] for index in range(len(words)))


def _normalise(preprocessor: Mapping[str, Any], path: Path) -> bool:
    rate, width = preprocessor.get("sampling_rate"), preprocessor.get("feature_size", 1)
    if rate != SAMPLE_RATE_HZ:
        raise ModelError("models.rate", wanted_hz=rate, given_hz=SAMPLE_RATE_HZ, file=path)
    if width != 1:
        raise ModelError("models.width", width=width, remedy=REPAIR, file=path)
    # True where nothing is said, as in transformers' Wav2Vec2FeatureExtractor.
    normalise = preprocessor.get("do_normalize", True)
    if not isinstance(normalise, bool):
        raise ModelError("models.normalise", value=normalise, remedy=REPAIR, file=path)
    return normalise


def _steps(config: Mapping[str, Any], path: Path) -> tuple[tuple[int, int], ...]:
    kernels = config.get("conv_kernel", KERNELS)
    strides = config.get("conv_stride", STRIDES)
    try:
        steps = tuple(zip(map(int, kernels), map(int, strides), strict=True))
    except (TypeError, ValueError) as error:
        raise ModelError("models.convolutions", error=error, remedy=REPAIR, file=path) from error
    if not steps or min(map(min, steps)) < 1:
        raise ModelError("models.steps", steps=steps, remedy=REPAIR, file=path)
    return steps
