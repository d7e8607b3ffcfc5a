"""Rows of a trained head: classes with the rules of the face's rows, action units as they are."""

import dataclasses

import numpy as np
import pytest

from emoreport.analysis.rows.head_rows import head_intervals
from emoreport.records import HeadTrack
from emoreport.settings import Settings

ANALYSIS = Settings().analysis
STEP_S = 0.1


def track(scores, task="clips", labels=("a", "b"), thresholds=()):
    table = np.asarray(scores, np.float32).reshape(-1, len(labels))
    time_s = (np.arange(len(table)) + 0.5) * STEP_S
    return HeadTrack(task, labels, time_s, STEP_S, table, thresholds)


def rows(head, duration_s, **changes):
    settings = dataclasses.replace(ANALYSIS, **changes)
    return [
        (row.label, round(row.span.start_s, 3), round(row.span.end_s, 3), round(row.confidence, 3))
        for row in head_intervals(head, duration_s, settings)
    ]


def test_classes_become_rows_up_to_the_end_of_the_recording():
    head = track([(0.9, 0.1)] * 10 + [(0.2, 0.8)] * 10)
    assert rows(head, 1.96) == [("a", 0.0, 1.0, 0.9), ("b", 1.0, 1.96, 0.8)]
    assert rows(head, 0.5) == [("a", 0.0, 0.5, 0.9)]


def test_a_row_that_is_too_short_goes_and_a_smaller_lead_changes_nothing():
    blink = track([(0.9, 0.1)] * 10 + [(0.1, 0.9)] * 2 + [(0.9, 0.1)] * 10)
    assert [row[:3] for row in rows(blink, 2.2)] == [("a", 0.0, 2.2)]
    assert len(rows(blink, 2.2, min_interval_s=0.0)) == 3
    unsure = track([(0.9, 0.1)] * 10 + [(0.49, 0.51)] * 10)
    assert [row[:3] for row in rows(unsure, 2.0)] == [("a", 0.0, 2.0)]


def test_where_nothing_was_seen_or_heard_there_is_no_row():
    nothing = (np.nan, np.nan)
    head = track([(0.9, 0.1)] * 10 + [nothing] * 10 + [(0.9, 0.1)] * 10)
    assert [row[:3] for row in rows(head, 3.0)] == [("a", 0.0, 1.0), ("a", 2.0, 3.0)]
    assert [row[:3] for row in rows(head, 3.0, gap_limit_s=1.5)] == [("a", 0.0, 3.0)]
    assert rows(track([nothing] * 5), 0.5) == []
    assert rows(track([(0.9, 0.1)] * 10), 5.0) == [("a", 0.0, 1.0, 0.9)]


def test_action_units_overlap_and_need_their_own_threshold():
    scores = [(0.6, 0.2), (0.7, 0.2), (0.4, 0.4), (np.nan, np.nan), (0.1, 0.5)]
    head = track(scores, "au", ("AU4", "AU12"), (0.5, 0.3))
    assert rows(head, 0.5) == [
        ("AU4", 0.0, 0.2, 0.65),
        ("AU12", 0.2, 0.3, 0.4),
        ("AU12", 0.4, 0.5, 0.5),
    ]
    at_half = dataclasses.replace(head, thresholds=())
    assert [row[0] for row in rows(at_half, 0.5)] == ["AU4", "AU12"]


@pytest.mark.parametrize("head", [None, track([(0.1, 0.2)], "va"), track([])])
def test_there_may_be_nothing_to_make_rows_of(head):
    assert rows(head, 1.0) == []
    assert rows(track([(0.9, 0.1)]), 0.0) == []
