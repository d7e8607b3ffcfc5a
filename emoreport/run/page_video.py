"""Find the video of a report and build report.html with it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from emoreport.errors import InputNotFoundError, MediaError
from emoreport.records import InputRecord, ProgressCallback
from emoreport.results import Findings


def page_bytes(
    findings: Findings,
    source: InputRecord,
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
        What the page shows.
    source
        The video as `seen_from` gives it.
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
        address = None if source.from_folder is None else href(source.from_folder)
        shown = PageVideo(mode, href=address, start_s=source.player_start_s or 0.0)
    elif mode == "embed":
        shown = PageVideo(mode, content=_small_copy(video, progress))
    else:
        shown = PageVideo(mode)
    return page_html(findings, lang=lang, video=shown)


def find_video(source: InputRecord, folder: Path | None) -> Path | None:
    """Where the video of a run is; the likeliest place if it is nowhere.

    The place is known relative to the folder of results, which may have moved together with the
    video, and as it was written on the command line. None for a video that came from a store behind
    an address.

    Parameters
    ----------
    source
        The video as the run knows it.
    folder
        The folder that the run came from; None for a fresh analysis.
    """
    path = source.path or source.name
    if "://" in path:
        return None
    candidates = [Path(path)]
    if folder is not None and source.from_folder is not None:
        candidates.insert(0, folder / source.from_folder)
    return next((candidate for candidate in candidates if candidate.is_file()), candidates[0])


def require_video(source: InputRecord, folder: Path | None, named: Path | None) -> Path:
    """The video of a run: the one that is named, else the one that the run knows.

    Raises
    ------
    InputNotFoundError
        When none is named and that of the run is not where it was.
    """
    video = named or find_video(source, folder)
    if video is None or not (named or video.is_file()):
        raise InputNotFoundError("page.video_moved", file=video or source.name)
    return video


def seen_from(folder: Path, source: InputRecord, video: Path | None) -> InputRecord:
    """The video of a run with what a page in `folder` must know of it: place and clock.

    Parameters
    ----------
    folder
        Where the page will be.
    source
        The video as the run knows it.
    video
        Where it is, as `find_video` gives it.
    """
    relative = None if video is None else _relative(video, folder)
    return replace(source, from_folder=relative, player_start_s=_player_start_s(source, video))


def href(path: str) -> str:
    """Address of a file for a page, percent-encoded; `path` is its path from the page's folder.

    Any name is safe in it: quotes, ``<``, ``#``, ``?``, ``%`` and bytes that are no text too.
    """
    if Path(path).is_absolute():
        return Path(path).as_uri()
    return quote(os.fsencode(path.replace(os.sep, "/")))


def _relative(video: Path, folder: Path) -> str:
    # By the names alone, as a browser goes: through a link it takes the link's own parent.
    target, start = os.path.abspath(video), os.path.abspath(folder)  # noqa: PTH100
    try:
        return os.path.relpath(target, start)
    except ValueError:  # another drive of Windows
        return target


def _player_start_s(source: InputRecord, video: Path | None) -> float | None:
    if source.player_start_s is not None or video is None or not video.is_file():
        return source.player_start_s
    from emoreport.media.player_time import player_start_s

    try:
        return player_start_s(video)
    except MediaError:  # another file has come to lie there: the page asks for the right one
        return None


def _small_copy(video: Path | None, progress: ProgressCallback | None) -> bytes:
    from emoreport.media.proxy import small_copy

    if video is None or not video.is_file():
        raise InputNotFoundError("page.no_video", file=video or "the video")
    return small_copy(video, progress=progress)
