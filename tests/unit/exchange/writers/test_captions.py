"""Captions, read by another reader."""

from __future__ import annotations

import io
import re

import webvtt
from hypothesis import given

from emoreport.exchange.writers.captions import srt_files, vtt_files
from emoreport.exchange.writers.tiers import tiers_of
from tests.fixtures.findings import MEDIA, any_findings, findings, made_findings


def cues(found, lang="en"):
    return list(webvtt.from_buffer(io.StringIO(vtt_files(found, MEDIA, lang)[".vtt"].decode())))


def milliseconds(text):
    """Start and end of a line with two times."""
    found = re.findall(r"(\d\d):(\d\d):(\d\d)\.(\d{3})", text)
    return tuple(
        ((int(h) * 60 + int(m)) * 60 + int(s)) * 1000 + int(rest) for h, m, s, rest in found
    )


def test_a_cue_per_row_says_what_both_showed():
    first, second, third, _ = cues(findings())
    assert first.text == "face: happiness 65 %\nvoice: happiness 65 %"
    assert second.text.splitlines()[-1] == "face and voice differ (0.60)"
    assert third.text == "face: no face\nvoice: no speech"
    assert (second.start, second.end) == ("00:00:01.000", "00:00:02.001")


def test_captions_in_russian():
    assert cues(findings(), "ru")[0].text == "лицо: радость 65 %\nголос: радость 65 %"


@given(any_findings())
def test_both_forms_hold_the_rows_of_the_face(found):
    times = [(cell.start_ms, cell.end_ms) for cell in tiers_of(found)[0].cells]
    assert [milliseconds(f"{cue.start} {cue.end}") for cue in cues(found)] == times
    text = srt_files(found, MEDIA, "en")[".srt"].decode()
    arrows = re.findall(r"^.* --> .*$", text, re.MULTILINE)
    assert [milliseconds(line.replace(",", ".")) for line in arrows] == times


def test_hours_are_counted():
    found = made_findings([0.0, 3661.5, 3662.0], ["anger", "fear"], ["anger", "fear"])
    assert "00:00:00.000 --> 01:01:01.500" in vtt_files(found, MEDIA, "en")[".vtt"].decode()


def test_a_label_cannot_start_a_tag_or_a_cue():
    odd = "<b>{\\an8} a\n\n9\n00:00:00.000 --> 00:00:09.000\n&"
    found = made_findings([0.0, 1.0], [odd], ["no_speech"])
    vtt, srt = (
        vtt_files(found, MEDIA, "en")[".vtt"].decode(),
        srt_files(found, MEDIA, "en")[".srt"].decode(),
    )
    assert "<b>" not in vtt
    assert "&lt;b&gt;" in vtt
    assert vtt.count("-->") == 1
    (cue,) = cues(found)
    assert cue.end == "00:00:01.000"
    assert "<" not in srt
    assert "{" not in srt
    assert len(re.findall(r"^\d\d:\d\d:\d\d,\d{3} --> ", srt, re.MULTILINE)) == 1
