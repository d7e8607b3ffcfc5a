"""What a talk says under one setting, and how the run's own conclusions fare under many."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from emoreport.analysis.rows.abstention import Level
from emoreport.results import MismatchFigure
from emoreport.vocabulary import ALL_LABELS

DOMINANT_EMOTION: Final = "dominant_emotion"
TRANSITION_RATE: Final = "transitions_per_emotion_minute"
MISMATCH_VERDICT: Final = "mismatch_against_chance"
KAPPA_SIGN: Final = "kappa_sign"
KAPPA_FACE_TEXT_SIGN: Final = "kappa_face_text_sign"
KAPPA_VOICE_TEXT_SIGN: Final = "kappa_voice_text_sign"
JOINT_VERDICT: Final = "joint_agreement_against_chance"
DEPARTS: Final = "departs"

POSITIVE: Final = "positive"
NEGATIVE: Final = "negative"
ZERO: Final = "zero"
NO_KAPPA: Final = 1e-9
"""A kappa closer to 0 than this has no sign."""

TIE: Final = 1e-9
"""Numbers closer than this are equal."""

USUAL: Final = (25.0, 75.0)
"""Percentiles of the settings between which a value is typical of them."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One combination of settings.

    Attributes
    ----------
    smoothing_s, min_interval_s
        As in `AnalysisSettings`, seconds.
    abstention
        How much evidence a label needs.
    bridge
        Name of a label bridge.
    face_model, speech_model
        Name of the model that leads in the face, in the voice; the other of the two is its witness.
    """

    smoothing_s: float
    min_interval_s: float
    abstention: Level
    bridge: str
    face_model: str = ""
    speech_model: str = ""


@dataclass(frozen=True, slots=True)
class WordsAgreement:
    """How what the words say goes with face and voice under one setting; None: not known.

    Attributes
    ----------
    kappa_face_text, kappa_voice_text
        Cohen's kappa of two modalities.
    joint_share, joint_expected
        Share of the time with three labels in which they are the same, and what chance makes of it.
    fleiss_kappa
        Of all three.
    joint_p
        Of the share, against circular shifts.
    verdict
        More, as much or less agreement of all three than chance, or not enough data.
    departs
        ``face``, ``voice`` or ``text``: which of them departs most often from the other two. None
        where chance alone could give how much the three agree.
    """

    kappa_face_text: float | None
    kappa_voice_text: float | None
    joint_share: float | None
    joint_expected: float | None
    fleiss_kappa: float | None
    joint_p: float | None
    verdict: str
    departs: str | None

    @property
    def face_text_sign(self) -> str | None:
        """Sign of `kappa_face_text`."""
        return sign_of(self.kappa_face_text)

    @property
    def voice_text_sign(self) -> str | None:
        """Sign of `kappa_voice_text`."""
        return sign_of(self.kappa_voice_text)


@dataclass(frozen=True, slots=True)
class Universe:
    """What the talk says under one setting; None where it is not known.

    Attributes
    ----------
    setting
        The setting.
    dominant_emotion
        Emotion of the face with the most seconds; of equals, the first in canonical order.
    dominant_share
        Its share of the seconds with an emotion, 0–1.
    emotion_s
        Seconds of rows with an emotion.
    transitions
        Changes from one emotion directly to another one.
    transitions_per_minute, rate_low, rate_high
        Per minute with an emotion, with the exact 95 % Poisson interval.
    mismatch
        The share of the compared time in mismatch, with what chance would give and the verdict.
    kappa
        Cohen's kappa.
    words
        How what the words say goes with face and voice; None where nothing read any words.
    failure
        Why nothing is known, or None.
    """

    setting: Setting
    dominant_emotion: str | None = None
    dominant_share: float | None = None
    emotion_s: float | None = None
    transitions: int | None = None
    transitions_per_minute: float | None = None
    rate_low: float | None = None
    rate_high: float | None = None
    mismatch: MismatchFigure | None = None
    kappa: float | None = None
    words: WordsAgreement | None = None
    failure: str | None = None

    @property
    def verdict(self) -> str | None:
        """More, as much or less mismatch than chance, or not enough data."""
        return None if self.mismatch is None else self.mismatch.verdict

    @property
    def kappa_sign(self) -> str | None:
        """`POSITIVE` (more agreement than chance), `NEGATIVE`, `ZERO` or None."""
        return sign_of(self.kappa)


@dataclass(frozen=True, slots=True)
class Conclusion:
    """One conclusion of the run, and how it fares under the settings of the grid.

    Attributes
    ----------
    conclusion
        `DOMINANT_EMOTION`, `TRANSITION_RATE`, `MISMATCH_VERDICT` or `KAPPA_SIGN`; with words also
        `KAPPA_FACE_TEXT_SIGN`, `KAPPA_VOICE_TEXT_SIGN`, `JOINT_VERDICT` or `DEPARTS`.
    value
        What the run concludes: a label, a code or a rate per minute; None where it is not known.
    settings
        Settings of the grid that could be computed.
    agreeing
        How many of them conclude the same. A setting under which nothing is known does not. A rate
        agrees where it is in the exact 95 % Poisson interval of the run's own: there the
        settings move it no more than chance would. None where the run concludes nothing.
    unknown
        How many of them conclude nothing.
    low, median, high
        Of the rates, or of kappa (of all three: Fleiss'), over the settings; None for the others.
    typical
        Whether the run's number is in the middle half of the settings; None for labels.
    counts
        What the settings conclude and how often, the most frequent first; empty for the rate.
    """

    conclusion: str
    value: str | float | None
    settings: int
    agreeing: int | None
    unknown: int
    low: float | None = None
    median: float | None = None
    high: float | None = None
    typical: bool | None = None
    counts: tuple[tuple[str, int], ...] = ()

    @property
    def share(self) -> float | None:
        """Share of the settings that agree with the run, 0–1."""
        if self.agreeing is None or self.settings == 0:
            return None
        return self.agreeing / self.settings


def conclusions(own: Universe, universes: Sequence[Universe]) -> tuple[Conclusion, ...]:
    """Sum up how the conclusions of the run fare.

    Parameters
    ----------
    own
        The run's own setting.
    universes
        The settings of the grid; those that failed are left out.

    Returns
    -------
    Dominant emotion, rate of transitions, mismatch against chance, sign of kappa; where the run's
    words say something, the signs of its kappa with the face and with the voice, the agreement of
    all three against chance, and which of them departs.
    """
    complete = [universe for universe in universes if universe.failure is None]
    kappas = [universe.kappa for universe in complete]
    sign = _coded(KAPPA_SIGN, own.kappa_sign, [universe.kappa_sign for universe in complete])
    return (
        _coded(
            DOMINANT_EMOTION,
            own.dominant_emotion,
            [universe.dominant_emotion for universe in complete],
        ),
        _rated(own, complete),
        _coded(MISMATCH_VERDICT, own.verdict, [universe.verdict for universe in complete]),
        _with_spread(sign, own.kappa, kappas),
        *(_about_words(own, complete) if has_words((own, *universes)) else ()),
    )


def has_words(universes: Iterable[Universe]) -> bool:
    """Whether a text model read words that these settings say something about."""
    return any(universe.words is not None for universe in universes)


def _about_words(own: Universe, universes: Sequence[Universe]) -> Iterator[Conclusion]:
    def among(name: str) -> list[Any]:
        return [getattr(universe.words, name, None) for universe in universes]

    for conclusion, code, figure in (
        (KAPPA_FACE_TEXT_SIGN, "face_text_sign", "kappa_face_text"),
        (KAPPA_VOICE_TEXT_SIGN, "voice_text_sign", "kappa_voice_text"),
        (JOINT_VERDICT, "verdict", "fleiss_kappa"),
    ):
        coded = _coded(conclusion, getattr(own.words, code, None), among(code))
        yield _with_spread(coded, getattr(own.words, figure, None), among(figure))
    yield _coded(DEPARTS, getattr(own.words, DEPARTS, None), among(DEPARTS))


def sign_of(kappa: float | None) -> str | None:
    """`POSITIVE` (more agreement than chance), `NEGATIVE`, `ZERO` or None."""
    if kappa is None:
        return None
    if abs(kappa) < NO_KAPPA:
        return ZERO
    return POSITIVE if kappa > 0 else NEGATIVE


def _coded(conclusion: str, own: str | None, values: Sequence[str | None]) -> Conclusion:
    counted = Counter(value for value in values if value is not None)
    return Conclusion(
        conclusion,
        own,
        settings=len(values),
        agreeing=None if own is None else counted[own],
        unknown=sum(value is None for value in values),
        counts=tuple(sorted(counted.items(), key=_most_frequent_first)),
    )


def _rated(own: Universe, universes: Sequence[Universe]) -> Conclusion:
    rates = [universe.transitions_per_minute for universe in universes]
    agreeing = None
    if own.rate_low is not None and own.rate_high is not None:
        low, high = own.rate_low, own.rate_high
        agreeing = sum(rate is not None and low <= rate <= high for rate in rates)
    blank = Conclusion(
        TRANSITION_RATE,
        own.transitions_per_minute,
        settings=len(rates),
        agreeing=agreeing,
        unknown=sum(rate is None for rate in rates),
    )
    return _with_spread(blank, own.transitions_per_minute, rates)


def _with_spread(
    conclusion: Conclusion, own: float | None, figures: Sequence[float | None]
) -> Conclusion:
    values = np.asarray([value for value in figures if value is not None], dtype=np.float64)
    if len(values) == 0:
        return conclusion
    low, high = np.percentile(values, USUAL)
    return dataclasses.replace(
        conclusion,
        low=float(values.min()),
        median=float(np.median(values)),
        high=float(values.max()),
        typical=None if own is None else bool(low - TIE <= own <= high + TIE),
    )


def _most_frequent_first(counted: tuple[str, int]) -> tuple[int, int, str]:
    name, count = counted
    rank = ALL_LABELS.index(name) if name in ALL_LABELS else len(ALL_LABELS)
    return -count, rank, name
