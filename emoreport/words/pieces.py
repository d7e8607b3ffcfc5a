"""Cut the speech of a recording into pieces that a recogniser takes at once."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from emoreport.records import SAMPLE_RATE_HZ, AudioTrack, Span

LONGEST_PIECE_S: Final = 20.0
"""Recognisers were trained on utterances; GigaAM's graphs fail on minutes."""
LONGEST_PAUSE_S: Final = 1.0
"""A longer pause always ends a piece."""
MARGIN_S: Final = 0.15
"""Sound around speech that is listened to as well, where it belongs to no other piece."""
CUT_FROM: Final = 0.6
"""Speech without a pause is cut in this last part of a piece, where it is quietest."""
LEVEL_S: Final = 0.05


def speech_pieces(track: AudioTrack, speech: Sequence[Span]) -> Iterator[Span]:
    """Pieces of at most `LONGEST_PIECE_S`, in order and disjoint; together they hold all speech.

    Parameters
    ----------
    track
        The sound; read only where speech goes on for longer than a piece.
    speech
        Sorted, disjoint spans of detected speech.
    """
    joined = join_spans(speech, LONGEST_PIECE_S, LONGEST_PAUSE_S)
    for number, piece in enumerate(joined):
        before = joined[number - 1] if number else None
        after = joined[number + 1] if number + 1 < len(joined) else None
        room_before_s = piece.start_s - (track.start_s if before is None else before.end_s)
        room_after_s = (track.end_s if after is None else after.start_s) - piece.end_s
        spare_s = max(0.0, LONGEST_PIECE_S - piece.duration_s) / 2
        start_s = piece.start_s - _margin(room_before_s, spare_s, shared=before is not None)
        end_s = piece.end_s + _margin(room_after_s, spare_s, shared=after is not None)
        yield from _cut_long(track, Span(start_s, end_s))


def join_spans(spans: Sequence[Span], longest_s: float, pause_s: float) -> list[Span]:
    """Neighbours become one span while it is not longer than `longest_s`, nor a pause `pause_s`."""
    joined: list[Span] = []
    for span in spans:
        last = joined[-1] if joined else None
        if (
            last is not None
            and span.start_s - last.end_s <= pause_s
            and span.end_s - last.start_s <= longest_s
        ):
            joined[-1] = Span(last.start_s, span.end_s)
        else:
            joined.append(span)
    return joined


def _margin(room_s: float, spare_s: float, *, shared: bool) -> float:
    return max(0.0, min(MARGIN_S, spare_s, room_s / 2 if shared else room_s))


def _cut_long(track: AudioTrack, span: Span) -> Iterator[Span]:
    start_s = span.start_s
    while span.end_s - start_s > LONGEST_PIECE_S:
        # Never so late that the rest would be too short to be understood.
        last_s = min(start_s + LONGEST_PIECE_S, span.end_s - LEVEL_S)
        cut_s = _quietest(track, Span(start_s + CUT_FROM * LONGEST_PIECE_S, last_s))
        yield Span(start_s, cut_s)
        start_s = cut_s
    yield Span(start_s, span.end_s)


def _quietest(track: AudioTrack, span: Span) -> float:
    """Middle of the quietest `LEVEL_S` of a span, seconds."""
    samples = track.read(span)
    width = round(LEVEL_S * SAMPLE_RATE_HZ)
    power = np.square(samples[: len(samples) // width * width], dtype=np.float64)
    levels = power.reshape(-1, width).sum(axis=1)
    return span.start_s + (int(levels.argmin()) + 0.5) * LEVEL_S


def inside(speech: Sequence[Span], piece: Span) -> list[Span]:
    """The parts of the spans of speech that are in a piece; the piece itself where none is."""
    first = bisect_right(speech, piece.start_s, key=lambda span: span.end_s)
    stop = bisect_left(speech, piece.end_s, key=lambda span: span.start_s)
    parts = [
        Span(max(span.start_s, piece.start_s), min(span.end_s, piece.end_s))
        for span in speech[first:stop]
    ]
    return parts or [piece]
