"""The voice's own rows, written for another program and read back."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from emoreport.exchange.readers import read_codings
from emoreport.exchange.writers import export_files
from emoreport.results import milliseconds
from tests.fixtures.findings import MEDIA, VOICES, any_findings
from tests.unit.exchange.readers.conftest import tiers


@pytest.mark.parametrize(("kind", "suffix"), [("elan", ".eaf"), ("textgrid", ".TextGrid")])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=any_findings())
def test_the_voice_s_own_tier_comes_back(tmp_path, found, kind, suffix):
    file = tmp_path / f"talk{suffix}"
    file.write_bytes(export_files(found, [kind], "talk", MEDIA, "en")[file.name])
    (coding,) = read_codings(file, tiers(voice="voice_intervals"))
    shown = [
        (milliseconds(row.span.start_s), milliseconds(row.span.end_s), row.emotion)
        for row in found.analysis.voice_intervals
    ]
    expected = merged([row for row in shown if row[1] > row[0]])
    read = [
        (milliseconds(row.span.start_s), milliseconds(row.span.end_s), row.emotion)
        for row in coding.labels.voice
    ]
    assert merged(read) == expected
    assert {label for *_, label in read} <= set(VOICES)


def merged(rows):
    """Neighbours of one label as one: readers join them."""
    whole: list[tuple[int, int, str]] = []
    for start, end, label in rows:
        goes_on = whole and whole[-1][1:] == (start, label)
        whole.append((whole.pop()[0] if goes_on else start, end, label))
    return whole
