"""Tiers that no format has for itself."""

from dataclasses import replace

import numpy as np

from emoreport.exchange.writers.elan import elan_files
from emoreport.exchange.writers.textgrid import textgrid_files
from emoreport.exchange.writers.tiers import SHOTS, SPEAKER, Blank, tiers_with_words
from emoreport.records import SpeakingSpan
from tests.fixtures.findings import MEDIA, findings


def cut_findings():
    """Findings of a recording with two cuts."""
    found = findings()
    shot = np.repeat([1, 2, 3], [2, 3, len(found.faces) - 5]).astype(np.int64)
    return replace(found, faces=replace(found.faces, shot=shot))


def test_shots_are_a_tier_where_there_is_a_cut():
    found = cut_findings()
    first_ms, second_ms = (round(1000 * float(found.faces.time_s[k])) for k in (2, 5))
    tier = tiers_with_words(found)[-1]
    assert tier.name == SHOTS
    assert [(cell.start_ms, cell.end_ms, cell.label) for cell in tier.cells] == [
        (0, first_ms, "1"),
        (first_ms, second_ms, "2"),
        (second_ms, 3333, "3"),
    ]


def test_without_a_cut_and_for_coding_blind_there_is_none():
    found = cut_findings()
    one = np.ones(len(found.faces), np.int64)
    for other in (
        findings(),
        replace(found, faces=replace(found.faces, shot=one)),
        Blank(found),
    ):
        assert SHOTS not in {tier.name for tier in tiers_with_words(other)}


def test_speakers_are_a_tier_where_more_than_one_speaks():
    found = findings()
    alone = (SpeakingSpan(0.5, 1.0, "A"),)
    both = (*alone, SpeakingSpan(1.0, 3.0, "B"))
    one, two = (
        replace(found, analysis=replace(found.analysis, speaking=spans)) for spans in (alone, both)
    )
    assert SPEAKER not in {tier.name for tier in tiers_with_words(one)}
    (tier,) = (tier for tier in tiers_with_words(two) if tier.name == SPEAKER)
    assert [(cell.start_ms, cell.end_ms, cell.label) for cell in tier.cells] == [
        (500, 1000, "A"),
        (1000, 3000, "B"),
    ]
    assert b'TIER_ID="speaker"' in elan_files(two, MEDIA, "en")[".eaf"]
    assert b'name = "speaker"' in textgrid_files(two, MEDIA, "en")[".TextGrid"]


def test_elan_and_praat_get_the_numbers_of_the_shots():
    found = cut_findings()
    assert b'TIER_ID="shots"' in elan_files(found, MEDIA, "ru")[".eaf"]
    assert b'name = "shots"' in textgrid_files(found, MEDIA, "ru")[".TextGrid"]
