"""Write the passages of a talk that are worth watching, each as a video, and their index."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final
from urllib.parse import quote

from emoreport.atomic import Staging
from emoreport.errors import OutputError, SettingsError
from emoreport.messages import label_name, number, text
from emoreport.overlay.caption import Caption
from emoreport.overlay.hide_faces import hidden
from emoreport.overlay.passages import (
    FACE,
    MISMATCH,
    VOICE,
    Passage,
    clip_span,
    emotion_passages,
    in_passes,
    strongest_mismatches,
)
from emoreport.overlay.recut import Cut, Draw, check_video, recut, require_picture
from emoreport.records import ProgressCallback, RgbImage, Span
from emoreport.run.report import Report
from emoreport.settings.commands import LEAD_IN, TOP
from emoreport.settings.described import checked
from emoreport.tables.csv_files import csv_field, csv_lines
from emoreport.vocabulary import ALL_LABELS

FOLDER: Final = "clips"
INDEX_CSV: Final = "index.csv"
INDEX_HTML: Final = "index.html"
AT_ONCE: Final = 4
"""Encoders that may run at the same time; more overlapping clips take another pass."""

NAME: Final = re.compile(r"^\d{2,}_(mismatch|face|voice)_\d+\.\d{3}s_[a-z_-]+\.mp4$")
"""Names of clips; files of other names are left alone."""

COLUMNS: Final = (
    "number",
    "file",
    "start",
    "end",
    "duration",
    "clip_start",
    "video_emotion",
    "audio_emotion",
    "severity",
    "confidence",
)
TEXT: Final = "text"
"""The column of what is said, where the talk has words."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip: its passage, its part of the recording, and the name of its file."""

    passage: Passage
    span: Span
    file: str


@dataclass(frozen=True, slots=True)
class Clipped:
    """What was written.

    Attributes
    ----------
    folder
        Where the clips and their index are.
    clips
        In the order of the index.
    decode_failures
        Parts of the recording that could not be decoded, as far as it was read.
    is_analysed_video
        Whether the recording is the one that was analysed, to the bit.
    """

    folder: Path
    clips: tuple[Clip, ...]
    decode_failures: int
    is_analysed_video: bool


def choose_passages(
    report: Report, *, top: int | None, emotion: str | None, modality: str | None
) -> tuple[Passage, ...]:
    """Passages of a talk: mismatches, or the rows of an emotion where one is named.

    Raises
    ------
    SettingsError
        When there is no such emotion or modality, or `top` is below 1.
    """
    if top is not None:
        top = checked(TOP, top)
    if emotion is None:
        if modality is not None:
            raise SettingsError("clips.modality_needs_emotion")
        return strongest_mismatches(report.analysis, top or TOP.default)
    if emotion not in ALL_LABELS:
        raise SettingsError("clips.no_emotion", emotion=emotion, labels=", ".join(ALL_LABELS))
    if modality not in {None, FACE, VOICE}:
        raise SettingsError("clips.no_modality", modality=modality, face=FACE, voice=VOICE)
    return emotion_passages(report.analysis, emotion, modality or FACE, top)


def write_clips(
    report: Report,
    video: Path,
    folder: Path,
    passages: Sequence[Passage],
    *,
    lead_in_s: float = LEAD_IN.default,
    caption: bool = True,
    hiding: str | None = None,
    lang: str = "en",
    overwrite: bool = False,
    force: bool = False,
    announce: Callable[[str], None] | None = None,
    progress: ProgressCallback | None = None,
) -> Clipped:
    """Write one video per passage, and an index of them as CSV and as a page.

    Parameters
    ----------
    report, video
        A talk and its recording.
    folder
        Where to; made if it is not there.
    passages
        Which.
    lead_in_s
        What is shown before each passage, seconds; `LEAD_IN` has the range.
    caption
        Draw a caption on the pictures.
    hiding
        ``blur``, ``mesh`` or None, as `hide_faces.hidden` takes it.
    lang
        Language of the words.
    overwrite
        Replace the clips that the folder holds.
    force
        Take a recording that is not the one analysed.
    announce, progress
        Told which detector was chosen, and how far the work is.

    Raises
    ------
    SettingsError
        When the recording is another one or the lead-in is out of range.
    InputNotFoundError, MediaError, ModelError, FaceStageError
        When the recording cannot be read or its people cannot be hidden.
    OutputError
        When the folder holds clips already or cannot be written. Clips that are finished stay;
        the index comes last.
    """
    lead_in_s = checked(LEAD_IN, lead_in_s)
    require_picture(report, video)
    same = check_video(report, video, force=force)
    old = _old_files(folder)
    if old and not overwrite:
        raise OutputError("clips.exist", file=folder)
    duration_s = report.analysis.summary.duration_s
    clips = tuple(
        Clip(passage, clip_span(passage.span, lead_in_s, duration_s), _file_name(passage))
        for passage in passages
    )
    for name in (INDEX_CSV, INDEX_HTML):  # an index that no longer holds must not outlive a failure
        with suppress(FileNotFoundError):
            (folder / name).unlink()
    failures = 0
    if clips:
        draws = [_captions(clip, len(clips), lang) if caption else _as_it_is for clip in clips]
        with hidden(hiding, video, report, report.settings, announce, progress) as prepare:
            for number, group in enumerate(passes := in_passes([c.span for c in clips], AT_ONCE)):
                failures = max(
                    failures,
                    _one_pass(
                        video,
                        folder,
                        [(clips[clip_index], draws[clip_index]) for clip_index in group],
                        prepare,
                        _part(progress, number, len(passes)),
                    ),
                )
    _write_index(folder, clips, report, lang, old)
    return Clipped(folder, clips, failures, same)


def _one_pass(
    video: Path,
    folder: Path,
    clips: Sequence[tuple[Clip, Draw]],
    prepare: Draw | None,
    progress: ProgressCallback | None,
) -> int:
    """Write clips in one pass over the recording; each gets its name once it is whole."""
    with ExitStack() as stack:
        cuts = []
        for clip, draw in clips:
            staging = stack.enter_context(Staging(folder))
            target = _reserved(staging, clip.file)
            cuts.append(Cut(target, draw, (clip.span,), partial(_commit, staging, target)))
        outcome = recut(video, cuts, prepare=prepare, progress=progress)
    return outcome.decode_failures


def _reserved(staging: Staging, name: str) -> Path:
    """Temporary file that `staging` renames when it is told to."""
    paths: list[Path] = []

    def note(stream: BinaryIO) -> None:
        paths.append(Path(stream.name))

    staging.add(name, note)
    return paths[0]


def _commit(staging: Staging, target: Path) -> None:
    with target.open("rb+") as stream:
        os.fsync(stream.fileno())
    staging.commit()


def _part(progress: ProgressCallback | None, number: int, parts: int) -> ProgressCallback | None:
    """Progress of one of several passes over a recording, told as that of the whole."""
    if progress is None:
        return None

    def tell(stage: str, done_s: float, total_s: float | None) -> None:
        if total_s is None:
            progress(stage, done_s, None)
        else:
            progress(stage, number * total_s + done_s, parts * total_s)

    return tell


def _captions(clip: Clip, count: int, lang: str) -> Draw:
    return Caption(clip.passage, count, lang).draw


def _as_it_is(rgb: RgbImage, time_s: float) -> RgbImage:
    del time_s
    return rgb


def _file_name(passage: Passage) -> str:
    labels = f"{passage.video_emotion}-{passage.audio_emotion}"
    return f"{passage.number:02d}_{passage.kind}_{passage.span.start_s:.3f}s_{labels}.mp4"


def _old_files(folder: Path) -> list[str]:
    """Names of clips and indexes in a folder."""
    try:
        names = [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise OutputError("clips.no_folder", error=error.strerror, file=folder) from error
    return [name for name in names if NAME.match(name) or name in {INDEX_CSV, INDEX_HTML}]


# --------------------------------------------------------------------------- index


def _write_index(
    folder: Path, clips: Sequence[Clip], report: Report, lang: str, old: Sequence[str]
) -> None:
    """Write both indexes, and remove earlier clips that are not among the new ones."""
    page = "\n".join(_page(clips, report, lang)) + "\n"
    files = {clip.file for clip in clips}
    with Staging(folder) as staging:
        spoken = report.analysis.words is not None
        columns = (*COLUMNS, TEXT) if spoken else COLUMNS
        rows = (_fields(clip, spoken=spoken) for clip in clips)
        staging.put(INDEX_CSV, csv_lines(columns, rows))
        staging.put(INDEX_HTML, page.encode("utf-8", "replace"))
        staging.commit(remove=[name for name in old if name not in files])


def _fields(clip: Clip, *, spoken: bool) -> list[str]:
    passage = clip.passage
    seconds = (passage.span.start_s, passage.span.end_s, passage.span.duration_s, clip.span.start_s)
    return [
        csv_field(passage.number),
        csv_field(clip.file),
        *(csv_field(time_s, 3) for time_s in seconds),
        *map(csv_field, (passage.video_emotion, passage.audio_emotion)),
        *map(csv_field, (passage.severity, passage.confidence)),
        *([csv_field(passage.text)] if spoken else []),
    ]


STYLE: Final = (
    "body{font:16px/1.4 sans-serif;margin:1.5rem;color:#111;background:#fff}"
    "video{width:100%;background:#000}figure{margin:0}"
    "main{display:grid;gap:1.5rem;grid-template-columns:repeat(auto-fill,minmax(18rem,1fr))}"
    "@media(prefers-color-scheme:dark){body{color:#eee;background:#181818}a{color:#9cf}}"
)


def _page(clips: Sequence[Clip], report: Report, lang: str) -> Iterator[str]:
    """Lines of the page; every word that comes from outside is escaped."""
    name = report.run.input.name
    title = html.escape(text("render.page.title", lang, name=name))
    yield "<!DOCTYPE html>"
    yield f'<html lang="{lang}"><head><meta charset="utf-8">'
    policy = "default-src 'none'; media-src 'self' file:; style-src 'unsafe-inline'"
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>"
    note = "render.page.note" if clips else "render.page.none"
    yield f"<p>{html.escape(text(note, lang))}</p><main>"
    for clip in clips:
        source = html.escape(quote(clip.file), quote=True)
        words = html.escape(caption_line(clip, lang))
        yield (
            f'<figure><video controls preload="metadata" src="{source}" aria-label="{words}">'
            f"</video><figcaption>{words}{_quote(clip.passage.text)}</figcaption></figure>"
        )
    yield "</main></body></html>"


def _quote(said: str | None) -> str:
    return f"<br><q>{html.escape(said)}</q>" if said else ""


def caption_line(clip: Clip, lang: str) -> str:
    """What a clip shows, on one line."""
    passage = clip.passage
    values: dict[str, Any] = {
        "number": passage.number,
        "start": number(passage.span.start_s, 2, lang),
        "end": number(passage.span.end_s, 2, lang),
        "face": label_name(passage.video_emotion, lang),
        "voice": label_name(passage.audio_emotion, lang),
    }
    line = text("render.page.line", lang, **values)
    if passage.kind == MISMATCH and passage.severity is not None:
        line += " · " + text(
            "render.page.severity", lang, severity=number(passage.severity, 2, lang)
        )
    return line
