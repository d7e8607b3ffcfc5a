import ast
import inspect
import re
from dataclasses import replace
from itertools import chain, combinations
from typing import get_args

import pytest

from emoreport import messages as words
from emoreport.analysis import analyze_readings
from emoreport.analysis.mismatch import (
    agreement,
    articulation,
    bootstrap,
    figure,
    lag,
    modalities,
    shift_test,
    three_way,
)
from emoreport.analysis.mismatch import statistics as mismatch_statistics
from emoreport.analysis.rows.abstention import FACE_RULES, VOICE_RULES
from emoreport.analysis.rows.bridge import DEFAULT_BRIDGE
from emoreport.analysis.rows.compounds import COMPOUND_NAMES, COMPOUNDS
from emoreport.analysis.rows.pauses import SCOPES
from emoreport.analysis.rows.scores import with_video_dimensions
from emoreport.analysis.rows.text import TEXT_RULES
from emoreport.analysis.transitions import (
    chains,
    durations,
    talk_figures,
)
from emoreport.analysis.transitions import statistics as transition_statistics
from emoreport.analysis.transitions import (
    transition_statistics as record,
)
from emoreport.settings import LANGUAGES, Settings
from emoreport.tables.codes import CODES, cell_names, code_meaning, code_name
from emoreport.vocabulary import NOT_COMPARED
from tests.fixtures.readings import face_track, random_readings, recording, video_rows

REASONED = (
    agreement,
    articulation,
    bootstrap,
    chains,
    durations,
    figure,
    lag,
    record,
    shift_test,
    talk_figures,
    three_way,
)
"""Modules whose constants name why a number is missing."""
MEASURES_OF_A_TALK = {
    talk_figures.EMOTION_SHARE,
    talk_figures.TRANSITION_RATE,
    talk_figures.MISMATCH_SHARE,
    talk_figures.MEAN_VALENCE,
    talk_figures.WORD_RATE,
    talk_figures.FLEISS_KAPPA,
    talk_figures.UNKNOWN,  # a figure without a value is no row
}
NO_CODES = {"dwell", "recovery", "neutral"}
"""Words in the code of the rows that are no codes themselves."""
ALL_CODES = set(chain.from_iterable(CODES.values()))


def constants(module):
    """Every string in a module's code that could be a code."""
    tree = ast.parse(inspect.getsource(module))
    parts = {
        part
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
    }
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Constant))
    found = (node.value for node in nodes if node not in parts)
    return {text for text in found if isinstance(text, str) and re.fullmatch(r"[a-z0-9_]+", text)}


def own_strings(module):
    return {
        value
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, str) and not name.startswith("_")
    }


@pytest.mark.parametrize("module", [transition_statistics, mismatch_statistics, modalities])
def test_the_rows_use_only_codes_that_are_known(module):
    found = constants(module)
    assert len(found) > 10
    assert found - NO_CODES <= ALL_CODES


def test_every_statistic_is_one_that_the_rows_use():
    used = constants(transition_statistics) | constants(mismatch_statistics) | constants(modalities)
    used |= {f"{name}_{form}" for name in ("dwell", "recovery") for form in ("median", "mean")}
    assert used >= set(CODES["statistic"]) | set(CODES["measure"])


def test_notes_are_the_reasons_of_the_analysis():
    reasons = set().union(*map(own_strings, REASONED)) - MEASURES_OF_A_TALK - {*CODES["verdict"]}
    used = constants(transition_statistics) | constants(mismatch_statistics)
    assert set(CODES["note"]) == reasons | (used & {"no_emotion", "no_partner"})


def test_the_other_groups_are_those_of_the_analysis():
    assert set(CODES["verdict"]) == {*get_args(shift_test.Verdict), *get_args(lag.Lead)}
    sides = (modalities.FACE, modalities.VOICE, modalities.TEXT)
    pairs = (f"{first}_{second}" for first, second in combinations(sides, 2))
    assert CODES["modalities"] == (*pairs, modalities.ALL, *sides)
    assert CODES["scope"] == (transition_statistics.ALL, *SCOPES)
    rules = {rule.reason for rule in (*FACE_RULES, *VOICE_RULES, *TEXT_RULES)}
    assert set(CODES["reason"]) == rules | set(NOT_COMPARED)
    assert CODES["compound"] == COMPOUND_NAMES
    for dimensions in (None, [0.5] * 50):
        track = replace(face_track(("happiness", 2.0)), valence=dimensions, arousal=dimensions)
        rows = with_video_dimensions(video_rows(("happiness", 2)), track, DEFAULT_BRIDGE)
        assert {row.dimensions for row in rows} <= set(CODES["dimensions"])


@pytest.mark.parametrize("seconds", [8.0, 200.0])
def test_a_talk_holds_only_codes_that_have_words(seconds):
    settings = Settings.from_values({"abstention": "strict", "compounds": True})
    result = analyze_readings(*random_readings(seconds), recording(seconds), settings)
    statistics = (*result.transition_statistics, *result.mismatch_statistics)
    assert {row.statistic for row in statistics} <= set(CODES["statistic"])
    assert {row.unit for row in statistics} <= set(CODES["measure"])
    assert {row.scope for row in statistics} == set(CODES["scope"])
    assert {row.verdict for row in statistics} - {None} <= set(CODES["verdict"])
    notes = {row.note for row in statistics} - {None}
    assert notes
    assert notes <= set(CODES["note"])
    rows = (*result.video_intervals, *result.audio_intervals)
    reasons = set(chain.from_iterable(row.reasons for row in rows))
    assert reasons
    assert reasons <= set(CODES["reason"])
    leading = {row.compounds.leading for row in result.video_intervals}
    assert leading - {None} <= set(CODES["compound"])
    assert result.summary.mismatch.verdict in CODES["verdict"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_code_has_words_and_there_are_no_others(lang):
    for group, codes in CODES.items():
        names = [code_name(group, code, lang) for code in codes]
        assert len(set(names)) == len(names)
        assert all(code_meaning(group, code, lang).endswith(".") for code in codes)
        written = {
            key.split(".")[2] for key in words.keys(lang) if key.startswith(f"tables.{group}.")
        }
        assert written == set(codes)


def test_pairs_are_explained_by_their_emotions():
    for name, one, other in COMPOUNDS:
        both = code_meaning("compound", name, "en").lower()
        assert both == f"{one} and {other}."


def test_a_cell_of_several_codes_is_named_in_parts():
    assert cell_names("reason", "entropy margin", "en") == "too much doubt, no clear lead"
    assert cell_names("scope", "pausing", "ru") == "в паузах"


def test_an_unknown_code_is_shown_as_it_is():
    assert cell_names("note", "of_a_later_version", "ru") == "of_a_later_version"
    with pytest.raises(KeyError):
        code_meaning("note", "of_a_later_version", "ru")
