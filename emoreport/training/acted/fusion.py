"""Face alone, voice alone, early and late fusion, each actor tested by heads that never met him.

Everything that is chosen, strengths of the penalty, scale of the face, weight of the late fusion,
is chosen inside the training actors: each of them is judged by heads trained on the others, and
what gives the best recall there is taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from emoreport.analysis.numeric.softmax import fit_softmax
from emoreport.records import DoubleArray, IntArray
from emoreport.training.acted.clips import PROSODY, ActedClips
from emoreport.training.acted.scores import Speakers, mean_recall

FOLDS: Final = 6
INNER_FOLDS: Final = 5
RIDGES: Final = (0.01, 0.03, 0.1, 0.3)
FACE_SHARES: Final = (1.0, 0.1)
"""Early fusion: the penalty on the few columns of the face, beside that on those of the voice."""
WEIGHTS: Final = tuple(round(0.05 * step, 2) for step in range(1, 20))
"""Of the face, in late fusion."""

Names = np.ndarray[tuple[int], np.dtype[np.str_]]
Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]
Pool = Callable[[DoubleArray, DoubleArray, float], DoubleArray]


@dataclass(frozen=True, slots=True)
class Judged:
    """What one kind of head says of the clips of actors whom it never met.

    Attributes
    ----------
    given
        float64 (N, K), probabilities.
    chosen
        What was chosen in each fold.
    """

    given: DoubleArray
    chosen: tuple[str, ...]


def pooled_mean(face: DoubleArray, voice: DoubleArray, weight: float) -> DoubleArray:
    """Weighted mean of probabilities."""
    return weight * face + (1.0 - weight) * voice


def pooled_logarithms(face: DoubleArray, voice: DoubleArray, weight: float) -> DoubleArray:
    """Weighted geometric mean of probabilities, rows summing to 1: the mean of logarithms."""
    product = np.exp(weight * np.log(face + 1e-9) + (1.0 - weight) * np.log(voice + 1e-9))
    shares: DoubleArray = product / product.sum(axis=1, keepdims=True)
    return shares


POOLS: Final[Mapping[str, Pool]] = {
    "late, mean": pooled_mean,
    "late, logarithms": pooled_logarithms,
}


def dealt(speakers: Names, folds: int) -> list[Flags]:
    """Clips left out by each fold, bool (N,): speakers dealt round in sorted order."""
    names = np.unique(speakers)
    return [np.isin(speakers, names[fold::folds]) for fold in range(min(folds, len(names)))]


def standardised_by_speaker(rows: DoubleArray, speakers: Names) -> DoubleArray:
    """Columns less each speaker's own mean, over his own spread: needs his other clips at once."""
    result = rows.copy()
    for name in np.unique(speakers):
        own = speakers == name
        result[own] = (rows[own] - rows[own].mean(axis=0)) / (rows[own].std(axis=0) + 1e-6)
    return result


def compare(clips: ActedClips, *, by_speaker: bool = False) -> dict[str, Judged]:
    """Judge all clips by every kind of head.

    Parameters
    ----------
    clips
        With faces.
    by_speaker
        Standardise by speaker first (`standardised_by_speaker`).
    """
    if clips.face is None:
        raise ValueError("these clips have no face")
    face, voice = clips.face, clips.voice
    if by_speaker:
        face, voice = (standardised_by_speaker(rows, clips.speakers) for rows in (face, voice))
    parts: dict[str, list[tuple[DoubleArray, str]]] = {}
    folds = dealt(clips.speakers, FOLDS)
    for out in folds:
        for name, (given, chosen) in _fold(face, voice, clips, out).items():
            parts.setdefault(name, []).append((given, chosen))
    judged = {}
    for name, each in parts.items():
        given = np.zeros((len(clips.classes), len(clips.emotions)))
        for out, (own, _) in zip(folds, each, strict=True):
            given[out] = own
        judged[name] = Judged(given, tuple(chosen for _, chosen in each))
    return judged


def figures(clips: ActedClips, judged: Mapping[str, Judged]) -> dict[str, Any]:
    """Recalls with intervals over actors, and what fusion gains over the better single one."""
    speakers = Speakers(clips.classes, clips.speakers)
    hits = {
        name: (own.given.argmax(axis=1) == clips.classes).astype(np.float64)
        for name, own in judged.items()
    }
    result: dict[str, Any] = {}
    for name, own in judged.items():
        result[name] = {
            "uar": speakers.recall(hits[name]),
            "accuracy": speakers.accuracy(hits[name]),
            "chosen": dict(Counter(own.chosen)),
            "uar_heard": round(mean_recall(own.given[clips.heard], clips.classes[clips.heard]), 4),
            "uar_unheard": round(
                mean_recall(own.given[~clips.heard], clips.classes[~clips.heard]), 4
            ),
        }
    for name in judged:
        singles = ("face", "prosody" if name.endswith("prosody") else "voice")
        if name not in ("face", "voice", "prosody"):
            better = max(singles, key=lambda single: result[single]["uar"]["value"])
            result[name]["better_single"] = better
            result[name]["gain"] = speakers.difference(hits[name], hits[better])
    return result


def _fold(
    face: DoubleArray, voice: DoubleArray, clips: ActedClips, out: Flags
) -> dict[str, tuple[DoubleArray, str]]:
    """What every kind of head, trained without `out`, says of `out`, and what was chosen."""
    prosody = voice[:, -PROSODY:]
    plain = {f"{ridge:g}": ridge for ridge in RIDGES}
    both = {
        f"{ridge:g}, face {share * ridge:g}": np.append(
            np.full(face.shape[1], share * ridge), np.full(voice.shape[1], ridge)
        )
        for ridge in RIDGES
        for share in FACE_SHARES
    }
    said: dict[str, tuple[DoubleArray, DoubleArray, str]] = {
        "face": _chosen(face, plain, clips, out),
        "voice": _chosen(voice, plain, clips, out),
        "prosody": _chosen(prosody, plain, clips, out),
        "early": _chosen(np.column_stack((face, voice)), both, clips, out),
    }
    result = {name: (given, words) for name, (_, given, words) in said.items()}
    for voiced, ending in (("voice", ""), ("prosody", ", prosody")):
        for name, pool in POOLS.items():
            result[name + ending] = _late(said["face"], said[voiced], pool, clips.classes[~out])
    return result


def _late(
    face: tuple[DoubleArray, DoubleArray, str],
    voice: tuple[DoubleArray, DoubleArray, str],
    pool: Pool,
    classes: IntArray,
) -> tuple[DoubleArray, str]:
    weight = max(WEIGHTS, key=lambda each: mean_recall(pool(face[0], voice[0], each), classes))
    return pool(face[1], voice[1], weight), f"{weight:g}"


def _chosen(
    rows: DoubleArray,
    ridges: Mapping[str, float | DoubleArray],
    clips: ActedClips,
    out: Flags,
) -> tuple[DoubleArray, DoubleArray, str]:
    """Probabilities of training actors left out in turn, of `out`, and the penalty chosen."""
    kept, count = rows[~out], len(clips.emotions)
    classes, inner = clips.classes[~out], dealt(clips.speakers[~out], INNER_FOLDS)
    within = {
        words: _left_out(kept, classes, count, ridge, inner) for words, ridge in ridges.items()
    }
    best = max(within, key=lambda words: mean_recall(within[words], classes))
    head = fit_softmax(kept, classes, count, ridge=ridges[best])
    return within[best], head.probabilities(rows[out]), best


def _left_out(
    rows: DoubleArray,
    classes: IntArray,
    count: int,
    ridge: float | DoubleArray,
    folds: Sequence[Flags],
) -> DoubleArray:
    """What heads say of each fold that they were fitted without, float64 (N, K)."""
    given = np.zeros((len(rows), count))
    for out in folds:
        head = fit_softmax(rows[~out], classes[~out], count, ridge=ridge)
        given[out] = head.probabilities(rows[out])
    return given
