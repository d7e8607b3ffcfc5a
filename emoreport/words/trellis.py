"""Find the times of known words in posteriors of letters: Viterbi with words left out and let in.

Frames hold log posteriors of letters and of *blank* (pause, noise). The path runs through the
letters of the words in order. Between words it may rest in a gap, which takes pauses, and may begin
a passage there, which takes speech that nobody wrote down; from gap to gap it may leave out words
that nobody said. Each of these has its price. To begin a passage costs much and to go on with it
little: a text is told apart from the sound in few long passages and not in many short ones, and a
word in the midst of foreign speech, which takes two of them, has to be worth it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emoreport.records import DoubleArray, FloatArray, IntArray

NEVER: Final = -1e30
ANY: Final = -1
"""A letter of which nothing is known: a digit, a letter of another alphabet."""


@dataclass(frozen=True, slots=True)
class Prices:
    """What leaves of the straight path cost, in log probability.

    Attributes
    ----------
    pause
        Per frame of speech in a gap: a sound between two words, longer than which is a passage.
    passage
        Of beginning speech that nobody wrote down.
    unwritten
        Per frame of such speech.
    unsaid
        Per letter of a word that is left out.
    any_letter
        Per frame of `ANY`.
    """

    pause: float = 4.0
    passage: float = 20.0
    unwritten: float = 2.0
    unsaid: float = 2.0
    any_letter: float = 1.0


@dataclass(frozen=True, slots=True)
class Trellis:
    """The states of a text: a gap and a passage, the letters of a word, a gap and a passage, … .

    Attributes
    ----------
    classes
        int64 (S,): class of each state; `ANY` for any letter; the blank in gaps and passages.
    gap
        int64 (W + 1,): states of the gaps; that of the passage is the next one.
    passable
        bool (S,): states that a path may pass by: gaps, passages, and blanks between letters.
    price
        float64 (W,): of leaving out each word.
    """

    classes: IntArray
    gap: IntArray
    passable: NDArray[np.bool_]
    price: DoubleArray

    def word_frames(self, path: IntArray) -> tuple[IntArray, IntArray]:
        """First frame of each word on a path, and the one after its last; the same if left out."""
        first = np.searchsorted(path, self.gap[:-1] + 1, side="right")
        return first, np.maximum(first, np.searchsorted(path, self.gap[1:], side="left"))


def trellis(
    words: Sequence[Sequence[int]], blank: int, prices: Prices, *, blanks_between: bool = False
) -> Trellis:
    """States of words, each a sequence of classes.

    Parameters
    ----------
    words
        Classes of the letters of each word, at least one.
    blank
        Class of the blank.
    blanks_between
        Whether blanks may come between the letters of a word, as in networks trained with CTC.
    """
    classes, gaps, passable = [blank, blank], [0], [True, True]
    for letters in words:
        for number, letter in enumerate(letters):
            if blanks_between and number:
                classes.append(blank)
                # Two equal letters are told apart by nothing but the blank.
                passable.append(letters[number - 1] != letter)
            classes.append(letter)
            passable.append(False)
        gaps.append(len(classes))
        classes += [blank, blank]
        passable += [True, True]
    price = prices.unsaid * np.array([len(letters) for letters in words], np.float64)
    return Trellis(np.array(classes, np.int64), np.array(gaps, np.int64), np.array(passable), price)


def best_path(
    log_posteriors: FloatArray,
    states: Trellis,
    blank: int,
    prices: Prices,
    *,
    complete: bool = True,
) -> IntArray:
    """The best path through all frames; it begins and ends between two words.

    Parameters
    ----------
    log_posteriors
        float32 (T, K), T ≥ 1.
    complete
        Whether the words after the end have to be paid for, as ones that nobody said; False where
        the sound goes on.

    Returns
    -------
    int64 (T,), the state of each frame.
    """
    given, column = _emissions(log_posteriors, states, blank, prices)
    frames, count = len(given), len(column)
    step = np.zeros((frames, count), np.int8)
    source = np.zeros((frames, len(states.gap)), np.int32)
    moves = _moves(states, prices)
    saved = np.concatenate([[0.0], np.cumsum(states.price)])
    score = np.full(count, NEVER)
    score[:2] = 0.0, -prices.passage
    reached = np.full((len(moves) + 1, count), NEVER)
    for frame in range(frames):
        reached[0] = score
        for far, price in enumerate(moves, start=1):
            np.add(score[:-far], price[far:], out=reached[far, far:])
        step[frame] = reached.argmax(axis=0)
        score = reached.max(axis=0) + given[frame].take(column)
        # From any earlier gap to this one, the words between left out.
        gained = score[states.gap] + saved
        highest = np.maximum.accumulate(gained)
        at = np.maximum.accumulate(np.where(gained >= highest, np.arange(len(gained)), 0))
        source[frame] = at
        score[states.gap] = highest - saved
    rest = (saved[-1] - saved) * complete
    ends = np.concatenate([states.gap, states.gap + 1, states.gap[1:] - 1])
    at_end = score[ends] - np.concatenate([rest, rest, rest[1:]])
    return _traced(step, source, states.gap, int(ends[at_end.argmax()]))


def _moves(states: Trellis, prices: Prices) -> list[DoubleArray]:
    """What it adds to go to each state from the one, two and three before it, float64 (S,)."""
    entering = np.zeros(len(states.classes))
    entering[states.gap + 1] = -prices.passage
    over_one = np.concatenate([[False], states.passable[:-1]])
    over_two = over_one & np.concatenate([[False, False], states.passable[:-2]])
    return [entering, *(np.where(over, entering, NEVER) for over in (over_one, over_two))]


def _emissions(
    log_posteriors: FloatArray, states: Trellis, blank: int, prices: Prices
) -> tuple[DoubleArray, IntArray]:
    """What each frame gives, float64 (T, K + 3), and its column for each state, int64 (S,).

    The last three columns are those of `ANY`, of gaps and of passages.
    """
    table = np.asarray(log_posteriors, np.float64)
    known = table.shape[1]
    best_letter = np.delete(table, blank, axis=1).max(axis=1)
    speech = [best_letter - price for price in (prices.pause, prices.unwritten)]
    further = [best_letter - prices.any_letter, *np.maximum(table[:, blank], speech)]
    column = np.where(states.classes == ANY, known, states.classes)
    column[states.gap], column[states.gap + 1] = known + 1, known + 2
    return np.column_stack([table, *further]), column


def _traced(
    step: NDArray[np.int8], source: NDArray[np.int32], gap: IntArray, state: int
) -> IntArray:
    number_of = {int(each): number for number, each in enumerate(gap)}
    path = np.zeros(len(step), np.int64)
    for frame in range(len(step) - 1, -1, -1):
        if state in number_of:
            state = int(gap[source[frame, number_of[state]]])
        path[frame] = state
        state -= int(step[frame, state])
    return path
