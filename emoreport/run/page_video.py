"""report.html of one report: where its video is, and the page put together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from emoreport.errors import InputNotFoundError, MediaError
from emoreport.records import ProgressCallback
from emoreport.results import Findings

FROM_FOLDER: Final = "from_folder"
"""Key of run.json's input: path of the video as seen from the folder of results."""

PLAYER_START: Final = "player_start_s"
"""Key of run.json's input: what a browser's player shows at time zero, seconds; None if unknown."""


def page_bytes(
    findings: Findings,
    *,
    video: Path | None,
    lang: str,
    mode: str,
    progress: ProgressCallback | None = None,
) -> bytes:
    """Content of the page.

    Parameters
    ----------
    findings
        What the page shows; its run as `recorded_place` gives it.
    video
        A file with the content of the video, to be embedded; None for none.
    lang
        Language in which the page opens.
    mode
        ``link``, ``embed`` or ``none``: the setting `page_video`.
    progress
        Told how far the copy of the video is that is to be embedded.

    Raises
    ------
    InputNotFoundError
        When the video is to be embedded and is not where it was.
    MediaError, OutputError
        When it cannot be read or encoded, or the plotting library is missing.
    """
    from emoreport.page.document import PageVideo, page_html

    if mode == "link":
        known = findings.run["input"]
        place = known.get(FROM_FOLDER)
        address = None if place is None else href(place)
        shown = PageVideo(mode, href=address, start_s=known.get(PLAYER_START) or 0.0)
    elif mode == "embed":
        shown = PageVideo(mode, content=_small_copy(video, progress))
    else:
        shown = PageVideo(mode)
    return page_html(findings, lang=lang, video=shown)


def find_video(run: Mapping[str, Any], source: Path | None) -> Path | None:
    """Where the video of a run lies; the likeliest place if it is nowhere.

    The place is known relative to the folder of results, which may have moved together with the
    video, and as it was written on the command line. None for a video that came from a store behind
    an address.

    Parameters
    ----------
    run
        Content of run.json.
    source
        The folder that it came from; None for a fresh analysis.
    """
    given = run["input"]
    path = given.get("path") or given["name"]
    if "://" in path:
        return None
    places = [Path(path)]
    if source is not None and given.get(FROM_FOLDER) is not None:
        places.insert(0, source / given[FROM_FOLDER])
    return next((place for place in places if place.is_file()), places[0])


def recorded_place(run: Mapping[str, Any], folder: Path, video: Path | None) -> dict[str, Any]:
    """run.json with what a page in `folder` must know of its video: place and clock.

    Parameters
    ----------
    run
        Content of run.json.
    folder
        Where the page will lie.
    video
        Where the video lies, as `find_video` gives it.
    """
    place = None if video is None else _relative(video, folder)
    found = {FROM_FOLDER: place, PLAYER_START: _player_start_s(run, video)}
    return {**run, "input": {**run["input"], **found}}


def href(place: str) -> str:
    """Address of a file for a page, percent-encoded; `place` is its path from the page's folder.

    Any name is safe in it: quotes, ``<``, ``#``, ``?``, ``%`` and bytes that are no text too.
    """
    if Path(place).is_absolute():
        return Path(place).as_uri()
    return quote(os.fsencode(place.replace(os.sep, "/")))


def _relative(video: Path, folder: Path) -> str:
    # By the names alone, as a browser goes: through a link it takes the link's own parent.
    target, start = os.path.abspath(video), os.path.abspath(folder)  # noqa: PTH100
    try:
        return os.path.relpath(target, start)
    except ValueError:  # another drive of Windows
        return target


def _player_start_s(run: Mapping[str, Any], video: Path | None) -> float | None:
    known: float | None = run["input"].get(PLAYER_START)
    if known is not None or video is None or not video.is_file():
        return known
    from emoreport.media.player_time import player_start_s

    try:
        return player_start_s(video)
    except MediaError:  # another file has come to lie there: the page asks for the right one
        return None


def _small_copy(video: Path | None, progress: ProgressCallback | None) -> bytes:
    from emoreport.media.proxy import small_copy

    if video is None or not video.is_file():
        raise InputNotFoundError(
            "is not there, so that it cannot be put into the page",
            remedy="move it back, or take --page-video link or --no-video",
            file=video or "the video",
        )
    return small_copy(video, progress=progress)
