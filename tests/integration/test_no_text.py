"""What is said stays out of everything that a run without text is made into."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from emoreport.exchange.writers import FORMATS
from tests.fixtures import media
from tests.fixtures.media import tone
from tests.fixtures.rendered import results_for
from tests.integration.conftest import Emoreport

SECRET = "Тайна"


def holders(folder: Path) -> set[str]:
    """Names of the files that hold the word, in any spelling, or in a part of an archive."""
    spellings = {SECRET.encode(), SECRET.encode("utf-16-le"), SECRET.encode("unicode_escape")}

    def holds(content: bytes) -> bool:
        return any(spelling in content for spelling in spellings)

    found = set()
    for path in folder.rglob("*"):
        if path.is_file():
            parts = [path.read_bytes()]
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    parts += [archive.read(name) for name in archive.namelist()]
            if any(map(holds, parts)):
                found.add(path.name)
    return found


@pytest.mark.parametrize("hidden", [False, True])
def test_hidden_words_are_in_nothing_that_is_made_of_a_run(
    emoreport: Emoreport, hidden: bool
) -> None:
    video = media.constant_rate(Path("talk.mp4"), seconds=2.0, sound=tone(2.0))
    folder = results_for(video, Path("results"))
    cue = f"1\n00:00:01,100 --> 00:00:01,900\n{SECRET}\n"
    Path("talk.srt").write_text(cue, encoding="utf-8")
    kept = ("--no-text",) if hidden else ()
    assert emoreport("retable", folder, "--transcript", "talk.srt", *kept).code == 0
    for command in (
        ("export", folder, "--to", ",".join(FORMATS)),
        ("clips", folder, video, "--no-caption"),
        ("page", folder),
    ):
        outcome = emoreport(*command)
        assert outcome.code == 0, outcome.err
        assert SECRET not in outcome.out
    found = holders(folder)
    if hidden:
        assert found == set()
        return
    assert {"report.html", "report.xlsx", "report.json", "words.csv", "words.parquet"} <= found
    assert {"index.csv", "index.html", "talk.eaf", "talk.TextGrid", "talk_events.tsv"} <= found
    assert {"talk_words.vtt", "talk_words.srt", "modality_mismatch.csv"} <= found
    assert {"talk_clauses.vtt", "talk_clauses.srt"} <= found
