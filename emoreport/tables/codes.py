"""The codes that cells hold, and their words: what a number is, its scope, why it is missing.

Files hold the code in every language. A cell may hold several codes with blanks between them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from emoreport import messages as words
from emoreport.results import ACTIONS
from emoreport.vocabulary import COMPOUND_NAMES, LEADS, NOT_COMPARED, VERDICTS

STATISTIC: Final = "statistic"
MEASURE: Final = "measure"
SCOPE: Final = "scope"
MODALITIES: Final = "modalities"
VERDICT: Final = "verdict"
NOTE: Final = "note"
REASON: Final = "reason"
DIMENSIONS: Final = "dimensions"
COMPOUND: Final = "compound"
PLACED: Final = "placed"
ACTION: Final = "action"

CODES: Final[Mapping[str, tuple[str, ...]]] = {
    STATISTIC: (
        "transitions_per_emotion_minute",
        "order",
        "pair_count",
        "time_share",
        "stationary_share",
        "entropy_rate",
        "dwell_median",
        "dwell_mean",
        "recovery_median",
        "recovery_mean",
        "mismatch_share",
        "window_mismatch_share",
        "window_seconds",
        "kappa",
        "ac1",
        "mean_severity",
        "severity_kappa",
        "voice_after_face",
        "valence_correlation",
        "unmapped_voice_label",
        "unmapped_face_label",
        "others_speech_seconds",
        "agreement",
        "pair_kappa",
        "fleiss_kappa",
        "krippendorff_alpha",
        "departs",
        "words_after",
        "in_speech",
        "at_open_vowels",
        "explained_by_speech",
    ),
    MEASURE: (
        "share",
        "seconds",
        "per_minute",
        "bits",
        "count",
        "distance",
        "coefficient",
        "probability",
    ),
    SCOPE: ("all", "speaking", "pausing"),
    MODALITIES: ("face_voice", "face_text", "voice_text", "all", "face", "voice", "text"),
    VERDICT: tuple(dict.fromkeys((*VERDICTS, *LEADS))),
    NOTE: (
        "too_short",
        "no_overlap",
        "no_shared_labels",
        "one_label",
        "rows_and_windows_differ",
        "constant",
        "dependent",
        "clustered",
        "no_emotion",
        "fixed_order",
        "not_connected",
        "too_few_transitions",
        "too_few_events",
        "too_few_intervals",
        "median_not_reached",
        "no_partner",
    ),
    REASON: (
        "face_coverage",
        "mean_score",
        "face_px",
        "head_turned",
        "relative_sharpness",
        "short_shot",
        "window_speech_s",
        "snr_db",
        "clipping",
        "entropy",
        "margin",
        "unlike_training",
        "voice_changes_within",
        "witnesses_disagree",
        "few_words",
        *NOT_COMPARED,
    ),
    DIMENSIONS: ("model", "derived"),
    COMPOUND: COMPOUND_NAMES,
    PLACED: ("given", "aligned", "recognised"),
    ACTION: ACTIONS,
}
"""Every code by group, in the order of the dictionary; a test holds them against the analysis."""


def code_name(group: str, code: str, lang: str) -> str:
    """Name of a code for people; the code itself where it is none of its group."""
    if code not in CODES[group]:
        return code
    return words.text(f"tables.{group}.{code}.label", lang)


def code_meaning(group: str, code: str, lang: str) -> str:
    """Explain a code in one or two sentences.

    Raises
    ------
    KeyError
        When it is no code of that group.
    """
    return words.text(f"tables.{group}.{code}.meaning", lang)


def cell_names(group: str, cell: str, lang: str) -> str:
    """Names of the codes in a cell, with commas between them."""
    return ", ".join(code_name(group, code, lang) for code in cell.split())
