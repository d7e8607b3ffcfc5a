"""Write docs/tables.md: every column of every table, from the declarations in the code.

python docs/make_tables.py
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from emoreport.batch.together import FAILURES, SUMMARY_END
from emoreport.messages import Words
from emoreport.records import MOUTH_MOTION
from emoreport.tables.columns import (
    ACOUSTIC_MEASURES,
    DESCRIBED_EXTRAS,
    FEATURES,
    HEAD_LABELS,
    SOUND,
    WORD_READINGS,
    frames_table,
    head_intervals_table,
    head_table,
    result_tables,
    speech_table,
    text_readings_table,
)
from emoreport.tables.dictionary import Definition, dictionary, value_definitions
from emoreport.tables.schema import Column, Table
from emoreport.tables.seen_columns import TRACKS, faces_table

TARGET: Final = Path(__file__).with_name("tables.md")
LANGUAGES: Final = ("en", "ru")
ANY: Final = ("<emotion>",)
"""Stands for every label of the model that ran."""
VOICE_EXTRAS: Final = (
    *("snr_db", "clipping", "intensity", "distance"),
    *("witness_intensity", "witness_distance"),
    *(column.name for column in ACOUSTIC_MEASURES),
)
FACE_EXTRAS: Final = tuple(name for name in DESCRIBED_EXTRAS if name not in VOICE_EXTRAS)

HEAD: Final = """\
# The tables, column by column

<!-- Written by docs/make_tables.py; a test holds it to the code. -->

CSV files are UTF-8 with a comma between cells and a point in numbers. Times are seconds from the
start of the video with 3 decimals; shares and probabilities are 0–1 with 4. An empty cell means
that the value is not known. `<emotion>` stands for every label of the model that ran: each has a
column of its own. `z_<emotion>` is there with `--baseline`, `compound_emotions` with `--compounds`,
`witness_p_<emotion>` where a second model ran; `acoustics` and sound.parquet are not there with
`--no-acoustics`; `head_intervals` and head.parquet are there with a trained head (`--head`) that
names neither the emotions of the face nor those of the voice, and the first column depends on what
it was trained for; features.parquet is there with `--features` and from `emoreport features`.
`words`, words.parquet, `speech_rate` and the columns `text` are there with a
transcript (`--transcript`); with `--no-text`, only the rates and the times are. `text_intervals`,
`text_clauses`, text.parquet and the columns `text_emotion` are there where a text model read the
transcript (`--text`), with `--no-text` too. `action_intervals`, `action_events`, `action_summary`,
actions.parquet and eyes.parquet are there with `--actions`; eyes.parquet is not with `--no-blinks`.
faces.parquet and tracks.parquet are there where more than one track of a face was followed.
"""


def page() -> str:
    """Content of docs/tables.md."""
    tables = list(
        result_tables(
            ANY,
            ANY,
            baseline=True,
            compounds=True,
            acoustics=True,
            words=True,
            rates=True,
            text_labels=ANY,
            modalities=True,
            actions=True,
        ).values()
    )
    tables += map(head_intervals_table, HEAD_LABELS)
    readings = [
        frames_table(ANY, valence=True, arousal=True, extra=FACE_EXTRAS, witness=ANY),
        faces_table(
            ANY,
            valence=True,
            arousal=True,
            extra=[name for name in FACE_EXTRAS if name != MOUTH_MOTION],
            witness=ANY,
        ),
        TRACKS,
        speech_table(ANY, extra=VOICE_EXTRAS, witness=ANY),
        SOUND,
        FEATURES,
        head_table(("<output>",)),
        WORD_READINGS,
        text_readings_table(ANY),
    ]
    parts = [HEAD]
    parts += [_section(f"{table.name}.csv", _columns([table])) for table in tables]
    parts += [_section(f"{table.name}.parquet", _columns([table])) for table in readings]
    parts += [
        _section("summary of a batch: further columns", _words(SUMMARY_END, "column")),
        _section("failures.csv of a batch", _words(FAILURES.columns, "failures")),
        _section("Values", _values(tables)),
    ]
    return "\n".join(parts)


def _section(title: str, rows: Iterable[Sequence[str]]) -> str:
    head = ["| name | kind | meaning | по-русски |", "|---|---|---|---|"]
    lines = [f"| `{name}` | {' | '.join(map(_cell, told))} |" for name, *told in rows]
    return "\n".join([f"## {title}", "", *head, *lines, ""])


def _columns(tables: Sequence[Table]) -> list[tuple[str, ...]]:
    count = sum(len(table.columns) for table in tables)
    return _told([dictionary(tables, lang)[:count] for lang in LANGUAGES])


def _values(tables: Sequence[Table]) -> list[tuple[str, ...]]:
    columns = [column for table in tables for column in table.columns]
    return _told([value_definitions(columns, lang) for lang in LANGUAGES])


def _told(definitions: Sequence[Sequence[Definition]]) -> list[tuple[str, ...]]:
    return [
        (english.machine, english.unit, english.meaning, russian.meaning)
        for english, russian in zip(*definitions, strict=True)
    ]


def _words(columns: Iterable[Column], group: str) -> list[tuple[str, ...]]:
    told = Words(f"batch.{group}")
    return [
        (column.name, column.kind.value, *(told(column.word, lang) for lang in LANGUAGES))
        for column in columns
    ]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
