"""TextGrids, read by three other readers."""

from __future__ import annotations

import dataclasses
import itertools

import parselmouth
import pympi
import pytest
from hypothesis import given, settings
from praatio import textgrid as praatio

from emoreport.exchange.writers.elan import elan_files
from emoreport.exchange.writers.textgrid import textgrid_files
from emoreport.exchange.writers.tiers import duration_ms, tiers_of
from tests.fixtures.findings import MEDIA, any_findings, findings, made_findings
from tests.fixtures.results import acted

TIERS = ["face", "voice", "voice_intervals", "mismatch", "speech"]


def stored(tmp_path_factory, found, lang="en"):
    file = tmp_path_factory.mktemp("grid") / "talk.TextGrid"
    file.write_bytes(textgrid_files(found, MEDIA, lang)[".TextGrid"])
    return str(file)


def test_praat_itself_reads_it(tmp_path_factory):
    grid = parselmouth.read(stored(tmp_path_factory, findings(), "ru"))
    call = parselmouth.praat.call
    assert call(grid, "Get number of tiers") == len(TIERS)
    assert [call(grid, "Get tier name", number + 1) for number in range(5)] == TIERS
    assert call(grid, "Get total duration") == pytest.approx(3.333)
    labels = [call(grid, "Get label of interval", 1, number) for number in (1, 2, 3, 4)]
    assert labels == ["радость", "грусть", "нет лица", "не определено"]
    assert call(grid, "Get end time of interval", 1, 2) == pytest.approx(2.001)


def test_every_action_of_the_face_has_a_tier(tmp_path_factory):
    acting = dataclasses.replace(findings().analysis, **acted())
    found = dataclasses.replace(findings(), analysis=acting)
    grid = praatio.openTextgrid(stored(tmp_path_factory, found, "ru"), includeEmptyIntervals=False)
    assert list(grid.tierNames) == [*TIERS, "blink", "smile", "mouth_open"]
    assert [tuple(entry) for entry in grid.getTier("smile").entries] == [(1.0, 2.5, "улыбка")]
    eaf = pympi.Elan.Eaf()
    file = tmp_path_factory.mktemp("elan") / "talk.eaf"
    file.write_bytes(elan_files(found, MEDIA, "en")[".eaf"])
    eaf = pympi.Elan.Eaf(str(file))
    assert [cell[:3] for cell in eaf.get_annotation_data_for_tier("blink")] == [
        (900, 1100, "blink")
    ]


@settings(max_examples=25)
@given(found=any_findings())
def test_any_rows_fill_the_time_for_praatio_and_pympi(tmp_path_factory, found):
    file = stored(tmp_path_factory, found)
    grid = praatio.openTextgrid(file, includeEmptyIntervals=True)
    assert list(grid.tierNames) == TIERS
    end = duration_ms(found) / 1000
    for tier, own in zip(tiers_of(found), grid.tiers, strict=True):
        entries = own.entries
        assert entries[0].start == 0.0
        assert entries[-1].end == end
        assert all(one.end == other.start for one, other in itertools.pairwise(entries))
        rows = [(one.start, one.end) for one in entries if one.label]
        assert rows == [(cell.start_ms / 1000, cell.end_ms / 1000) for cell in tier.cells]
    read = pympi.TextGrid(file)
    face = [(start, end, text) for start, end, text in read.get_tier("face").get_intervals()]
    assert face == [
        (cell.start_ms / 1000, cell.end_ms / 1000, cell.label) for cell in tiers_of(found)[0].cells
    ]


def test_quotes_and_line_ends_in_a_label_stay_inside_their_text(tmp_path_factory):
    odd = 'a "quoted"\nlabel'
    found = made_findings([0.0, 1.0], [odd], ["no_speech"])
    grid = praatio.openTextgrid(stored(tmp_path_factory, found), includeEmptyIntervals=True)
    assert [entry.label for entry in grid.getTier("face").entries] == ['a "quoted" label']
