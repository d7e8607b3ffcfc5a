"""Files for coding blind: the recording and the labels to choose from, nothing that was found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emoreport.annotators.agree import tiers_for
from emoreport.exchange.readers import read_codings
from emoreport.exchange.writers import CODED, export_files
from emoreport.exchange.writers.tiers import FACE, VOICE, Blank, face_labels, voice_labels
from tests.fixtures.findings import MEDIA, made_findings, run_record

TIMES = ("1.234", "1234", "2.468", "2468")


def blank_files(heard: str) -> dict[str, bytes]:
    found = made_findings([0.0, 1.234, 2.468, 10 / 3], ["anger", "fear", "anger"], [heard] * 3)
    return export_files(Blank(found), CODED, "talk", MEDIA, "en")


def test_nothing_in_them_depends_on_what_was_found() -> None:
    files = blank_files("anger")
    assert files == blank_files("surprise")
    for content in files.values():
        text = content.decode()
        assert not any(time in text for time in TIMES)
        assert "compact" not in text


@pytest.mark.parametrize("suffix", [".eaf", ".TextGrid"])
def test_they_are_read_back_as_empty_tiers(suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"talk{suffix}"
    file.write_bytes(blank_files("anger")[file.name])
    (coding,) = read_codings(file, tiers_for(run_record(), None, None, None, ()))
    assert not coding.labels.face
    assert not coding.labels.voice


def test_elan_and_boris_offer_every_label() -> None:
    files = blank_files("anger")
    elan = files["talk.eaf"].decode()
    assert elan.count("<TIER ") == 2
    assert all(f'DESCRIPTION="{label}"' in elan for label in face_labels(()) + voice_labels(()))
    boris = json.loads(files["talk.boris"])
    assert boris["behavioral_categories"] == [FACE, VOICE]
    codes = {behaviour["code"] for behaviour in boris["behaviors_conf"].values()}
    assert codes == {
        *(f"face_{label}" for label in face_labels(())),
        *(f"voice_{label}" for label in voice_labels(())),
    }
    (observation,) = boris["observations"].values()
    assert observation["events"] == []
