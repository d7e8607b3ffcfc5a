"""Write the results of one talk in the formats of other programs."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from emoreport.atomic import Staging
from emoreport.errors import InputNotFoundError, SettingsError
from emoreport.exchange.writers import CODED, FORMATS, Media, export_files
from emoreport.exchange.writers.tiers import Blank
from emoreport.records import InputRecord
from emoreport.run.folder import safe_stem
from emoreport.run.page_video import find_video
from emoreport.run.read import read_report

FOLDER: Final = "export"
"""Where the files go below the folder of results."""

BLANK: Final = "_blank"
"""What the names of blank files have behind that of the recording."""

UNKNOWN_MIME: Final = "unknown"
"""What ELAN itself writes for media that it cannot name."""

MAX_STEM_BYTES: Final = 200
"""Leaves room for the longest suffix within the 255 bytes that file systems allow."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes
    ----------
    files
        In order.
    video
        Name of the recording.
    video_found
        Whether the video was found, so that the files point to it.
    same_size
        Whether the video has as many bytes as the one that was analysed; None if not found.
    player_start_s
        What a browser's player shows where the times of the files begin; 0 if not known.
    """

    files: tuple[Path, ...]
    video: str
    video_found: bool
    same_size: bool | None
    player_start_s: float


def parse_formats(text: str, formats: Collection[str] = tuple(FORMATS)) -> tuple[str, ...]:
    """Names of formats, separated by commas.

    Parameters
    ----------
    text
        The names.
    formats
        Those that there are.

    Raises
    ------
    SettingsError
        For a name that is none, or none at all.
    """
    names = tuple(dict.fromkeys(name.strip().lower() for name in text.split(",") if name.strip()))
    unknown = [name for name in names if name not in formats]
    if unknown or not names:
        raise SettingsError("export.to", value=text, formats=", ".join(formats))
    return names


def export(
    folder: Path,
    formats: Iterable[str] = FORMATS,
    *,
    out: Path | None = None,
    video: Path | None = None,
    lang: str | None = None,
    blank: bool = False,
) -> Exported:
    """Write the results of a folder in other formats, all of them or none; decodes nothing.

    Parameters
    ----------
    folder
        A folder that `analyze` wrote.
    formats
        Keys of `emoreport.exchange.writers.FORMATS`.
    out
        Folder to write to; ``export`` inside `folder` if None.
    video
        Where the video is; where the run found it if None.
    lang
        Language of labels and captions; that of the run if None.
    blank
        Whether the tiers are to be empty, for coding that must not see the machine's labels.

    Raises
    ------
    SettingsError
        When a format is to be blank in which nobody codes.
    InputNotFoundError, StoredReadingsError
        When the folder holds no complete run, or `video` is not there.
    OutputError
        When something cannot be written.
    """
    formats = tuple(formats)
    read_only = [name for name in formats if blank and name not in CODED]
    if read_only:
        raise SettingsError(
            "export.not_blank", formats=", ".join(read_only), coded=", ".join(CODED)
        )
    changes: dict[str, Any] = {} if lang is None else {"lang": lang}
    report = read_report(folder, changes)
    target = folder / FOLDER if out is None else out
    source = report.run.input
    video_file = _find(video, source, folder)
    media = _media(video_file, source.name, target)
    stem = _stem(source.name) + (BLANK if blank else "")
    findings = Blank(report) if blank else report
    files = export_files(findings, formats, stem, media, report.settings.output.lang)
    with Staging(target) as staging:
        for name, content in files.items():
            staging.put(name, content)
        written = staging.commit()
    same_size = None
    if video_file is not None and source.size_bytes is not None:
        same_size = video_file.stat().st_size == source.size_bytes
    start_s = float(source.player_start_s or 0.0)
    return Exported(written, source.name, video_file is not None, same_size, start_s)


def _find(video: Path | None, source: InputRecord, folder: Path) -> Path | None:
    if video is not None:
        if not video.is_file():
            raise InputNotFoundError("file.missing", file=video)
        return video
    recorded = find_video(source, folder)
    return recorded if recorded is not None and recorded.is_file() else None


def _media(video: Path | None, name: str, target: Path) -> Media:
    if video is None:
        return Media(name, name, _mime(name))
    try:
        path = Path(os.path.relpath(video.resolve(), target.resolve()))
    except ValueError:  # on another drive
        path = video.resolve()
    return Media(video.name, path.as_posix(), _mime(video.name))


def _mime(name: str) -> str:
    return mimetypes.guess_type(name)[0] or UNKNOWN_MIME


def _stem(name: str) -> str:
    stem = safe_stem(Path(name))
    while len(stem.encode("utf-8", "surrogateescape")) > MAX_STEM_BYTES:
        stem = stem[:-1]
    return stem
