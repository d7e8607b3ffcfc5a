"""The rows of the transition statistics: the changes of the face, number by number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from emoreport.analysis.rows.pauses import SCOPES, only
from emoreport.analysis.transitions.chains import Rate
from emoreport.analysis.transitions.durations import Durations, dwell_times, recovery_time
from emoreport.analysis.transitions.order import PairStatistic
from emoreport.analysis.transitions.sensitivity import SettingCounts
from emoreport.analysis.transitions.talk_figures import EMOTION_SHARE, Talk, describe_talk
from emoreport.analysis.transitions.transition_statistics import TransitionStatistics
from emoreport.results import Statistic, VideoInterval

ALL: Final = "all"


def transition_rows(
    rows: Sequence[VideoInterval],
    statistics: TransitionStatistics,
    sensitivity: Sequence[SettingCounts],
    pieces: Sequence[VideoInterval],
) -> tuple[Statistic, ...]:
    """Lay out everything about the changes of the face.

    Parameters
    ----------
    rows
        Rows of the face.
    statistics
        Their statistics.
    sensitivity
        Counts under other settings.
    pieces
        The rows, cut into speech and pauses.
    """
    return (
        _rate("transitions_per_emotion_minute", statistics.rate),
        Statistic(
            "order",
            "probability",
            count=statistics.rate.count,
            p_value=statistics.order_p_value,
            note=statistics.order_reason,
        ),
        *_pairs(statistics.pairs),
        *_shares(rows, ALL),
        *(statistic for scope in SCOPES for statistic in _shares(only(pieces, scope), scope)),
        *_long_run(statistics),
        *_entropy(statistics),
        *(
            statistic
            for dwell in dwell_times(rows)
            for statistic in _durations("dwell", dwell.durations, dwell.emotion)
        ),
        *_durations("recovery", recovery_time(rows), "neutral"),
        *(
            _rate(
                "transitions_per_emotion_minute",
                counts.transitions,
                setting=f"min_interval={counts.min_interval_s:g} smoothing={counts.smoothing_s:g}",
            )
            for counts in sensitivity
            if not counts.chosen
        ),
    )


def _rate(name: str, rate: Rate, *, setting: str | None = None) -> Statistic:
    return Statistic(
        name,
        "per_minute",
        value=rate.per_minute,
        low=rate.low,
        high=rate.high,
        count=rate.count,
        setting=setting,
        note="no_emotion" if rate.per_minute is None else None,
    )


def _pairs(pairs: Sequence[PairStatistic]) -> Iterator[Statistic]:
    for pair in pairs:
        yield Statistic(
            "pair_count",
            "count",
            value=float(pair.count),
            expected=pair.expected,
            count=pair.count,
            p_value=pair.p_value,
            p_adjusted=pair.p_holm,
            emotion=pair.origin,
            target=pair.target,
        )


def _shares(rows: Sequence[VideoInterval], scope: str) -> Iterator[Statistic]:
    """Shares of the time with an emotion, with intervals that respect serial dependence."""
    if not rows:
        return
    for figure in describe_talk(Talk("", rows)):
        if figure.measure == EMOTION_SHARE and figure.value is not None:
            yield Statistic(
                "time_share",
                "share",
                value=figure.value,
                low=figure.low,
                high=figure.high,
                count=sum(row.emotion == figure.emotion for row in rows),
                emotion=figure.emotion,
                scope=scope,
                note=figure.reason,
            )


def _long_run(statistics: TransitionStatistics) -> Iterator[Statistic]:
    for emotion, share in zip(statistics.labels, statistics.stationary, strict=True):
        yield Statistic(
            "stationary_share",
            "share",
            value=share,
            emotion=emotion,
            note=statistics.stationary_reason,
        )


def _entropy(statistics: TransitionStatistics) -> Iterator[Statistic]:
    entropy = statistics.entropy
    yield Statistic(
        "entropy_rate",
        "bits",
        value=entropy.corrected_bits,
        expected=entropy.maximum_bits,
        count=statistics.rate.count,
        note=entropy.reason,
    )


def _durations(name: str, durations: Durations, emotion: str) -> Iterator[Statistic]:
    """Median and restricted mean of durations; the note says why one is missing."""
    yield Statistic(
        f"{name}_median",
        "seconds",
        value=durations.median_s,
        low=durations.median_low_s,
        high=durations.median_high_s,
        count=durations.events,
        emotion=emotion,
        note=durations.reason,
    )
    limit = None if durations.limit_s is None else f"limit={durations.limit_s:.3f}"
    yield Statistic(
        f"{name}_mean",
        "seconds",
        value=durations.mean_s,
        low=durations.mean_low_s,
        high=durations.mean_high_s,
        count=durations.events,
        emotion=emotion,
        setting=limit,
        note=durations.reason if durations.mean_s is None else None,
    )
