"""Write one sheet of what a face showed: stills of the longest or strongest rows by emotion."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from emoreport.analysis.rows.examples import strongest_expressions
from emoreport.atomic import Staging
from emoreport.errors import FaceStageError
from emoreport.messages import Words, label_name, number, text
from emoreport.overlay.contact_sheet import Card, Group, Line, draw_sheet
from emoreport.overlay.drawing import MISMATCH_SIGN, clock_text
from emoreport.overlay.expression_clip import joined_cut
from emoreport.overlay.hide_faces import hidden
from emoreport.overlay.recut import SUFFIX as VIDEO_SUFFIX
from emoreport.overlay.recut import check_target, check_video, recut, require_picture
from emoreport.overlay.stills import head_area, take_stills
from emoreport.plots.plot import printable
from emoreport.records import ProgressCallback, RgbImage
from emoreport.results import Analysis, Comparison, Expression, VideoInterval, seconds_by_label
from emoreport.run.report import Report
from emoreport.settings.commands import CLIP_LENGTH, PER_EMOTION, SHEET_ORDER
from emoreport.settings.described import checked

FILE: Final = "summary_sheet.png"
SUFFIX: Final = ".png"
DOTS_PER_INCH: Final = 200
"""A sheet of four columns is as wide as A4 paper then."""

_words: Final = Words("sheet")


@dataclass(frozen=True, slots=True)
class Sheet:
    """What was written.

    Attributes
    ----------
    path, clip
        Where it is, and its video; None without one.
    expressions
        What it shows, in its order.
    decode_failures
        Parts of the recording that could not be decoded, as far as it was read.
    is_analysed_video
        Whether the recording is the one that was analysed, to the bit.
    """

    path: Path
    clip: Path | None
    expressions: tuple[Expression, ...]
    decode_failures: int
    is_analysed_video: bool


def write_expression_sheet(
    report: Report,
    video: Path,
    target: Path,
    *,
    rows: Sequence[VideoInterval] | None = None,
    per_emotion: int = PER_EMOTION.default,
    by: str = SHEET_ORDER.default,
    clip_s: float | None = None,
    hiding: str | None = None,
    lang: str = "en",
    overwrite: bool = False,
    force: bool = False,
    announce: Callable[[str], None] | None = None,
    progress: ProgressCallback | None = None,
) -> Sheet:
    """Write a contact sheet of the rows of the face that show each emotion longest, or strongest.

    Parameters
    ----------
    report, video
        A talk and its recording.
    target
        Where to; ends in .png.
    rows
        Rows to choose from, such as those of one person; all of the face if None.
    per_emotion, by
        How many of each emotion, and which; `PER_EMOTION` and `SHEET_ORDER` have the limits.
    clip_s
        Write a video of these rows too, so much of each at most, seconds; None: none.
    hiding
        ``blur``, ``mesh`` or None, as `hide_faces.hidden` takes it.
    lang
        Language of the words.
    overwrite
        Replace a file that is there.
    force
        Take a recording that is not the one analysed.
    announce, progress
        Told which detector was chosen, and how far the work is.

    Raises
    ------
    SettingsError
        When the recording is another one, the target cannot be one, or a setting is out of range.
    InputNotFoundError, MediaError, ModelError
        When the recording cannot be read or its people cannot be hidden.
    FaceStageError
        When no row of the face names an emotion, or a detector fails.
    OutputError
        When the file exists or cannot be written; nothing is left under its name then.
    """
    per_emotion, by = checked(PER_EMOTION, per_emotion), checked(SHEET_ORDER, by)
    clip_s = None if clip_s is None else checked(CLIP_LENGTH, clip_s)
    require_picture(report, video)
    same = check_video(report, video, force=force)
    check_target(target, video, overwrite=overwrite, suffix=SUFFIX)
    clip = None if clip_s is None else target.with_suffix(VIDEO_SUFFIX)
    if clip is not None:
        check_target(clip, video, overwrite=overwrite)
    analysis = report.analysis
    rows = analysis.video_intervals if rows is None else rows
    faces = analysis.seen_faces or report.faces
    chosen = strongest_expressions(rows, faces, per_emotion, by)
    if not chosen:
        raise FaceStageError("sheet.nothing", file=report.run.input.name)
    shown = tuple(one for group in chosen.values() for one in group)

    def cut(place: int, rgb: RgbImage) -> RgbImage:
        area = head_area(shown[place].box, (rgb.shape[1], rgb.shape[0]))
        return np.array(area.inside(rgb))

    with (
        hidden(hiding, video, report, report.settings, announce, progress) as prepare,
        Staging(target.parent) as staging,
    ):
        times_s = [one.time_s for one in shown]
        stills, outcome = take_stills(video, times_s, cut, prepare=prepare, progress=progress)
        groups = _groups(chosen, stills, rows, analysis, lang)
        staging.put(target.name, _sheet(report, groups, _notes(per_emotion, by, lang), lang))
        failures = outcome.decode_failures
        if clip is not None and clip_s is not None:
            pairs = [(one, _beside(one, analysis)) for one in shown]

            def write(stream: BinaryIO) -> None:
                nonlocal failures
                joined = joined_cut(Path(stream.name), pairs, clip_s, lang)
                cut_out = recut(video, [joined], prepare=prepare, progress=progress)
                failures = max(failures, cut_out.decode_failures)

            staging.add(clip.name, write)
        staging.commit()
    return Sheet(target, clip, shown, failures, same)


def _sheet(report: Report, groups: Sequence[Group], notes: Sequence[str], lang: str) -> bytes:
    """The sheet as a PNG."""
    title = _words("title", lang, name=printable(report.run.input.name))
    facts = _facts(report.analysis, lang)
    picture = draw_sheet(title, facts, groups, notes)
    return _png(picture, _description(title, facts, groups, notes))


def _facts(analysis: Analysis, lang: str) -> tuple[str, ...]:
    """What was analysed, and by which models."""
    summary = analysis.summary
    recording = _words(
        "recording",
        lang,
        duration=number(summary.duration_s, 1, lang),
        coverage=number(100 * summary.face_coverage, 0, lang),
    )
    face, voice = printable(summary.face_model), printable(summary.speech_model)
    return recording, text("plots.evidence.source", lang, face=face, voice=voice)


def _notes(per_emotion: int, by: str, lang: str) -> tuple[str, ...]:
    """How the rows were chosen, and what they do not show."""
    rule = _words(f"rule.{by}", lang, count=per_emotion)
    return (
        f"{rule} {_words('left_out', lang)}",
        _words("beside", lang, sign=MISMATCH_SIGN),
        _words("reading", lang),
    )


def _groups(
    chosen: Mapping[str, Sequence[Expression]],
    stills: Sequence[RgbImage | None],
    rows: Sequence[VideoInterval],
    analysis: Analysis,
    lang: str,
) -> list[Group]:
    seconds = seconds_by_label(rows)
    remaining = iter(stills)
    groups = []
    for emotion, expressions in chosen.items():
        about = _words(
            "about",
            lang,
            seconds=number(seconds[emotion], 1, lang),
            count=sum(row.emotion == emotion for row in rows),
            shown=len(expressions),
        )
        cards = tuple(
            Card(next(remaining), _lines(one, _beside(one, analysis), lang)) for one in expressions
        )
        groups.append(Group(emotion, label_name(emotion, lang), about, cards))
    return groups


def _beside(expression: Expression, analysis: Analysis) -> Comparison | None:
    """What voice and words say over the very span of a row."""
    span = expression.row.span
    return next((one for one in analysis.comparisons if one.span == span), None)


def _lines(expression: Expression, beside: Comparison | None, lang: str) -> tuple[Line, ...]:
    """What is said of a row: when, how surely, and what voice and words said then."""
    span, hours = expression.row.span, expression.row.span.end_s >= 3600
    start, end, at = (
        clock_text(time_s, hours=hours) for time_s in (span.start_s, span.end_s, expression.time_s)
    )
    seconds = number(span.duration_s, 2, lang)
    lines = [Line(_words("span", lang, start=start, end=end, seconds=seconds), is_bold=True)]
    confidence = expression.row.confidence
    if confidence is not None:
        lines.append(Line(_words("mean", lang, probability=number(confidence, 2, lang))))
    if expression.probability is None:
        lines.append(Line(_words("picture", lang, time=at)))
    else:
        peak = number(expression.probability, 2, lang)
        lines.append(Line(_words("peak", lang, time=at, probability=peak)))
    if beside is None:
        return tuple(lines)
    differs = beside.match is False
    voice = _words("voice", lang, emotion=label_name(beside.audio_emotion, lang))
    lines.append(Line(f"{MISMATCH_SIGN} {voice}" if differs else voice, is_flag=differs))
    if beside.text_emotion is not None:
        emotion = label_name(beside.text_emotion, lang)
        lines.append(Line(_words("words", lang, emotion=emotion)))
    if beside.text:
        said = printable(" ".join(beside.text.split()))
        lines.append(Line(_words("quote", lang, said=said)))
    return tuple(lines)


def _description(
    title: str, facts: Sequence[str], groups: Sequence[Group], notes: Sequence[str]
) -> str:
    """All words of the sheet, for programs that read pictures aloud."""
    said = [title, *facts]
    for group in groups:
        said.append(f"{group.heading}: {group.about}")
        said += ["; ".join(line.words for line in card.lines) for card in group.cards]
    return "\n".join([*said, *notes])


def _png(picture: RgbImage, description: str) -> bytes:
    from PIL import Image, PngImagePlugin

    facts = PngImagePlugin.PngInfo()
    facts.add_itxt("Description", description)
    stream = BytesIO()
    Image.fromarray(picture).save(stream, "PNG", pnginfo=facts, dpi=(DOTS_PER_INCH, DOTS_PER_INCH))
    return stream.getvalue()
