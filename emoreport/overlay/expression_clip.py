"""One video of what a face showed: the chosen rows, joined in order of time, with captions."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path

from emoreport.overlay.caption import Caption
from emoreport.overlay.passages import FACE, Passage, part_about
from emoreport.overlay.recut import SAME_TIME_S, Cut
from emoreport.records import RgbImage, Span
from emoreport.results import Comparison, Expression
from emoreport.vocabulary import NO_SPEECH


def joined_cut(
    target: Path,
    shown: Sequence[tuple[Expression, Comparison | None]],
    longest_s: float,
    lang: str,
) -> Cut:
    """What makes the video of some rows.

    Parameters
    ----------
    target
        Where to write.
    shown
        Rows that do not overlap, in any order, and what is beside each.
    longest_s
        How much of a row is shown, at most, about its strongest frame.
    lang
        Language of the captions.
    """
    in_time = sorted(shown, key=lambda pair: pair[0].row.span.start_s)
    spans = tuple(part_about(one.row.span, one.time_s, longest_s) for one, _ in in_time)
    captions = [
        Caption(_passage(number, span, *pair), len(spans), lang)
        for number, (span, pair) in enumerate(zip(spans, in_time, strict=True), start=1)
    ]
    starts_s = [span.start_s for span in spans]

    def draw(rgb: RgbImage, time_s: float) -> RgbImage:
        present = max(0, bisect_right(starts_s, time_s + SAME_TIME_S) - 1)
        return captions[present].draw(rgb, time_s)

    return Cut(target, draw, spans)


def _passage(number: int, span: Span, expression: Expression, beside: Comparison | None) -> Passage:
    row = expression.row
    voice = NO_SPEECH if beside is None else beside.audio_emotion
    severity = None if beside is None else beside.severity
    return Passage(number, FACE, span, row.emotion, voice, severity, row.confidence)
