"""The figures beside the page's player: cards, transition matrix, time by emotion, face × voice.

Each figure carries what is known of its uncertainty (interval, chance, test, number of events), or
a code for why it is unknown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from emoreport.results import Analysis, Findings, Statistic
from emoreport.vocabulary import ALL_LABELS, is_emotion

Figure = dict[str, Any]
"""``unit`` and, where known, value, low, high, expected, count, p_value, verdict, note."""


def cards(findings: Findings) -> list[dict[str, Any]]:
    """The cards of the summary: one figure each, and further figures as its evidence."""
    analysis = findings.analysis
    return [
        _face_card(findings),
        _voice_card(findings),
        _mismatch_card(analysis),
        _agreement_card(analysis),
        _transition_card(analysis),
        _lag_card(analysis),
    ]


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
    face_s, voice_s = _seconds(analysis.video_intervals), _seconds(analysis.voice_intervals)
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
    for row in analysis.face_voice:
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


def _face_card(findings: Findings) -> dict[str, Any]:
    summary, faces = findings.analysis.summary, findings.faces
    label = summary.dominant_video_emotion
    share = _find(findings.analysis.transition_statistics, "time_share", label)
    side_px = np.sqrt(faces.box[:, 2] * faces.box[:, 3]) if len(faces) else np.empty(0)
    return _card(
        "face",
        {"value": label, "unit": "emotion"},
        share_of_time=figure(share, "share"),
        face_coverage={"value": summary.face_coverage, "unit": "share"},
        judged_share={"value": summary.judged_share, "unit": "share"},
        uncertain_s={"value": summary.uncertain_s, "unit": "seconds"},
        face_px={"value": _median(side_px), "unit": "pixels"},
        detection_score={"value": _median(faces.detection_score), "unit": "distance"},
    )


def _voice_card(findings: Findings) -> dict[str, Any]:
    summary, speech = findings.analysis.summary, findings.speech
    clipped = speech.extra.get("clipping")
    noise = speech.extra.get("snr_db")
    return _card(
        "voice",
        {"value": summary.dominant_audio_emotion, "unit": "emotion"},
        speech_s={"value": summary.speech_s, "unit": "seconds"},
        snr_db={"value": None if noise is None else _median(noise), "unit": "decibels"},
        clipping={"value": None if clipped is None else _median(clipped), "unit": "share"},
    )


def _mismatch_card(analysis: Analysis) -> dict[str, Any]:
    summary = analysis.summary
    return _card(
        "mismatch",
        figure(_find(analysis.mismatch_statistics, "mismatch_share"), "share"),
        mismatches={"value": summary.mismatches, "unit": "count"},
        compared_s={"value": summary.mismatch.compared_s, "unit": "seconds"},
        severity=figure(_find(analysis.mismatch_statistics, "mean_severity"), "distance"),
    )


def _agreement_card(analysis: Analysis) -> dict[str, Any]:
    rows = analysis.mismatch_statistics
    return _card(
        "agreement",
        figure(_find(rows, "kappa"), "coefficient"),
        ac1=figure(_find(rows, "ac1"), "coefficient"),
        severity_kappa=figure(_find(rows, "severity_kappa"), "coefficient"),
    )


def _transition_card(analysis: Analysis) -> dict[str, Any]:
    summary, rows = analysis.summary, analysis.transition_statistics
    return _card(
        "transitions",
        figure(_find(rows, "transitions_per_emotion_minute"), "per_minute"),
        transitions={"value": summary.transitions, "unit": "count"},
        emotion_s={"value": summary.emotion_s, "unit": "seconds"},
        order=figure(_find(rows, "order"), "probability"),
        entropy_rate=figure(_find(rows, "entropy_rate"), "bits"),
    )


def _lag_card(analysis: Analysis) -> dict[str, Any]:
    rows = analysis.mismatch_statistics
    return _card(
        "lag",
        figure(_find(rows, "voice_after_face"), "seconds"),
        valence_correlation=figure(_find(rows, "valence_correlation"), "coefficient"),
    )


def _card(key: str, main: Figure, **evidence: Figure) -> dict[str, Any]:
    return {
        "key": key,
        "figure": main,
        "evidence": [list(named_figure) for named_figure in evidence.items()],
    }


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


def _seconds(rows: Iterable[Any]) -> dict[str, float]:
    total: dict[str, float] = defaultdict(float)
    for row in rows:
        total[row.emotion] += row.span.duration_s
    return dict(total)


def _median(values: Sequence[float] | np.ndarray[Any, Any]) -> float | None:
    numbers = np.asarray(values, dtype=np.float64)
    numbers = numbers[np.isfinite(numbers)]
    return float(np.median(numbers)) if len(numbers) else None
