"""What the face did, row by row and in the whole talk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from emoreport.analysis.actions.blinks import find_blinks, watched_s
from emoreport.analysis.actions.events import find_events
from emoreport.analysis.numeric.missing import none_if_nan
from emoreport.records import ActionTrack, Span
from emoreport.results import (
    BLINK,
    MOUTH_OPEN,
    SMILE,
    ActionEvent,
    ActionInterval,
    ActionSummary,
    VideoInterval,
)


@dataclass(frozen=True, slots=True)
class FoundActions:
    """Everything that is told of the actions of a talk; empty where none were measured."""

    intervals: tuple[ActionInterval, ...] = ()
    events: tuple[ActionEvent, ...] = ()
    summary: ActionSummary | None = None


def found_actions(
    actions: ActionTrack | None, rows: Sequence[VideoInterval], cuts_s: Sequence[float] = ()
) -> FoundActions:
    """Find events, and average the measures over the rows of the face.

    Parameters
    ----------
    actions
        What was measured; None where nothing was.
    rows
        Rows of the face, which tile the recording.
    cuts_s
        When the recording is cut.
    """
    if actions is None:
        return FoundActions()
    end_s = rows[-1].span.end_s if rows else 0.0
    found = (*find_blinks(actions.eyes), *find_events(actions, cuts_s))
    inside = (_until(event, end_s) for event in found if event.span.start_s < end_s)
    events = sorted(inside, key=lambda event: event.span.start_s)
    eyes_s = watched_s(actions.eyes)
    return FoundActions(
        tuple(_interval(actions, row, events, eyes_s > 0) for row in rows),
        tuple(events),
        _summary(actions, events, eyes_s),
    )


def _until(event: ActionEvent, end_s: float) -> ActionEvent:
    """The event up to the end of the recording."""
    span = Span(event.span.start_s, min(event.span.end_s, end_s))
    return replace(event, span=span, peak_s=min(event.peak_s, end_s))


def _interval(
    actions: ActionTrack, row: VideoInterval, events: Sequence[ActionEvent], counted: bool
) -> ActionInterval:
    first, end = np.searchsorted(actions.time_s, (row.span.start_s, row.span.end_s)).tolist()
    seen = actions.seen[first:end]
    means = {}
    for name, column in actions.columns.items():
        values = np.asarray(column[first:end], np.float64)
        values = values[~np.isnan(values)]
        means[name] = none_if_nan(float(values.mean())) if len(values) else None
    del means["time_s"]
    blinks = sum(
        event.action == BLINK and row.span.start_s <= event.peak_s < row.span.end_s
        for event in events
    )
    return ActionInterval(
        row.span, row.emotion, int(seen.sum()), means, blinks if counted else None
    )


def _summary(actions: ActionTrack, events: Sequence[ActionEvent], eyes_s: float) -> ActionSummary:
    by_name = {
        name: [event for event in events if event.action == name]
        for name in (BLINK, SMILE, MOUTH_OPEN)
    }
    blinks, smiles = by_name[BLINK], by_name[SMILE]
    with_eyes = [event.with_eyes for event in smiles]
    return ActionSummary(
        looks=int(actions.seen.sum()),
        eyes_s=eyes_s,
        blinks=len(blinks) if eyes_s > 0 else None,
        blinks_per_minute=60.0 * len(blinks) / eyes_s if eyes_s > 0 else None,
        blink_s=float(np.median([each.span.duration_s for each in blinks])) if blinks else None,
        smiles=len(smiles),
        smile_s=float(sum(each.span.duration_s for each in smiles)),
        smiles_with_eyes=None if None in with_eyes else sum(map(bool, with_eyes)),
        mouth_openings=len(by_name[MOUTH_OPEN]),
    )
