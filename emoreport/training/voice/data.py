"""Labelled speech for training: reading the corpora, and folds that leave whole speakers out.

The expected folder holds ``labels.csv`` (columns ``corpus, file, emotion, speaker, language``) and
the files themselves, or tars of them. Any audio container that PyAV opens will do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from emoreport.corpora.clip_sounds import find_clips
from emoreport.corpora.clips import LabelledClip
from emoreport.corpora.labels_csv import read_labels_csv
from emoreport.errors import MediaError
from emoreport.records import SAMPLE_RATE_HZ
from emoreport.training.voice.labels import CLIP_LABELS, READ_AS


@dataclass(frozen=True, slots=True)
class Clip:
    """One labelled utterance.

    Attributes
    ----------
    samples
        (T,) int16, mono, 16 kHz.
    label
        Index into :data:`~emoreport.training.voice.labels.CLIP_LABELS`.
    speaker
        ``<corpus>/<speaker>``: unique over corpora.
    corpus
        Name of the corpus.
    """

    samples: NDArray[np.int16]
    label: int
    speaker: str
    corpus: str


def read_corpora(folder: Path, cache: Path | None = None) -> list[Clip]:
    """Decode every clip of ``folder/labels.csv``.

    Parameters
    ----------
    folder
        The data folder described in the module's text.
    cache
        A ``.npz`` file that keeps the decoded samples between runs; made when absent.

    Returns
    -------
    list of Clip
        In the order of ``labels.csv``.

    Raises
    ------
    InputNotFoundError
        ``labels.csv`` is missing.
    FileNotFoundError
        An audio file named in it is missing.
    ValueError
        ``labels.csv`` holds an emotion that the network has no output for.
    """
    clips = _labelled(folder)
    if cache is not None and cache.exists():
        signals = _read_cache(cache)
    else:
        signals = _decode_all(folder, [clip.file for clip in clips])
        if cache is not None:
            _write_cache(cache, signals)
    return [
        Clip(
            samples=signals[clip.file],
            label=CLIP_LABELS.index(_label(clip)),
            speaker=clip.person,
            corpus=clip.corpus,
        )
        for clip in clips
    ]


def speaker_folds(speakers: Iterable[str], n_folds: int) -> list[frozenset[str]]:
    """Split the speakers of every corpus over the folds.

    The speakers of each corpus are dealt round the folds in sorted order, so that every fold leaves
    out some of each corpus and each speaker is left out exactly once.

    Parameters
    ----------
    speakers
        Names of the form ``<corpus>/<speaker>``; repeats do not matter.
    n_folds
        Number of folds, at least 2.

    Returns
    -------
    list of frozenset of str
        The speakers left out by each fold.
    """
    if n_folds < 2:
        raise ValueError(f"at least 2 folds are needed to leave a speaker out, not {n_folds}")
    folds: list[set[str]] = [set() for _ in range(n_folds)]
    names = sorted(set(speakers))
    for corpus in sorted({name.partition("/")[0] for name in names}):
        of_corpus = [name for name in names if name.partition("/")[0] == corpus]
        for rank, speaker in enumerate(of_corpus):
            folds[rank % n_folds].add(speaker)
    return [frozenset(fold) for fold in folds]


def decode(source: BinaryIO | Path | str) -> NDArray[np.int16]:
    """Decode the first audio stream of a file to mono int16 at 16 kHz.

    Channels are averaged by the resampler, never dropped.
    """
    import av

    with av.open(str(source) if isinstance(source, Path) else source, "r") as container:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE_HZ)
        chunks = [
            resampled.to_ndarray().reshape(-1)
            for frame in _frames_then_flush(container.decode(audio=0))
            for resampled in resampler.resample(frame)
        ]
    return np.concatenate(chunks).astype(np.int16) if chunks else np.zeros(0, np.int16)


def _frames_then_flush(frames: Iterator[Any]) -> Iterator[Any]:
    """The frames, then the None that makes a PyAV resampler give up what it holds back."""
    yield from frames
    yield None


def _labelled(folder: Path) -> list[LabelledClip]:
    clips, _ = read_labels_csv(folder)
    unknown = {_label(clip) for clip in clips} - set(CLIP_LABELS)
    if unknown:
        raise ValueError(f"{folder}: no output for the emotions {sorted(unknown)}")
    return clips


def _label(clip: LabelledClip) -> str:
    return READ_AS.get((clip.corpus, clip.written), clip.written)


def _decode_all(folder: Path, files: Sequence[str]) -> dict[str, NDArray[np.int16]]:
    signals: dict[str, NDArray[np.int16]] = {}
    for index, samples in find_clips(folder, files, lambda source, _: decode(source)):
        if isinstance(samples, MediaError):
            raise samples
        signals[files[index]] = samples
    missing = [file for file in files if file not in signals]
    if missing:
        raise FileNotFoundError(f"{folder}: {len(missing)} clips missing, first {missing[0]}")
    return signals


def _read_cache(cache: Path) -> dict[str, NDArray[np.int16]]:
    with np.load(cache) as stored:
        names = [str(name) for name in stored["names"]]
        parts = np.split(stored["samples"], np.cumsum(stored["lengths"])[:-1])
    return dict(zip(names, parts, strict=True))


def _write_cache(cache: Path, signals: dict[str, NDArray[np.int16]]) -> None:
    lengths = np.array([len(signal) for signal in signals.values()], np.int64)
    samples = np.concatenate(list(signals.values()))
    cache.parent.mkdir(parents=True, exist_ok=True)
    np.savez(cache, names=np.array(list(signals)), lengths=lengths, samples=samples)
