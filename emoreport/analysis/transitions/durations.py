"""How long an emotion lasts, and how long it takes to come back to neutral.

Lengths of intervals are *censored* data. An interval that ends at a gap, at an uncertain stretch or
with the recording lasted at least as long as was seen. The mean of the lengths seen is therefore
too short, the more so the longer an emotion lasts. Kaplan and Meier's estimator (1958, JASA
53:457-481) takes such intervals for what they are; used on the successive visits of a process that
is watched for a limited time, it stays consistent (Gill 1980, Z. Wahrsch. 53:97-116).

An interval whose *start* was not seen (the first one of the recording, and the first one after a
gap) is left out. What was seen of it is the rest of a visit, and long visits are more likely to be
caught in the middle: taking that rest for a whole visit is right for the exponential distribution
only, and taking it for a censored one is right for none. Leaving it out costs one interval per
chain and no bias, since whether a start is seen does not depend on how long the visit will last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from emoreport.analysis.numeric.hold_times import BoolArray
from emoreport.analysis.numeric.quantiles import normal_quantile, t_quantile
from emoreport.analysis.transitions.chains import CONFIDENCE, Chains, unbroken_chains
from emoreport.records import DoubleArray, IntArray
from emoreport.results import VideoInterval

LEAST_EVENTS: Final = 6
"""Complete durations below which nothing is estimated.

With five, not even the smallest and the largest one enclose the median with a probability of 95 %
(1 − 2 · ½⁵ = 0.94); with six they do (0.97).
"""

TOO_FEW_EVENTS: Final = "too_few_events"
"""Reason: fewer complete durations than `LEAST_EVENTS`."""

MEDIAN_NOT_REACHED: Final = "median_not_reached"
"""Reason: more than half of the durations outlast what could be seen; there is a mean only."""


@dataclass(frozen=True, slots=True)
class Durations:
    """Kaplan–Meier estimates from durations that may be censored; seconds.

    Attributes
    ----------
    events
        Complete durations.
    censored
        Durations whose end was not seen.
    start_unknown
        Durations that were left out since their start was not seen.
    median_s, median_low_s, median_high_s
        Median and its 95 % interval; None where it was not reached (a bound: on that side, the
        data set no limit).
    mean_s, mean_low_s, mean_high_s
        Mean of the part of each duration up to `limit_s`, and its 95 % interval.
    limit_s
        Where durations are cut for the mean: as asked for, else the longest one seen.
    reason
        `TOO_FEW_EVENTS`, `MEDIAN_NOT_REACHED`, or None if everything is known.
    """

    events: int
    censored: int
    start_unknown: int
    median_s: float | None
    median_low_s: float | None
    median_high_s: float | None
    mean_s: float | None
    mean_low_s: float | None
    mean_high_s: float | None
    limit_s: float | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Dwell:
    """How long one emotion lasts once it has begun."""

    emotion: str
    durations: Durations


def dwell_times(
    intervals: Sequence[VideoInterval], *, limit_s: float | None = None
) -> tuple[Dwell, ...]:
    """Estimate how long each emotion that occurs lasts.

    A duration counts from an observed change to the emotion. It ends with an observed change to
    another emotion, and is censored where the chain breaks: at `no_face`, `uncertain`, a cut and
    the end. Censoring is taken to be unrelated to how long the emotion would still have lasted.
    Faces that turn away because of an emotion, and abstentions just when an emotion changes,
    violate that.

    Parameters
    ----------
    intervals
        Rows of the face, in order of time.
    limit_s
        Limit of the restricted means; the same one makes emotions comparable. None takes the
        longest duration of each.

    Returns
    -------
    One entry per emotion that occurs, in canonical order.
    """
    chains = unbroken_chains(intervals)
    started, ended = known_ends(chains)
    dwells = []
    for code, emotion in enumerate(chains.labels):
        own = chains.label == code
        use = own & started
        estimate = kaplan_meier(
            chains.length_s[use],
            ended[use],
            limit_s=limit_s,
            start_unknown=int((own & ~started).sum()),
        )
        dwells.append(Dwell(emotion, estimate))
    return tuple(dwells)


def recovery_time(
    intervals: Sequence[VideoInterval],
    baseline: str = "neutral",
    *,
    limit_s: float | None = None,
) -> Durations:
    """Estimate the time from leaving an emotion until its next interval.

    One duration per departure: from the end of an interval of `baseline` to the start of the next
    one in the same chain, whatever comes between; censored at the end of the chain. Intervals
    before the first departure of a chain count nowhere: when the speaker left neutral is unknown
    there (`start_unknown` counts such chains).

    Parameters
    ----------
    intervals
        Rows of the face, in order of time.
    baseline
        The emotion to come back to.
    limit_s
        Limit of the restricted mean; None takes the longest duration.
    """
    chains = unbroken_chains(intervals)
    durations: list[float] = []
    ended: list[bool] = []
    unknown = 0
    home = chains.labels.index(baseline) if baseline in chains.labels else -1
    for number in range(int(chains.chain[-1]) + 1 if len(chains) else 0):
        first, end = np.searchsorted(chains.chain, [number, number + 1])
        visits = first + np.flatnonzero(chains.label[first:end] == home)
        unknown += int(chains.label[first] != home)
        left_s = chains.end_s[visits]
        back_s = np.append(chains.start_s[visits[1:]], chains.end_s[end - 1])
        away = back_s > left_s
        durations.extend((back_s - left_s)[away].tolist())
        returned = np.arange(len(visits)) < len(visits) - 1
        ended.extend(returned[away].tolist())
    return kaplan_meier(
        np.asarray(durations, dtype=np.float64),
        np.asarray(ended, dtype=np.bool_),
        limit_s=limit_s,
        start_unknown=unknown,
    )


def known_ends(chains: Chains) -> tuple[BoolArray, BoolArray]:
    """Whether the start, and the end, of each interval is a change between two emotions.

    Returns
    -------
    started, ended
        bool (N,) each.
    """
    unlinked = np.zeros(min(len(chains), 1), dtype=np.bool_)
    return np.append(unlinked, chains.linked), np.append(chains.linked, unlinked)


def kaplan_meier(
    durations_s: DoubleArray,
    ended: BoolArray,
    *,
    limit_s: float | None = None,
    start_unknown: int = 0,
    confidence: float = CONFIDENCE,
) -> Durations:
    """Median and restricted mean of durations, some of them censored on the right.

    The survival function is Kaplan and Meier's (1958), its pointwise band that of log −log with
    Greenwood's variance; `scipy.stats.ecdf` gives the same but takes half a second to import.
    The median is where the function first reaches one half; its interval holds the times at which
    the band contains one half (Brookmeyer and Crowley 1982, Biometrics 38:29-41). The restricted
    mean is the area under the function up to `limit_s`; its interval rests on the logarithm, on
    Student's t with one degree of freedom less than there are events, and on Greenwood's sum
    Σ A(t)² d / (n (n − d)), A(t) being the area beyond t (Klein and Moeschberger 2003, *Survival
    Analysis*, §4.5).

    Parameters
    ----------
    durations_s
        float64 (N,), > 0.
    ended
        bool (N,): the end was seen; False: censored.
    limit_s
        Limit of the restricted mean, seconds; never beyond the longest duration, where nothing is
        known. None takes the longest duration.
    start_unknown
        Durations that were left out; only passed on.
    confidence
        Coverage of the intervals, 0–1.
    """
    events = int(ended.sum())
    censored = len(durations_s) - events
    if events < LEAST_EVENTS:
        nothing = (None,) * 7
        return Durations(events, censored, start_unknown, *nothing, TOO_FEW_EVENTS)
    time_s, alive, low, high = _survival(durations_s, ended, confidence)
    longest_s = float(durations_s.max())
    limit_s = longest_s if limit_s is None else min(limit_s, longest_s)
    median_s = _first_at_half(time_s, alive)
    mean_s, error_s = _restricted_mean(durations_s, ended, time_s, alive, limit_s)
    factor = float(np.exp(t_quantile(0.5 + 0.5 * confidence, events - 1) * error_s / mean_s))
    return Durations(
        events=events,
        censored=censored,
        start_unknown=start_unknown,
        median_s=median_s,
        median_low_s=_first_at_half(time_s, low),
        median_high_s=_first_at_half(time_s, high),
        mean_s=mean_s,
        mean_low_s=mean_s / factor,
        mean_high_s=min(mean_s * factor, limit_s),
        limit_s=limit_s,
        reason=MEDIAN_NOT_REACHED if median_s is None else None,
    )


def _survival(
    durations_s: DoubleArray, ended: BoolArray, confidence: float
) -> tuple[DoubleArray, DoubleArray, DoubleArray, DoubleArray]:
    """Times, survival after each of them, and its band; float64 (T,) each, NaN where unknown."""
    time_s = np.unique(durations_s[ended])
    at_risk, deaths = _at_risk(durations_s, ended, time_s)
    alive = np.cumprod((at_risk - deaths) / at_risk)
    # The band does not exist where all have ended; it is NaN there, as documented.
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(deaths / (at_risk * (at_risk - deaths)))
        log_alive = np.log(alive)
        reach = normal_quantile(0.5 + 0.5 * confidence) * np.sqrt(greenwood) / log_alive
        low = np.exp(-np.exp(np.log(-log_alive) - reach))
        high = np.exp(-np.exp(np.log(-log_alive) + reach))
    return time_s, alive, low, high


def _at_risk(
    durations_s: DoubleArray, ended: BoolArray, time_s: DoubleArray
) -> tuple[IntArray, IntArray]:
    """How many reach each of some times, and how many end there; int64 (T,) each."""
    reached = (durations_s[np.newaxis] >= time_s[:, np.newaxis]).sum(axis=1)
    ends = (durations_s[np.newaxis, ended] == time_s[:, np.newaxis]).sum(axis=1)
    return reached, ends


def _first_at_half(time_s: DoubleArray, share: DoubleArray) -> float | None:
    """First time at which a share has fallen to one half; None if it never does."""
    reached = np.flatnonzero(share <= 0.5 + 1e-12)
    return float(time_s[reached[0]]) if len(reached) else None


def _restricted_mean(
    durations_s: DoubleArray,
    ended: BoolArray,
    time_s: DoubleArray,
    alive: DoubleArray,
    limit_s: float,
) -> tuple[float, float]:
    """Area under the survival function up to `limit_s` and its standard error."""
    inside = time_s < limit_s
    edges_s = np.concatenate(([0.0], time_s[inside], [limit_s]))
    areas = np.diff(edges_s) * np.concatenate(([1.0], alive[inside]))
    beyond = np.cumsum(areas[::-1])[::-1][1:]
    at_risk, deaths = _at_risk(durations_s, ended, time_s[inside])
    spread = at_risk * (at_risk - deaths)
    variance = np.divide(deaths, spread, out=np.zeros(len(spread)), where=spread > 0)
    total = int(ended.sum())
    # Without the factor the variance of few durations is too small (Klein and Moeschberger).
    variance_s2 = float((beyond**2 * variance).sum()) * total / (total - 1)
    return float(areas.sum()), float(np.sqrt(variance_s2))
