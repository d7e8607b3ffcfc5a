"""Talks put together from clips: what holding a voice against its own recording is worth.

A clip tells little about what is usual for its speaker; a recording tells more. Clips of one
speaker whom a head never heard make a talk, of which one part is neutral and the rest spread over
the other emotions of the corpus. `recording_level` says how the talk's windows are held against
their mean; how much of it to take off was chosen on such talks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoreport.analysis.numeric.scores import calibration_error
from emoreport.analysis.numeric.softmax import softmax
from emoreport.models.families.recording_level import RecordingLevel
from emoreport.training import card
from emoreport.training.answers import FloatArray
from emoreport.training.voice import metrics
from emoreport.training.voice.labels import LABELS
from emoreport.training.voice.leave_out import temperature_of_all, temperatures
from emoreport.training.voice.metrics import LeftOut

NEUTRAL = LABELS.index("neutral")
STRENGTH = 0.5
HALF_S = 10.0
"""Chosen on the talks of corpora left out; tried: 0, 0.3, 0.5, 0.65, 0.75, 0.85, 1 and 3, 10 s.

More strength gains more in mixed talks, and takes neutral from speech that is neutral throughout.
3 s does as well on long talks; a clip of some seconds may well be in one emotion throughout.
"""
SHARPNESS = 1.5
"""Least log loss over the sorts of talks (1.6), rounded to the less sure side."""
CLIP_S = 3.0
"""A clip counts as so much speech, a window of the program."""
FROM_MANY, FROM_FEW, MANY = 3, 18, 20
"""Talks per speaker, of corpora with more than `MANY` speakers and with fewer."""
SEED = 7
DOMINANT = 0.8


@dataclass(frozen=True, slots=True)
class Regime:
    """What sort of talk.

    Attributes
    ----------
    clips
        Number of clips.
    neutral
        Share of neutral ones; the rest is spread evenly over the other emotions of the corpus.
        None: `DOMINANT` of the clips have one emotion, drawn for the talk.
    """

    clips: int
    neutral: float | None


REGIMES = {
    "a single clip": Regime(1, 0.25),
    "30 clips, 30 % neutral": Regime(30, 0.3),
    "30 clips, 60 % neutral": Regime(30, 0.6),
    "30 clips, 90 % neutral": Regime(30, 0.9),
    "10 clips, 60 % neutral": Regime(10, 0.6),
    "30 clips, all neutral": Regime(30, 1.0),
    "30 clips, 80 % one emotion": Regime(30, None),
}


def usual_voice(said: LeftOut, temperature: float, without: str = "") -> FloatArray:
    """Mean log-probabilities (7,) where emotions are equally frequent and corpora count alike.

    Corpora of one label alone do not count, nor does the one named in `without`.
    """
    logs = np.log(softmax(said.logits, temperature))
    means = []
    for corpus in np.unique(said.corpora[said.corpora != without]):
        own = said.corpora == corpus
        labels = [label for label in np.unique(said.labels[own]) if label < len(LABELS)]
        if len(labels) > 1:
            each = [logs[own & (said.labels == label)].mean(axis=0) for label in labels]
            means.append(np.mean(each, axis=0))
    return np.asarray(np.mean(means, axis=0))


def recording_level(said: LeftOut, temperature: float) -> RecordingLevel:
    """What is shipped: the usual voice of corpora left out, and the strength chosen on them."""
    return RecordingLevel(usual_voice(said, temperature), STRENGTH, HALF_S, SHARPNESS)


def talks(said: LeftOut, corpus: str, regime: Regime) -> Iterator[NDArray[np.int64]]:
    """Indices of the clips of each talk of a corpus."""
    rng = np.random.default_rng(SEED)
    own = said.corpora == corpus
    speakers = np.unique(said.speakers[own])
    each = FROM_MANY if len(speakers) > MANY else FROM_FEW
    for speaker in speakers:
        clips = {
            int(label): np.flatnonzero(own & (said.speakers == speaker) & (said.labels == label))
            for label in np.unique(said.labels[own & (said.speakers == speaker)])
            if label < len(LABELS)
        }
        if clips and not (regime.neutral is None and len(clips) < 3):
            for _ in range(each):
                yield _talk(clips, regime, rng)


def _talk(
    clips: Mapping[int, NDArray[np.int64]], regime: Regime, rng: np.random.Generator
) -> NDArray[np.int64]:
    others = [label for label in clips if label != NEUTRAL]
    main, share = NEUTRAL, 1.0 if regime.neutral is None else regime.neutral
    if regime.neutral is None:
        main, share = int(rng.choice(others)), DOMINANT
        others = [label for label in clips if label != main]
    if not others:
        share = 1.0
    if main not in clips:
        share = 0.0
    labels = [
        main if rng.random() < share else int(rng.choice(others)) for _ in range(regime.clips)
    ]
    return np.array([rng.choice(clips[label]) for label in labels])


KEYS = ("macro", "neutral", "error")
"""Macro recall, recall of neutral and calibration error over all clips of all talks."""


def judge_talks(
    said: LeftOut, corpus: str, regime: Regime, temperature: float, level: RecordingLevel
) -> dict[str, float]:
    """How the talks of a corpus are judged, by `KEYS`; strength 0 takes each clip by itself."""
    shares, labels = [], []
    for chosen in talks(said, corpus, regime):
        alone = softmax(said.logits[chosen], temperature)
        spoken = np.full(len(chosen), CLIP_S)
        shares.append(np.asarray(level.settle(alone, spoken, float(spoken.sum())), np.float64))
        labels.append(said.labels[chosen])
    table, truth = np.concatenate(shares), np.concatenate(labels)
    recalls = metrics.class_recalls(truth, table.argmax(axis=1))
    return {
        "macro": float(np.mean(list(recalls.values()))),
        "neutral": recalls.get("neutral", float("nan")),
        "error": calibration_error(table, truth),
    }


def figures(
    said: LeftOut, levels: Mapping[str, tuple[float, FloatArray]]
) -> dict[str, dict[str, list[dict[str, float]]]]:
    """Regime → corpus, and ``mean`` → figures of each clip alone, and held against its talk.

    Corpora of whose speakers no such talk can be made are left out.

    Parameters
    ----------
    said
        What heads say of clips that they never heard.
    levels
        Corpus → temperature and usual voice, both from other clips.
    """
    table = {}
    for name, regime in REGIMES.items():
        pairs = {
            corpus: _alone_and_held(said, corpus, regime, temperature, usual)
            for corpus, (temperature, usual) in levels.items()
            if (regime.neutral == 1.0 or len(np.unique(said.labels[said.corpora == corpus])) > 1)
            and next(talks(said, corpus, regime), None) is not None
        }
        if not pairs:
            continue
        pairs["mean"] = [
            {key: float(np.mean([pair[at][key] for pair in pairs.values()])) for key in KEYS}
            for at in (0, 1)
        ]
        table[name] = {
            corpus: [{key: round(row[key], 3) for key in KEYS} for row in pair]
            for corpus, pair in pairs.items()
        }
    return table


def _alone_and_held(
    said: LeftOut, corpus: str, regime: Regime, temperature: float, usual: FloatArray
) -> list[dict[str, float]]:
    alone = RecordingLevel(usual, 0.0, HALF_S)
    held = RecordingLevel(usual, STRENGTH, HALF_S, SHARPNESS)
    return [judge_talks(said, corpus, regime, temperature, level) for level in (alone, held)]


def markdown(figures: Mapping[str, Mapping[str, Sequence[Mapping[str, float]]]]) -> str:
    """The figures as rows of a table: macro recall (n: of neutral, e: calibration error)."""
    corpora = max((list(row) for row in figures.values()), key=len)
    head = ["talk", *corpora]
    rows = [
        [name, *(_cell(row[corpus], name) if corpus in row else "" for corpus in corpora)]
        for name, row in figures.items()
    ]
    return card.table(head, rows)


def _cell(pair: Sequence[Mapping[str, float]], regime: str) -> str:
    if REGIMES[regime].neutral == 1.0:
        return " → ".join(f"n {row['neutral']:.2f}" for row in pair)
    return " → ".join(
        f"{row['macro']:.2f} (n {row['neutral']:.2f}, e {row['error']:.2f})" for row in pair
    )


def both_figures(known: LeftOut, elsewhere: LeftOut) -> dict[str, dict[str, Any]]:
    """Figures of talks from corpora never heard, and from speakers never heard of known ones."""
    levels = {
        corpus: (temperature, usual_voice(elsewhere, temperature, without=corpus))
        for corpus, temperature in temperatures(elsewhere).items()
        if (elsewhere.labels[elsewhere.corpora == corpus] < len(LABELS)).any()
    }
    temperature = temperature_of_all(elsewhere)
    shipped = (temperature, usual_voice(elsewhere, temperature))
    return {
        "talks_of_left_out_corpora": figures(elsewhere, levels),
        "talks_of_left_out_speakers": figures(known, dict.fromkeys(levels, shipped)),
    }
