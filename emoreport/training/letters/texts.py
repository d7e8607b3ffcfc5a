"""Measure where words are placed, and which: of the own text, another one, one that fits in part.

Run as ``python -m emoreport.training.letters.texts --work DIR``; ``--weights FILE`` takes another
network than that of the package. The sentences of festvox-ru are read one after the other as talks.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from emoreport.models.families.letters import LetterModel
from emoreport.records import FloatArray, Span, TextLine, Transcript, Word
from emoreport.training.letters.data import (
    BLANK,
    CLASS_OF,
    Utterance,
    boundary_errors_ms,
    kept_festvox,
)
from emoreport.words.alignment import PRICES, Heard, LetterAligner
from emoreport.words.trellis import best_path, trellis

TALK: Final = 12
"""Sentences of a talk: about two minutes."""
SEED: Final = 0
AT_PLACE_S: Final = 0.3
"""A word that begins this near to where it is said is at its place."""
SENTENCES: Final = (0.15, 0.15, 0.2)
"""Of a text that fits in part: shares of the sentences that are missing, are others, have more."""
MORE_WORDS: Final = (3, 8)


@dataclass(frozen=True, slots=True)
class Said:
    """A word of a text, and when it is said; NaN for a word that nobody says."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Talk:
    """Sentences one after the other: what is heard, and what is said."""

    heard: Heard
    sentences: tuple[tuple[Said, ...], ...]


class _Listened(LetterAligner):
    """An aligner for sound that was listened to before."""

    heard: Heard

    def listen(self, *_: object) -> Heard:
        """What was heard."""
        return self.heard


def talks(model: LetterModel, utterances: Sequence[Utterance], sentences: int) -> Iterator[Talk]:
    """Talks of so many sentences each."""
    for first in range(0, len(utterances), sentences):
        tables: list[FloatArray] = []
        said, before = [], 0
        for each in utterances[first : first + sentences]:
            tables.append(model.log_posteriors(each.samples))
            at_ms = 1000 * model.frame_s * before
            said.append(
                tuple(
                    Said(
                        "".join(letter for letter, _, _ in word),
                        (at_ms + word[0][1]) / 1000,
                        (at_ms + word[-1][2]) / 1000,
                    )
                    for word in each.words
                )
            )
            before += len(tables[-1])
        heard = Heard(np.concatenate(tables), np.arange(before) * model.frame_s)
        yield Talk(heard, tuple(said))


def unsaid(words: Sequence[Said]) -> Sequence[Said]:
    """The words of another talk."""
    return tuple(Said(word.text, np.nan, np.nan) for word in words)


def fits_in_part(
    talk: Talk, other: Sequence[Sequence[Said]], rng: np.random.Generator
) -> list[Sequence[Said]]:
    """The text of a talk without some of its sentences, and with words of another one."""
    text: list[Sequence[Said]] = []
    bounds = np.cumsum(SENTENCES)
    for sentence in talk.sentences:
        chance = rng.random()
        foreign = other[rng.integers(len(other))]
        if chance < bounds[0]:
            continue
        if chance < bounds[1]:
            text.append(foreign)
        elif chance < bounds[2]:
            at = int(rng.integers(len(sentence) + 1))
            more = foreign[: rng.integers(*MORE_WORDS)]
            text.append((*sentence[:at], *more, *sentence[at:]))
        else:
            text.append(sentence)
    return text


@dataclass(slots=True)
class Count:
    """Words that are said and placed, how far from where they are, and words that nobody says."""

    said: int = 0
    placed: int = 0
    at_place: int = 0
    foreign: int = 0
    foreign_placed: int = 0
    errors_s: list[float] = field(default_factory=list)

    def add(self, lines: Sequence[Sequence[Said]], found: Transcript) -> None:
        """Count the words of the lines of a text."""
        placed: dict[tuple[int, str], deque[Word]] = defaultdict(deque)
        for each in found.words:
            placed[each.line, each.text].append(each)
        for number, word in ((number, word) for number, line in enumerate(lines) for word in line):
            same = placed[number, word.text]
            at = same.popleft() if same else None
            if np.isnan(word.start_s):
                self.foreign += 1
                self.foreign_placed += at is not None
                continue
            self.said += 1
            if at is not None:
                self.placed += 1
                self.at_place += abs(at.start_s - word.start_s) <= AT_PLACE_S
                self.errors_s += [abs(at.start_s - word.start_s), abs(at.end_s - word.end_s)]

    def figures(self) -> dict[str, Any]:
        """Shares of the words, and the median error of the boundaries of those that are placed."""
        figures: dict[str, Any] = {}
        if self.said:
            errors_ms = 1000 * np.array(self.errors_s or [np.nan])
            figures |= {
                "said": self.said,
                "placed": round(self.placed / self.said, 4),
                "at_place": round(self.at_place / max(self.placed, 1), 4),
                "median_ms": round(float(np.median(errors_ms)), 1),
            }
        if self.foreign:
            figures |= {
                "foreign": self.foreign,
                "foreign_placed": round(self.foreign_placed / self.foreign, 4),
            }
        return figures


def boundaries(
    posteriors: Callable[[Utterance], FloatArray], utterances: Sequence[Utterance]
) -> dict[str, Any]:
    """How far word boundaries are from where the phone labels have them, milliseconds.

    No word is left out: this is what the path has, before it is judged which words are shown.
    """
    errors: list[float] = []
    for utterance in utterances:
        words = [[CLASS_OF[letter] for letter, _, _ in word] for word in utterance.words]
        states = trellis(words, BLANK, PRICES)
        path = best_path(posteriors(utterance), states, BLANK, PRICES)
        errors += boundary_errors_ms(utterance, *states.word_frames(path))
    count = 2 * sum(len(utterance.words) for utterance in utterances)
    return {
        "sentences": len(utterances),
        "boundaries": count,
        "found": round(len(errors) / count, 4),
        "median_ms": round(float(np.median(errors)), 1),
        "p90_ms": round(float(np.quantile(errors, 0.9)), 1),
        "beyond_200_ms": round(float((np.array(errors) > 200).mean()), 4),
    }


def placing(model: LetterModel, utterances: Sequence[Utterance]) -> dict[str, Any]:
    """Figures of talks, of single sentences, and of cues with times, by kind of text."""
    aligner = _Listened(model)
    rng = np.random.default_rng(SEED)
    figures: dict[str, dict[str, Count]] = defaultdict(lambda: defaultdict(Count))

    def count(name: str, kind: str, lines: Sequence[Sequence[Said]], cues: Sequence[Span]) -> None:
        texts = [" ".join(word.text for word in line) for line in lines]
        asked = [TextLine(text) for text in texts]
        if cues:
            asked = [
                TextLine(text, cue.start_s, cue.end_s)
                for text, cue in zip(texts, cues, strict=True)
            ]
        found = aligner.align(None, (), asked)  # type: ignore[arg-type] # it is heard already
        figures[name][kind].add(lines, found)

    for name, sentences in (("talk", TALK), ("sentence", 1)):
        every = list(talks(model, utterances, sentences))
        for number, talk in enumerate(every):
            aligner.heard = talk.heard
            other = [
                unsaid(sentence)
                for sentence in every[(number + len(every) // 2) % len(every)].sentences
            ]
            count(name, "own", talk.sentences, ())
            count(name, "other", other, ())
            if sentences > 1:
                count(name, "part", fits_in_part(talk, other, rng), ())
                cues = [Span(line[0].start_s, line[-1].end_s) for line in talk.sentences]
                count("cues", "own", talk.sentences, cues)
                count("cues", "other", other[: len(cues)], cues[: len(other)])
    return {
        name: {kind: counted.figures() for kind, counted in kinds.items()}
        for name, kinds in figures.items()
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures of a network as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="what is kept between runs")
    parser.add_argument("--weights", type=Path, help="its JSON; else those of the package")
    parser.add_argument("--first", type=int, default=0, help="first sentence of the book")
    parser.add_argument("--last", type=int, help="the one after the last")
    parser.add_argument("--boundaries", action="store_true", help="these alone")
    options = parser.parse_args(arguments)
    utterances = kept_festvox(options.work)[options.first : options.last]
    model = LetterModel(options.weights)
    figures = {
        "boundaries": boundaries(lambda each: model.log_posteriors(each.samples), utterances)
    }
    if not options.boundaries:
        figures["texts"] = placing(model, utterances)
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
