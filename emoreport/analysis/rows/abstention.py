"""Turn rows whose evidence is too thin for a label into `uncertain`.

Every limit is in `FACE_RULES` and `VOICE_RULES` (of words: in `text.TEXT_RULES`), with its reason;
benchmarks/evidence_limits.py repeats the measurements behind it. *normal* takes out what is plainly
unusable and leaves usual webcam video alone; *strict* keeps only what a figure in a paper could
show. Evidence that is not known triggers no rule.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Literal, cast

import numpy as np

from emoreport.analysis.numeric.hold_times import BoolArray
from emoreport.analysis.numeric.missing import none_if_nan
from emoreport.analysis.rows.doubt import DISTANCE
from emoreport.analysis.rows.evidence import normalised_entropy
from emoreport.records import Span, SpeechTrack
from emoreport.results import (
    AudioInterval,
    FaceEvidence,
    TextEvidence,
    VideoInterval,
    VoiceEvidence,
    WitnessVerdict,
)
from emoreport.settings import AnalysisSettings
from emoreport.vocabulary import UNCERTAIN, AbstentionLevel, is_emotion

Level = AbstentionLevel
DEFAULT_LEVEL: Final[Level] = "normal"


@dataclass(frozen=True, slots=True)
class Rule:
    """One limit on one piece of evidence.

    Attributes
    ----------
    evidence
        Field of `FaceEvidence`, `VoiceEvidence` or `TextEvidence`.
    side
        ``below``: values below the limit are too little; ``above``: values above it are too much.
    normal, strict
        Limits of the two levels, in the unit of the field.
    why
        Where the limits come from.
    code
        Reason code of the rows that it hits, where that is not the field.
    """

    evidence: str
    side: Literal["below", "above"]
    normal: float
    strict: float
    why: str
    code: str = ""

    @property
    def reason(self) -> str:
        """Reason code of the rows that it hits."""
        return self.code or self.evidence

    def limit(self, level: Level) -> float | None:
        """The limit of a level; None where it has none."""
        return {"off": None, "normal": self.normal, "strict": self.strict}[level]

    def hits(self, evidence: FaceEvidence | VoiceEvidence | TextEvidence, level: Level) -> bool:
        """Whether the rule takes the label away at this level."""
        value: float | None = getattr(evidence, self.evidence)
        limit = self.limit(level)
        if limit is None or value is None:
            return False
        return value < limit if self.side == "below" else value > limit


_UNLIKE_TRAINING: Final = Rule(
    "distance",
    "above",
    1.0,
    0.9,
    "1 is the model's own limit: a tenth of what was left out whole lies beyond it, a fifth beyond "
    "0.9, and most of what is no face or no natural speech (docs/models).",
    code="unlike_training",
)

_CONTRADICTED: Final = Rule(
    "contradiction",
    "above",
    0.0,
    0.0,
    "Two models that each rest on enough and name different emotions cannot both be right, and "
    "nothing says which one is. How far apart they are plays no part.",
    code="witnesses_disagree",
)

TURN_RULE: Final = Rule(
    "head_turn",
    "above",
    1.0,
    0.75,
    "1 is the model's own limit: turned so far to a side, or up or down, the compact model keeps "
    "two thirds of its macro recall (docs/models/compact-face.md). Of models without such figures, "
    "a yaw of 60° or a pitch of 45°.",
    code="head_turned",
)

FACE_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "face_coverage",
        "below",
        0.5,
        0.8,
        "Below one half the label speaks for more time without a face than with one.",
    ),
    Rule(
        "mean_score",
        "below",
        0.6,
        0.7,
        "On footage without faces, detections below 0.7 are false alarms, the more so below 0.6 "
        "(docs/decisions/0002-face-detector.md).",
    ),
    Rule(
        "face_px",
        "below",
        24.0,
        48.0,
        "48 px is the size of the pictures that FER models learn from. Smaller faces enlarged to "
        "it cost the compact model 3.5 points of accuracy at a box of 21 px, 6.6 at 17 px, 9.4 at "
        "14 px.",
    ),
    TURN_RULE,
    Rule(
        "relative_sharpness",
        "below",
        0.1,
        0.2,
        "Blurring pictures to a fifth of their sharpness by motion costs the compact model 4 "
        "points of accuracy, to a tenth 16 points (focus blur to a tenth: 2). Relative to the "
        "recording, since the measure depends on camera, light and size of the crop.",
    ),
    Rule(
        "entropy",
        "above",
        0.9,
        0.7,
        "1 is no knowledge at all. Of 34 pictures above 0.7, the compact model reads a third "
        "rightly; of the 4 above 0.8, none.",
    ),
    Rule(
        "margin",
        "below",
        0.05,
        0.2,
        "0.05 is the lead below which `hysteresis` lets no label change. Of pictures whose two "
        "best emotions lie less than 0.2 apart, the compact model reads fewer than half rightly.",
    ),
    Rule(
        "of_shortest",
        "below",
        1.0,
        1.0,
        "Between two cuts there was less time than the shortest row that was asked for.",
        code="short_shot",
    ),
    _UNLIKE_TRAINING,
    _CONTRADICTED,
)
"""Limits for rows of the face, in the order in which reasons are named."""

VOICE_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "window_speech_s",
        "below",
        0.5,
        1.0,
        "Half a second of a clip alone was read rightly in 0.28 of cases, 0.8 s in 0.41 "
        "(docs/decisions/0003-voice-windows.md).",
    ),
    Rule(
        "snr_db",
        "below",
        5.0,
        10.0,
        "White noise at 10 dB cost the compact model 6 points of accuracy, at 5 dB 12, at 0 dB "
        "22 (on 500 clips of the speakers that it learned from).",
    ),
    Rule(
        "clipping",
        "above",
        0.1,
        0.01,
        "Clipping a hundredth of the samples with speech cost the compact model 2 points of "
        "accuracy, a tenth 5 points (same clips).",
    ),
    Rule(
        "entropy",
        "above",
        0.95,
        0.85,
        "As for the face; higher, since voice models spread their probabilities more widely: of "
        "the same clips, half lie above 0.53 and one in a hundred above 0.9.",
    ),
    Rule(
        "margin",
        "below",
        0.05,
        0.15,
        "As for the face.",
    ),
    _UNLIKE_TRAINING,
    Rule(
        "firm_leading_share",
        "below",
        0.5,
        0.8,
        "As for the coverage of the face: below one half, more speech firmly contradicts the label "
        "than bears it. Known only where firm windows name different labels.",
        code="voice_changes_within",
    ),
    _CONTRADICTED,
)
"""Limits for rows of the voice, in the order in which reasons are named."""


def abstention_level(settings: AnalysisSettings) -> Level:
    """How much evidence a label needs."""
    return cast("Level", settings.abstention)


@dataclass(frozen=True, slots=True)
class JudgedTime:
    """How much of a talk was judged on, seconds.

    Attributes
    ----------
    emotion_s
        Rows that show an emotion.
    uncertain_s
        Rows `uncertain`.
    share
        Emotion over emotion and uncertain, 0–1; None where there was nothing to judge.
    """

    emotion_s: float
    uncertain_s: float
    share: float | None


def abstain_faces(
    intervals: Sequence[VideoInterval],
    level: Level = DEFAULT_LEVEL,
    rules: Sequence[Rule] = FACE_RULES,
) -> tuple[VideoInterval, ...]:
    """Take the label from rows of the face that rest on too little.

    Such a row becomes `uncertain`, keeps its evidence and names its reasons; it keeps neither
    confidence, distribution, valence nor arousal, so that it makes no mismatch, no severity and no
    transition. What the witness said stays where its contradiction is the reason. Uncertain
    neighbours in one shot become one row: `face_coverage` is averaged over time, `frames` added up,
    reasons are united; its evidence and its witness are not known.

    Parameters
    ----------
    intervals
        Rows of the face with their evidence, in order of time, touching each other.
    level
        ``off`` changes nothing.
    rules
        Limits.

    Returns
    -------
    Rows that tile what the rows before tiled; neighbours differ.
    """
    rows: list[VideoInterval] = []
    for row in intervals:
        reasons = _reasons(row, level, rules)
        new = _without_label(row, reasons) if reasons else row
        before = rows[-1] if rows else None
        if before and new.emotion == UNCERTAIN == before.emotion and new.shot == before.shot:
            rows[-1] = _joined(before, new, rules)
        else:
            rows.append(new)
    return tuple(rows)


def abstain_voices(
    intervals: Sequence[AudioInterval],
    level: Level = DEFAULT_LEVEL,
    rules: Sequence[Rule] = VOICE_RULES,
) -> tuple[AudioInterval, ...]:
    """Take the label from rows of the voice that rest on too little.

    Such a row becomes `uncertain`, as speech without a judged window already is, and keeps its
    seconds of speech, its intensity and its evidence. Rows are not joined: those of
    audio_intervals follow the rows of the face.
    """
    return tuple(_firm_voice(row, _reasons(row, level, rules)) for row in intervals)


def _firm_voice(row: AudioInterval, reasons: tuple[str, ...]) -> AudioInterval:
    if not reasons:
        return row
    return AudioInterval(
        row.span,
        UNCERTAIN,
        None,
        row.speech_s,
        evidence=row.evidence,
        reasons=reasons,
        intensity=row.intensity,
        witness=_kept_witness(row, reasons),
    )


def usable_windows(speech: SpeechTrack, level: Level = DEFAULT_LEVEL) -> BoolArray:
    """Voice windows that rest on enough, by the same limits as the rows; bool (M,)."""
    table = np.asarray(speech.probabilities, dtype=np.float64)
    entropy = normalised_entropy(table)
    ranked = np.sort(table, axis=1)
    margin = ranked[:, -1] - ranked[:, -2] if table.shape[1] > 1 else np.full(len(table), np.nan)
    unknown = np.full(len(table), np.nan)
    noise = speech.extra.get("snr_db", unknown)
    clipping = speech.extra.get("clipping", unknown)
    distance = speech.extra.get(DISTANCE, unknown)
    facts = zip(speech.speech_s, noise, clipping, entropy, margin, distance, strict=True)
    kept = []
    for spoken_s, *values in facts:
        snr_db, clipped, doubt, lead, away = map(none_if_nan, values)
        evidence = VoiceEvidence(spoken_s, spoken_s, snr_db, clipped, doubt, lead, distance=away)
        kept.append(not any(rule.hits(evidence, level) for rule in VOICE_RULES))
    return np.asarray(kept, dtype=np.bool_)


def judged_time(intervals: Sequence[VideoInterval] | Sequence[AudioInterval]) -> JudgedTime:
    """Sum up how much of the talk the rows judge on."""
    emotion_s = uncertain_s = 0.0
    for row in intervals:
        if is_emotion(row.emotion):
            emotion_s += row.span.duration_s
        elif row.emotion == UNCERTAIN:
            uncertain_s += row.span.duration_s
    there_s = emotion_s + uncertain_s
    share = emotion_s / there_s if there_s > 0 else None
    return JudgedTime(emotion_s, uncertain_s, share)


def _reasons(
    row: VideoInterval | AudioInterval, level: Level, rules: Sequence[Rule]
) -> tuple[str, ...]:
    if row.evidence is None or not is_emotion(row.emotion):
        return ()
    return tuple(rule.reason for rule in rules if rule.hits(row.evidence, level))


def united_reasons(
    reasons: Collection[str], rules: Sequence[Rule] = VOICE_RULES
) -> tuple[str, ...]:
    """Reasons of several rows, each once, in the order in which the rules name them."""
    return tuple(rule.reason for rule in rules if rule.reason in reasons)


def _without_label(row: VideoInterval, reasons: tuple[str, ...]) -> VideoInterval:
    return VideoInterval(
        row.span,
        UNCERTAIN,
        None,
        row.face_coverage,
        row.frames,
        evidence=row.evidence,
        reasons=reasons,
        witness=_kept_witness(row, reasons),
        shot=row.shot,
        after_cut=row.after_cut,
        of_shortest=row.of_shortest,
    )


def _kept_witness(
    row: VideoInterval | AudioInterval, reasons: tuple[str, ...]
) -> WitnessVerdict | None:
    """What the witness said of a row that it made uncertain; thin evidence is thin for it too."""
    return row.witness if _CONTRADICTED.reason in reasons else None


def _joined(left: VideoInterval, right: VideoInterval, rules: Sequence[Rule]) -> VideoInterval:
    span = Span(left.span.start_s, right.span.end_s)
    covered_s = sum(row.face_coverage * row.span.duration_s for row in (left, right))
    coverage = min(1.0, covered_s / span.duration_s) if span.duration_s > 0 else 0.0
    reasons = united_reasons({*left.reasons, *right.reasons}, rules)
    return VideoInterval(
        span,
        UNCERTAIN,
        None,
        coverage,
        left.frames + right.frames,
        reasons=reasons,
        shot=left.shot,
        after_cut=left.after_cut,
    )
