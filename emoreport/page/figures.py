"""The page's figures: four tiles, blocks of statistics, transitions, time by emotion, face × voice.

Each figure carries what is known of its uncertainty (interval, chance, test, number of events), or
a code for why it is unknown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from emoreport.finding import amount, mismatch_sentence, modalities_sentence
from emoreport.messages import text
from emoreport.results import (
    Analysis,
    Findings,
    ModalityStatistic,
    Statistic,
    VideoInterval,
    seconds_by_label,
)
from emoreport.settings import LANGUAGES
from emoreport.vocabulary import ALL_LABELS, is_emotion

Figure = dict[str, Any]
"""``unit`` and, where known, value, low, high, expected, count, p_value, verdict, note."""


def tiles(findings: Findings) -> dict[str, Any]:
    """The four figures that the page leads with: face, voice, mismatch, transitions.

    Returns
    -------
    Dominant emotions and on how much they rest; the share of the compared time in mismatch, said
    with what chance gives and the verdict; transitions, and their rate with its 95 % interval. What
    is said is there in every language.
    """
    analysis = findings.analysis
    summary = analysis.summary
    rate = _find(analysis.transition_statistics, "transitions_per_emotion_minute")
    return {
        "face": {
            "emotion": summary.dominant_video_emotion,
            "share": _share(analysis.video_intervals, summary.dominant_video_emotion),
            "coverage": summary.face_coverage,
        },
        "voice": {
            "emotion": summary.dominant_audio_emotion,
            "judged": _amounts(analysis.judged_speech_s),
            "whole": _amounts(summary.speech_s),
            "speaks": summary.speech_s > 0,
        },
        "mismatch": {
            "share": summary.mismatch.share,
            "said": {lang: mismatch_sentence(summary.mismatch, lang) for lang in LANGUAGES},
            **_all_three(analysis.modality_statistics),
        },
        "transitions": {
            "count": summary.transitions,
            "emotion_s": summary.emotion_s,
            "rate": figure(rate, "per_minute"),
        },
    }


def _all_three(rows: Sequence[ModalityStatistic]) -> dict[str, dict[str, str]]:
    """How face, voice and words agree, in every language; nothing without words."""
    said = {lang: modalities_sentence(rows, lang) for lang in LANGUAGES}
    if None in said.values():
        return {}
    return {
        "words": {
            lang: f"{text('cli.panel.modalities', lang)}: {sentence}"
            for lang, sentence in said.items()
        }
    }


def blocks(findings: Findings) -> dict[str, dict[str, Figure]]:
    """Further figures by block of the page, each by its name."""
    analysis = findings.analysis
    mismatch, transitions = analysis.mismatch_statistics, analysis.transition_statistics
    return {
        "agreement": {
            "kappa": figure(_find(mismatch, "kappa"), "coefficient"),
            "ac1": figure(_find(mismatch, "ac1"), "coefficient"),
            "severity": figure(_find(mismatch, "mean_severity"), "distance"),
            "severity_kappa": figure(_find(mismatch, "severity_kappa"), "coefficient"),
            "lag": figure(_find(mismatch, "voice_after_face"), "seconds"),
            "valence_correlation": figure(_find(mismatch, "valence_correlation"), "coefficient"),
        },
        "transitions": {
            "order": figure(_find(transitions, "order"), "probability"),
            "entropy_rate": figure(_find(transitions, "entropy_rate"), "bits"),
        },
        "recording": _recording(findings),
    }


def transition_matrix(analysis: Analysis) -> dict[str, Any]:
    """Changes from one emotion (row) to another (column).

    Returns
    -------
    ``labels`` of rows and columns: the emotions that the face showed. ``count`` (0 where a change
    never came), ``probability`` (None where the emotion was never left), ``expected`` count by
    chance, ``p_adjusted``; None where unknown and on the diagonal, as neighbours always differ.
    """
    labels = in_order(row.emotion for row in analysis.video_intervals if is_emotion(row.emotion))
    changes = {(row.origin, row.target): row for row in analysis.transitions}
    tests = {
        (row.emotion, row.target): row
        for row in analysis.transition_statistics
        if row.statistic == "pair_count"
    }
    left = {origin for origin, _ in changes}

    def grid(cell: Any) -> list[list[Any]]:  # noqa: ANN401 - cells are counts or numbers
        return [
            [None if origin == target else cell(origin, target) for target in labels]
            for origin in labels
        ]

    def count(origin: str, target: str) -> int:
        return changes[origin, target].count if (origin, target) in changes else 0

    def probability(origin: str, target: str) -> float | None:
        if origin not in left:
            return None
        return changes[origin, target].probability if (origin, target) in changes else 0.0

    def tested(field: str) -> Any:  # noqa: ANN401 - a function of two labels
        return lambda origin, target: getattr(tests.get((origin, target)), field, None)

    return {
        "labels": labels,
        "count": grid(count),
        "probability": grid(probability),
        "expected": grid(tested("expected")),
        "p_adjusted": grid(tested("p_adjusted")),
    }


def emotion_rows(analysis: Analysis) -> list[dict[str, Any]]:
    """Per emotion that occurs: seconds of face and voice, share of time, and how long it lasts."""
    face_s = seconds_by_label(analysis.video_intervals)
    voice_s = seconds_by_label(analysis.voice_intervals)
    statistics = analysis.transition_statistics
    return [
        {
            "label": label,
            "face_s": face_s.get(label),
            "voice_s": voice_s.get(label),
            "intervals": sum(row.emotion == label for row in analysis.video_intervals),
            "share": figure(_find(statistics, "time_share", label), "share"),
            "median": figure(_find(statistics, "dwell_median", label), "seconds"),
            "mean": figure(_find(statistics, "dwell_mean", label), "seconds"),
        }
        for label in in_order({*face_s, *voice_s})
    ]


def cross_table(analysis: Analysis) -> dict[str, Any]:
    """Seconds of each face label (row) together with each label of the voice's own (column).

    Returns
    -------
    ``rows``, ``columns``; ``seconds`` (0 where the two never met); ``match`` True, False, or None
    where the two cannot be compared or never met.
    """
    seconds: dict[tuple[str, str], float] = defaultdict(float)
    match: dict[tuple[str, str], bool | None] = {}
    for row in analysis.own_face_voice:
        pair = row.video_emotion, row.audio_emotion
        seconds[pair] += row.span.duration_s
        match[pair] = row.match
    rows = in_order(face for face, _ in seconds)
    columns = in_order(voice for _, voice in seconds)
    return {
        "rows": rows,
        "columns": columns,
        "seconds": [[seconds.get((face, voice), 0.0) for voice in columns] for face in rows],
        "match": [[match.get((face, voice)) for voice in columns] for face in rows],
    }


def in_order(labels: Iterable[str]) -> list[str]:
    """Each label once, in the order of the vocabulary; those of foreign models last."""
    present = set(labels)
    listed = [label for label in ALL_LABELS if label in present]
    return listed + sorted(present.difference(listed))


def figure(row: Statistic | None, unit: str) -> Figure:
    """A statistic as a figure; of a row that is not there only the unit is known."""
    if row is None:
        return {"unit": unit}
    fields = ("value", "low", "high", "expected", "count", "p_value", "verdict", "note", "setting")
    values = {name: getattr(row, name) for name in fields}
    return {
        "unit": row.unit,
        **{name: value for name, value in values.items() if value is not None},
    }


def _recording(findings: Findings) -> dict[str, Figure]:
    """How good picture and sound are, and how much of them was judged."""
    summary, faces = findings.analysis.summary, findings.faces
    measured = findings.speech.extra
    side_px = np.sqrt(faces.box[:, 2] * faces.box[:, 3]) if len(faces) else np.empty(0)
    return {
        "face_coverage": _known(summary.face_coverage, "share"),
        "judged_share": _known(summary.judged_share, "share"),
        "uncertain_s": _known(summary.uncertain_s, "seconds"),
        "face_px": _known(_median(side_px), "pixels"),
        "detection_score": _known(_median(faces.detection_score), "distance"),
        "speech_s": _known(summary.speech_s, "seconds"),
        "snr_db": _known(_median(measured.get("snr_db", ())), "decibels"),
        "clipping": _known(_median(measured.get("clipping", ())), "share"),
    }


def _amounts(seconds: float) -> dict[str, str]:
    return {lang: amount(seconds, lang) for lang in LANGUAGES}


def _known(value: float | None, unit: str) -> Figure:
    return {"unit": unit} if value is None else {"unit": unit, "value": value}


def _share(rows: Sequence[VideoInterval], label: str | None) -> float | None:
    """Share of the time with an emotion that a label takes; None for no label."""
    seconds = seconds_by_label(row for row in rows if is_emotion(row.emotion))
    return None if label is None else seconds[label] / sum(seconds.values())


def _find(
    rows: Iterable[Statistic], statistic: str, emotion: str | None = None
) -> Statistic | None:
    """The row about the whole talk with the settings of the run."""
    for row in rows:
        of_the_run = row.setting is None or row.setting.startswith("limit=")
        named = row.statistic == statistic and row.emotion == emotion
        if named and row.scope == "all" and of_the_run:
            return row
    return None


def _median(values: Sequence[float] | np.ndarray[Any, Any]) -> float | None:
    numbers = np.asarray(values, dtype=np.float64)
    numbers = numbers[np.isfinite(numbers)]
    return float(np.median(numbers)) if len(numbers) else None
