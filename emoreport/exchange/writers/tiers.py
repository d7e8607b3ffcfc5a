"""Turn the rows of one talk into tiers in whole milliseconds, as annotation programs need them.

Every bound is rounded by itself, as in the tables, so that rows that touch still touch. A row of
less than half a millisecond has no place on this scale and is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, zip_longest
from typing import Final, TypeVar

from emoreport.messages import label_name
from emoreport.records import FaceTrack, RunRecord, Span, SpeechTrack, Transcript
from emoreport.results import (
    ACTIONS,
    ActionEvent,
    Analysis,
    AudioInterval,
    Comparison,
    Findings,
    SeenPerson,
    SpokenWord,
    TextInterval,
    VideoInterval,
    milliseconds,
)
from emoreport.tables.codes import ACTION, code_name
from emoreport.vocabulary import (
    EMOTIONS,
    NO_FACE,
    NO_SPEECH,
    UNCERTAIN,
    VOICE_ONLY_EMOTIONS,
)

FACE: Final = "face"
VOICE: Final = "voice"
OWN_VOICE: Final = "voice_intervals"
"""The voice on intervals of its own; `VOICE` has those of the face."""
MISMATCH: Final = "mismatch"
SPEECH: Final = "speech"
TIERS: Final = (FACE, VOICE, OWN_VOICE, MISMATCH, SPEECH)
"""Every tier that each talk has, in their order."""
WORDS: Final = "words"
"""The tier of a transcript, in formats whose annotations are texts."""
CLAUSES: Final = "clauses"
"""The words of each clause that a text model judged; `TEXT_EMOTION` has its label."""
TEXT_EMOTION: Final = "text_emotion"
SHOTS: Final = "shots"
"""The shots of a recording that has cuts, by number."""
SPEAKER: Final = "speaker"
"""Who speaks, where more than one does: names of people, ``off_screen``, ``unknown``."""
SEEN: Final = "seen {person}"
"""When a person is seen, a tier for each where there are several."""
LEAST_SEEN_S: Final = 1.0
"""People who are seen for less have no tier."""
JUDGED: Final = (FACE, VOICE, OWN_VOICE)
"""Tiers whose annotations are labels of a model, in every talk."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One annotation.

    Attributes
    ----------
    start_ms, end_ms
        Half-open [start, end), milliseconds; never empty.
    label
        A label of the tables; for the tier `mismatch` the label of the face, for `speech` the
        word itself, and what was said in the tiers `words` and `clauses`.
    voice_label
        The label of the voice, in the tier `mismatch` only.
    value
        Confidence, or the severity of a mismatch, 0–1; None where it is not known.
    is_spoken
        Whether the label is what was said: it is written as it is, in every language.
    """

    start_ms: int
    end_ms: int
    label: str
    voice_label: str | None = None
    value: float | None = None
    is_spoken: bool = False


@dataclass(frozen=True, slots=True)
class Tier:
    """Annotations of one kind, sorted and disjoint."""

    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Blank:
    """Findings without anything that a model said: what a person who codes blind may see.

    `tiers_of` gives the two tiers that `agree` reads, both empty.
    """

    findings: Findings

    @property
    def analysis(self) -> Analysis:
        """No row, and a summary that names no model."""
        summary = replace(self.findings.analysis.summary, face_model="", speech_model="")
        return Analysis((), (), (), (), summary)

    @property
    def faces(self) -> FaceTrack:
        """Those of the findings: they say which labels there are."""
        return self.findings.faces

    @property
    def speech(self) -> SpeechTrack:
        """Those of the findings: they say which labels there are."""
        return self.findings.speech

    @property
    def run(self) -> RunRecord:
        """That of the findings."""
        return self.findings.run


def tiers_of(findings: Findings) -> tuple[Tier, ...]:
    """Face, voice, the voice's own, mismatches and detected speech, in the order of `TIERS`."""
    if isinstance(findings, Blank):
        return Tier(FACE, ()), Tier(VOICE, ())
    analysis = findings.analysis
    end_ms = duration_ms(findings)
    return (
        Tier(FACE, tuple(_cells(analysis.video_intervals, _labelled))),
        Tier(VOICE, tuple(_cells(analysis.audio_intervals, _labelled))),
        Tier(OWN_VOICE, tuple(_cells(analysis.voice_intervals, _labelled))),
        Tier(MISMATCH, tuple(_cells(analysis.mismatches, _mismatch))),
        Tier(SPEECH, tuple(_speech(findings.speech.speech, end_ms))),
    )


def tiers_with_words(findings: Findings) -> tuple[Tier, ...]:
    """The tiers of `tiers_of`, shots, who is seen and speaks, the words, what they say, actions.

    Shots are there where there is a cut, people where there are several, speakers where more than
    one speaks, words and clauses where there is a transcript that may be shown, clauses and what
    they say where a text model read them, actions of the face where they were measured.
    """
    analysis = findings.analysis
    tiers = list(tiers_of(findings))
    if len(findings.faces.cuts_s) and not isinstance(findings, Blank):
        tiers.append(Tier(SHOTS, tuple(_shots(findings))))
    if len(analysis.people) > 1:
        tiers += [
            Tier(SEEN.format(person=person.person), tuple(_seen(person)))
            for person in analysis.people
            if person.seconds >= LEAST_SEEN_S
        ]
    if analysis.several_speak:
        tiers.append(Tier(SPEAKER, tuple(_speakers(analysis))))
    if analysis.words is not None:
        tiers.append(Tier(WORDS, spoken_words(analysis)))
    if analysis.text_labels:
        if analysis.words is not None:
            tiers.append(Tier(CLAUSES, spoken_clauses(analysis)))
        tiers.append(Tier(TEXT_EMOTION, spoken_emotions(analysis)))
    return *tiers, *action_tiers(analysis)


def action_tiers(analysis: Analysis) -> Iterator[Tier]:
    """A tier for each action of the face, empty or not; none where actions were not measured."""
    if analysis.action_summary is None:
        return
    for action in ACTIONS:
        events = [event for event in analysis.action_events if event.action == action]
        yield Tier(action, tuple(_one_by_one(events, _acted)))


def shown_label(label: str, lang: str) -> str:
    """What an annotation says: the label of the tables in English, else its name."""
    if lang == "en":
        return label
    return code_name(ACTION, label, lang) if label in ACTIONS else label_name(label, lang)


def spoken_words(analysis: Analysis) -> tuple[Cell, ...]:
    """Words with their punctuation; none without a transcript that may be shown."""
    return tuple(_one_by_one(analysis.words or (), _word))


def heard_words(transcript: Transcript) -> tuple[Cell, ...]:
    """Every word of a transcript with its punctuation; one without length gets a millisecond."""
    cells: list[Cell] = []
    for word in transcript.words:
        start_ms, end_ms = milliseconds(word.start_s), milliseconds(word.end_s)
        if cells:
            start_ms = max(start_ms, cells[-1].end_ms)
        label = word.text + word.after
        cells.append(Cell(start_ms, max(end_ms, start_ms + 1), label, is_spoken=True))
    return tuple(cells)


def spoken_clauses(analysis: Analysis) -> tuple[Cell, ...]:
    """The words of each clause."""
    return tuple(_one_by_one(analysis.text_clauses, _clause))


def spoken_emotions(analysis: Analysis) -> tuple[Cell, ...]:
    """What the words say, clause by clause."""
    return tuple(_one_by_one(analysis.text_clauses, _said))


def judged_tiers(findings: Findings) -> tuple[str, ...]:
    """Names of the tiers whose annotations are labels of a model."""
    return (*JUDGED, TEXT_EMOTION) if findings.analysis.text_labels else JUDGED


def duration_ms(findings: Findings) -> int:
    """Length of the recording in milliseconds."""
    return milliseconds(findings.analysis.summary.duration_s)


def text_model(findings: Findings) -> str:
    """Name of what read the words; empty where the run does not tell."""
    model = findings.run.models.get("text")
    return "" if model is None else model.name


def tier_labels(tier: str, findings: Findings) -> tuple[str, ...]:
    """Labels that an annotation of one of the `judged_tiers` can carry."""
    if tier == FACE:
        return face_labels(findings.faces.labels)
    if tier == TEXT_EMOTION:
        return text_labels(findings.analysis.text_labels)
    return voice_labels(findings.speech.labels)


def face_labels(model_labels: Sequence[str]) -> tuple[str, ...]:
    """Labels that a row of the face can carry: every emotion that we know, then the model's own.

    `model_labels` are the labels of the model.
    """
    return _vocabulary((*EMOTIONS, *model_labels), NO_FACE)


def voice_labels(model_labels: Sequence[str]) -> tuple[str, ...]:
    """Labels that a row of the voice can carry; see `face_labels`."""
    return _vocabulary((*EMOTIONS, *VOICE_ONLY_EMOTIONS, *model_labels), NO_SPEECH)


def text_labels(model_labels: Sequence[str]) -> tuple[str, ...]:
    """Labels that a clause can carry; see `face_labels`."""
    return _vocabulary((*EMOTIONS, *VOICE_ONLY_EMOTIONS, *model_labels))


def _vocabulary(emotions: Iterable[str], *absent: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*emotions, *absent, UNCERTAIN)))


_Row = TypeVar("_Row", VideoInterval, AudioInterval, Comparison)
_Said = TypeVar("_Said", SpokenWord, TextInterval, ActionEvent)


def _cells(rows: Iterable[_Row], cell: Callable[[_Row, int, int], Cell]) -> Iterator[Cell]:
    for row in rows:
        start_ms, end_ms = milliseconds(row.span.start_s), milliseconds(row.span.end_s)
        if end_ms > start_ms:
            yield cell(row, start_ms, end_ms)


def _labelled(row: VideoInterval | AudioInterval, start_ms: int, end_ms: int) -> Cell:
    return Cell(start_ms, end_ms, row.emotion, value=row.confidence)


def _mismatch(row: Comparison, start_ms: int, end_ms: int) -> Cell:
    return Cell(start_ms, end_ms, row.video_emotion, row.audio_emotion, row.severity)


def _word(row: SpokenWord, start_ms: int, end_ms: int) -> Cell:
    return Cell(start_ms, end_ms, row.word + row.after, value=row.confidence, is_spoken=True)


def _clause(row: TextInterval, start_ms: int, end_ms: int) -> Cell:
    return Cell(start_ms, end_ms, row.text or "", is_spoken=True)


def _said(row: TextInterval, start_ms: int, end_ms: int) -> Cell:
    return Cell(start_ms, end_ms, row.emotion or UNCERTAIN, value=row.confidence)


def _one_by_one(rows: Sequence[_Said], cell: Callable[[_Said, int, int], Cell]) -> Iterator[Cell]:
    """Words, or clauses; one that is spoken over the next one ends where that begins.

    One that begins with the next one, as two people do who speak at once, is left out.
    """
    for row, following in zip_longest(rows, rows[1:]):
        start_ms, end_ms = milliseconds(row.span.start_s), milliseconds(row.span.end_s)
        if following is not None:
            end_ms = min(end_ms, milliseconds(following.span.start_s))
        if end_ms > start_ms:
            yield cell(row, start_ms, end_ms)


def _shots(findings: Findings) -> Iterator[Cell]:
    bounds_ms = [0, *map(milliseconds, findings.faces.cuts_s.tolist()), duration_ms(findings)]
    for number, (start_ms, end_ms) in enumerate(pairwise(bounds_ms), start=1):
        if start_ms < end_ms:
            yield Cell(start_ms, end_ms, str(number), is_spoken=True)


def _seen(person: SeenPerson) -> Iterator[Cell]:
    for span in person.spans:
        start_ms, end_ms = milliseconds(span.start_s), milliseconds(span.end_s)
        if start_ms < end_ms:
            yield Cell(start_ms, end_ms, person.person, is_spoken=True)


def _speakers(analysis: Analysis) -> Iterator[Cell]:
    for span in analysis.named_speaking:
        start_ms, end_ms = milliseconds(span.start_s), milliseconds(span.end_s)
        if start_ms < end_ms:
            yield Cell(start_ms, end_ms, span.speaker, is_spoken=True)


def _acted(event: ActionEvent, start_ms: int, end_ms: int) -> Cell:
    return Cell(start_ms, end_ms, event.action, value=event.peak)


def _speech(spans: Iterable[Span], limit_ms: int) -> Iterator[Cell]:
    """Spans of speech within the recording; those that touch after rounding become one."""
    start_ms = end_ms = -1
    for span in spans:
        first = min(max(milliseconds(span.start_s), 0), limit_ms)
        last = min(max(milliseconds(span.end_s), 0), limit_ms)
        if last <= first:
            continue
        if first <= end_ms:
            end_ms = max(end_ms, last)
            continue
        if end_ms > start_ms:
            yield Cell(start_ms, end_ms, SPEECH)
        start_ms, end_ms = first, last
    if end_ms > start_ms:
        yield Cell(start_ms, end_ms, SPEECH)
