"""Frozen types of the results of one talk, as the analysis computes them without any files."""

from __future__ import annotations

from emoreport.results.actions import (
    ACTIONS,
    BLINK,
    MOUTH_OPEN,
    SMILE,
    ActionEvent,
    ActionInterval,
    ActionSummary,
)
from emoreport.results.analysis import (
    Analysis,
    Findings,
)
from emoreport.results.expressions import Expression
from emoreport.results.figures import (
    MismatchFigure,
    Statistic,
    Summary,
    Transition,
)
from emoreport.results.intervals import (
    AcousticInterval,
    AudioInterval,
    Comparison,
    CompoundScores,
    FaceEvidence,
    HeadInterval,
    HeardWindow,
    VideoInterval,
    VoiceEvidence,
    WitnessVerdict,
    milliseconds,
    seconds_by_label,
    voice_steps,
)
from emoreport.results.modalities import ModalityStatistic
from emoreport.results.people import SeenPerson
from emoreport.results.specification import (
    Choice,
    Curve,
    Mark,
    Panel,
)
from emoreport.results.words import (
    SpeechRate,
    SpokenWord,
    TextEvidence,
    TextInterval,
    caption_starts,
)

__all__ = [
    "ACTIONS",
    "BLINK",
    "MOUTH_OPEN",
    "SMILE",
    "AcousticInterval",
    "ActionEvent",
    "ActionInterval",
    "ActionSummary",
    "Analysis",
    "AudioInterval",
    "Choice",
    "Comparison",
    "CompoundScores",
    "Curve",
    "Expression",
    "FaceEvidence",
    "Findings",
    "HeadInterval",
    "HeardWindow",
    "Mark",
    "MismatchFigure",
    "ModalityStatistic",
    "Panel",
    "SeenPerson",
    "SpeechRate",
    "SpokenWord",
    "Statistic",
    "Summary",
    "TextEvidence",
    "TextInterval",
    "Transition",
    "VideoInterval",
    "VoiceEvidence",
    "WitnessVerdict",
    "caption_starts",
    "milliseconds",
    "seconds_by_label",
    "voice_steps",
]
