import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.records import Span
from emoreport.speech.windows import speech_seconds, window_grid

starts = st.floats(0.0, 50.0)
lengths = st.floats(0.0, 200.0)
windows = st.floats(0.5, 12.0)
hops = st.floats(0.1, 10.0)


def bounds(spans):
    return [(span.start_s, span.end_s) for span in spans]


def test_windows_start_at_multiples_of_the_hop_and_the_last_ends_with_the_sound():
    found = window_grid(0.0, 6.4, window_s=3.0, hop_s=1.0)
    assert bounds(found) == [(0, 3), (1, 4), (2, 5), (3, 6), (pytest.approx(3.4), 6.4)]


def test_a_sound_that_ends_on_the_grid_needs_no_further_window():
    assert bounds(window_grid(0.0, 5.0, window_s=3.0, hop_s=1.0)) == [(0, 3), (1, 4), (2, 5)]


def test_a_late_sound_keeps_the_grid_of_time_zero():
    found = window_grid(1.3, 7.0, window_s=3.0, hop_s=1.0)
    assert bounds(found) == [(1.3, 4.3), (2, 5), (3, 6), (4, 7)]


def test_a_late_start_moves_no_inner_window():
    early = window_grid(0.0, 20.0, window_s=3.0, hop_s=0.7)
    late = window_grid(5.05, 20.0, window_s=3.0, hop_s=0.7)
    assert set(bounds(late)[1:]) <= set(bounds(early))


@pytest.mark.parametrize("length_s", [1e-5, 0.4, 2.999, 3.0])
def test_a_sound_not_longer_than_a_window_is_one_window(length_s):
    assert bounds(window_grid(2.0, 2.0 + length_s, window_s=3.0, hop_s=1.0)) == [
        (2.0, 2.0 + length_s)
    ]


def test_no_sound_has_no_window():
    assert window_grid(2.0, 2.0, window_s=3.0, hop_s=1.0) == []


def test_a_hop_wider_than_the_window_leaves_no_gap():
    found = window_grid(0.0, 10.0, window_s=3.0, hop_s=8.0)
    assert bounds(found) == [(0, 3), (3, 6), (6, 9), (7, 10)]


@pytest.mark.parametrize(
    ("window_s", "hop_s", "end_s"), [(0, 1, 5), (3, 0, 5), (3, -1, 5), (3, 1, math.inf)]
)
def test_impossible_grids_are_refused(window_s, hop_s, end_s):
    with pytest.raises(ValueError, match=r"positive|finite"):
        window_grid(0.0, end_s, window_s=window_s, hop_s=hop_s)


@given(starts, lengths, windows, hops)
def test_windows_cover_the_sound_and_nothing_else(start_s, length_s, window_s, hop_s):
    end_s = start_s + length_s
    found = window_grid(start_s, end_s, window_s=window_s, hop_s=hop_s)
    if end_s == start_s:
        assert found == []
        return
    assert found[0].start_s == start_s
    assert found[-1].end_s == end_s
    for earlier, later in itertools.pairwise(found):
        assert earlier.start_s < later.start_s <= earlier.end_s + 1e-5
        assert later.end_s >= earlier.end_s - 1e-5
        assert later.start_s - earlier.start_s <= hop_s + 1e-5
    if len(found) > 1:
        assert all(span.duration_s == pytest.approx(window_s) for span in found)
    for inner in found[1:-1]:
        steps = inner.start_s / min(hop_s, window_s)
        assert steps == pytest.approx(round(steps), abs=1e-6)


def test_speech_seconds_of_windows():
    speech = (Span(1.0, 2.0), Span(4.0, 4.5))
    found = speech_seconds(speech, [0.0, 1.5, 2.0, 0.0], [3.0, 4.25, 4.0, 10.0])
    np.testing.assert_allclose(found, [1.0, 0.75, 0.0, 1.5])


def test_without_speech_there_are_no_seconds_of_it():
    np.testing.assert_array_equal(speech_seconds((), [0.0, 1.0], [3.0, 4.0]), [0.0, 0.0])
    assert speech_seconds((Span(0.0, 1.0),), [], []).shape == (0,)


@given(
    st.lists(st.floats(0.0, 100.0), min_size=2, max_size=20, unique=True),
    st.lists(st.tuples(starts, st.floats(0.0, 20.0)), max_size=10),
)
def test_speech_seconds_agree_with_overlaps_one_by_one(edges, stretches):
    edges = sorted(edges)[: len(edges) // 2 * 2]
    speech = [Span(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    asked = [Span(start_s, start_s + length_s) for start_s, length_s in stretches]
    found = speech_seconds(speech, [s.start_s for s in asked], [s.end_s for s in asked])
    expected = [sum(span.overlap_s(part) for part in speech) for span in asked]
    np.testing.assert_allclose(found, expected, atol=1e-9)
