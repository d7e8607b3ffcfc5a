"""What holds for every export format, those of tomorrow included."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from emoreport.exchange.writers import FORMATS, export_files
from emoreport.messages import languages, text
from tests.fixtures.findings import MEDIA, findings

DOCS = Path(__file__).parents[4] / "docs" / "exports.md"


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_writes_the_files_that_the_documentation_names(name: str) -> None:
    (row,) = re.findall(rf"^\|[^|]*`{name}`[^|]*\|([^|]*)\|", DOCS.read_text("utf-8"), re.MULTILINE)
    files = export_files(findings(), [name], "talk", MEDIA, "en")
    assert all(files.values())
    assert [file for file in files if f"`{file}`" not in row] == []


def test_no_two_formats_write_the_same_file() -> None:
    alone = [
        file for name in FORMATS for file in export_files(findings(), [name], "a", MEDIA, "en")
    ]
    assert sorted(alone) == sorted(export_files(findings(), FORMATS, "a", MEDIA, "en"))
    assert len(set(alone)) == len(alone)


@pytest.mark.parametrize("lang", languages())
def test_help_names_every_format_once(lang: str) -> None:
    about = text("help.export.about", lang)
    heads = re.findall(r"(?:^|; )([a-z]+(?:, [a-z]+)*):", about.rpartition("\n\n")[2])
    assert [name for head in heads for name in head.split(", ")] == list(FORMATS)
