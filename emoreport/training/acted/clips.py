"""The acted clips: features of the face and of the voice, emotion and speaker of each.

The face is that of OpenFace: action units averaged over each video of RAVDESS, joined by the name
of the clip. The voice is what the compact model's last layer hears: its encoder and its measures
of prosody, which were never told an emotion. The encoder did learn, without labels, from the
voices of some of these speakers; which, `HEARD` says.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from emoreport.corpora.clip_sounds import read_clip_sounds
from emoreport.corpora.clips import LabelledClip
from emoreport.corpora.labels_csv import read_labels_csv
from emoreport.errors import MediaError
from emoreport.models.families.compact import CompactVoiceModel
from emoreport.models.store.model_metadata import shipped_metadata
from emoreport.records import DoubleArray, FloatArray, IntArray
from emoreport.training.voice.crossval import ENCODER_FOLDS, N_FOLDS
from emoreport.training.voice.data import speaker_folds

ACTION_UNITS: Final = Path("av") / "ravdess_openface_action_units.csv"
SPEECH: Final = "speech"
PROSODY: Final = 57
"""The last so many voice features are plain measures of prosody: nothing in them was trained."""
BATCH: Final = 64


@dataclass(frozen=True, slots=True)
class ActedClips:
    """Clips of one corpus.

    Attributes
    ----------
    names
        Of the clips, without folder and suffix.
    emotions
        Class names, sorted.
    classes
        int64 (N,), position in `emotions`.
    speakers
        (N,), who speaks.
    seconds
        float64 (N,), length.
    voice
        float64 (N, D).
    face
        float64 (N, 35), or None where the corpus has no video.
    heard
        bool (N,), whether the encoder of the voice learned from this speaker, without labels.
    """

    names: tuple[str, ...]
    emotions: tuple[str, ...]
    classes: IntArray
    speakers: np.ndarray[tuple[int], np.dtype[np.str_]]
    seconds: DoubleArray
    voice: DoubleArray
    face: DoubleArray | None
    heard: np.ndarray[tuple[int], np.dtype[np.bool_]]


def read_acted(data: Path, corpus: str) -> ActedClips:
    """Read a corpus of ``data/speech`` and, of RAVDESS, the faces of ``data/av``.

    Raises
    ------
    InputNotFoundError, FileNotFoundError, MediaError
        When a file is missing or damaged.
    KeyError
        When a clip of RAVDESS has no action units.
    ModelError
        When the compact voice model cannot be run.
    """
    labelled, _ = read_labels_csv(data / SPEECH)
    clips = [clip for clip in labelled if clip.corpus == corpus]
    names = tuple(clip.stem for clip in clips)
    emotions, classes = np.unique([clip.written for clip in clips], return_inverse=True)
    model = CompactVoiceModel(shipped_metadata("voice"))
    samples = _decoded(data / SPEECH, clips)
    voice = [model.embed(samples[at : at + BATCH])[1] for at in range(0, len(samples), BATCH)]
    folds = speaker_folds((clip.person for clip in clips), N_FOLDS)
    heard = frozenset[str]().union(*(folds[fold] for fold in ENCODER_FOLDS))
    return ActedClips(
        names=names,
        emotions=tuple(emotions.tolist()),
        classes=classes.astype(np.int64),
        speakers=np.array([clip.person.partition("/")[2] for clip in clips]),
        seconds=np.array([len(each) for each in samples]) / model.sample_rate_hz,
        voice=np.concatenate(voice).astype(np.float64),
        face=_action_units(data / ACTION_UNITS, names) if corpus == "ravdess" else None,
        heard=np.array([clip.person in heard for clip in clips]),
    )


def _decoded(folder: Path, clips: Sequence[LabelledClip]) -> list[FloatArray]:
    sounds: dict[int, FloatArray] = {}
    for index, sound in read_clip_sounds(folder, [clip.file for clip in clips]):
        if isinstance(sound, MediaError):
            raise sound.with_file(clips[index].file)
        sounds[index] = sound
    missing = [clip.file for index, clip in enumerate(clips) if index not in sounds]
    if missing:
        raise FileNotFoundError(f"{folder}: {len(missing)} clips missing, first {missing[0]}")
    return [sounds[index] for index in range(len(clips))]


def _action_units(path: Path, names: Sequence[str]) -> DoubleArray:
    """Action units of the videos of voice clips, float64 (N, 35).

    RAVDESS calls the video of a clip ``01-…`` where it calls its sound ``03-…``.
    """
    with path.open(encoding="utf-8", newline="") as stream:
        rows = {row["name"]: row for row in csv.DictReader(stream, delimiter=";")}
    columns = [name for name in next(iter(rows.values())) if name.startswith("AU")]
    return np.array([[float(rows[f"01{name[2:]}"][unit]) for unit in columns] for name in names])
