"""What is said stays out of everything that a run without text is made into."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import pyarrow.parquet
import pytest

from emoreport.exchange.writers import FORMATS
from tests.fixtures import media
from tests.fixtures.media import tone
from tests.fixtures.rendered import results_for
from tests.integration.conftest import Emoreport

SECRET = "Тайна"


def holders(folder: Path, words: Sequence[str] = (SECRET,)) -> set[str]:
    """Names of the files that hold one of the words, in any spelling and however packed."""
    spellings = {
        spelling
        for word in words
        for form in {word, word.lower()}
        for spelling in (
            form.encode(),
            form.encode("utf-16-le"),
            form.encode("unicode_escape"),
            quote(form).encode(),
            "".join(f"&#{ord(letter)};" for letter in form).encode(),
        )
    }

    def holds(content: bytes) -> bool:
        return any(spelling in content for spelling in spellings)

    return {
        path.name
        for path in folder.rglob("*")
        if path.is_file() and any(map(holds, _contents(path)))
    }


def _contents(path: Path) -> Iterator[bytes]:
    """A file as it is, and what is packed in it: parts of archives, cells and facts of Parquet."""
    yield path.read_bytes()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    if path.suffix == ".parquet":
        table = pyarrow.parquet.read_table(path)
        yield repr(table.to_pydict()).encode()
        yield repr(table.schema.metadata).encode()
        yield from (value for value in (table.schema.metadata or {}).values())


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
        ("summary-sheet", folder),
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
    assert "summary_sheet.png" in found
    assert {"talk_clauses.vtt", "talk_clauses.srt"} <= found


SAID = ("Хризантема", "цветёт", "ультрамарином", "посреди", "Занзибара")
"""Words that no label, help or name of this program holds."""
WITHOUT_PLACE = "Гиппопотам"


@pytest.mark.parametrize("hidden", [False, True])
def test_an_analysis_without_text_writes_no_word_of_it(
    clip: Path, emoreport: Emoreport, hidden: bool
) -> None:
    cues = f"1\n00:00:00,200 --> 00:00:03,600\n{' '.join(SAID)}.\n\n"
    late = f"2\n00:00:03,000 --> 00:00:02,000\n{WITHOUT_PLACE}\n"
    Path("transcripts").mkdir()
    Path("transcripts/clip.srt").write_text(cues + late, encoding="utf-8")
    Path("videos").mkdir()
    Path("videos/clip.mp4").write_bytes(clip.read_bytes())
    options = ("--transcript", "transcripts", "--fps", "2", "--excel-locale", "ru", "--features")
    if hidden:
        options = (*options, "--no-text")
    alone = emoreport("analyze", "videos/clip.mp4", "--out", "alone", *options)
    together = emoreport("batch", "videos", "--out", "together", "--jobs", "1", *options)
    folder = Path("alone/clip")
    exported = emoreport("export", folder, "--to", ",".join(FORMATS), "--out", "exported")
    for outcome in (alone, together, exported):
        assert outcome.code == 0, outcome.err
        assert not any(word in outcome.out + outcome.err for word in (*SAID, WITHOUT_PLACE))
    assert {path.suffix for path in folder.iterdir()} >= {
        ".csv", ".parquet", ".json", ".xlsx", ".html"
    }  # fmt: skip
    assert (folder / "text.parquet").is_file()  # what the words say is there either way
    places = (Path("alone"), Path("together"), Path("exported"))
    found = [holders(place, (*SAID, WITHOUT_PLACE)) for place in places]
    if hidden:
        assert found == [set(), set(), set()]
        return
    shown = {"report.html", "report.xlsx", "report.json", "words.csv", "words.parquet"}
    assert shown | {"text_clauses.csv", "modality_duration.csv"} <= found[0]
    assert shown <= found[1]
    assert {"clip.eaf", "clip.TextGrid", "clip_words.vtt", "clip_events.tsv"} <= found[2]
    assert "words.parquet" in holders(Path("alone"), [WITHOUT_PLACE])
