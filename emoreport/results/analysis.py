"""Everything that is derived from the readings of one talk, and what shows it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

from emoreport.records import (
    OFF_SCREEN,
    UNKNOWN_SPEAKER,
    FaceTrack,
    RunRecord,
    SpeakingSpan,
    SpeechTrack,
)
from emoreport.results.actions import ActionEvent, ActionInterval, ActionSummary
from emoreport.results.figures import Statistic, Summary, Transition
from emoreport.results.intervals import (
    AcousticInterval,
    AudioInterval,
    Comparison,
    HeadInterval,
    HeardWindow,
    VideoInterval,
)
from emoreport.results.modalities import ModalityStatistic
from emoreport.results.people import SeenPerson
from emoreport.results.words import SpeechRate, SpokenWord, TextInterval
from emoreport.vocabulary import is_emotion


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything that the pure stage derives from the readings of one video.

    Attributes
    ----------
    video_intervals, audio_intervals, comparisons, transitions, summary
        The rows of the tables.
    voice_intervals
        The voice on spans of its own, which tile the recording.
    face_voice
        Face against voice, each cut on its own, wherever two of their rows meet.
    heard_windows
        Which voice window speaks when, in order of time; nothing where nobody speaks.
    transition_statistics, mismatch_statistics
        The numbers about the whole talk.
    acoustics
        How the voice sounds in the rows with speech; empty where that was not measured.
    head_intervals
        What a trained head says, where it has a table of its own.
    words
        Which words are said when; None without a transcript, and where its words are hidden.
    speech_rates
        How fast the talk and its rows are spoken; empty without a transcript.
    text_labels
        Labels of the text model; empty where none read the words.
    text_intervals
        What the words say in each row of the face; empty where no model read them.
    text_clauses
        What they say clause by clause, likewise.
    modality_statistics
        Face, voice and words against each other; empty without a transcript.
    action_intervals, action_events, action_summary
        What the face did besides; empty, and None, where that was not measured.
    people
        Who is seen, the one seen longest first; empty where nobody is.
    person
        Whose face the rows are about, by name or key; None where that is not known.
    speaking
        Who speaks when, in detected speech; empty where nobody asked or no mouth was watched.
    seen_faces
        The face readings as the rows take them: less sure where a model is out of its depth.
    """

    video_intervals: tuple[VideoInterval, ...]
    audio_intervals: tuple[AudioInterval, ...]
    comparisons: tuple[Comparison, ...]
    transitions: tuple[Transition, ...]
    summary: Summary
    transition_statistics: tuple[Statistic, ...] = ()
    mismatch_statistics: tuple[Statistic, ...] = ()
    voice_intervals: tuple[AudioInterval, ...] = ()
    face_voice: tuple[Comparison, ...] = ()
    heard_windows: tuple[HeardWindow, ...] = ()
    acoustics: tuple[AcousticInterval, ...] = ()
    head_intervals: tuple[HeadInterval, ...] = ()
    words: tuple[SpokenWord, ...] | None = None
    speech_rates: tuple[SpeechRate, ...] = ()
    text_labels: tuple[str, ...] = ()
    text_intervals: tuple[TextInterval, ...] = ()
    text_clauses: tuple[TextInterval, ...] = ()
    modality_statistics: tuple[ModalityStatistic, ...] = ()
    action_intervals: tuple[ActionInterval, ...] = ()
    action_events: tuple[ActionEvent, ...] = ()
    action_summary: ActionSummary | None = None
    people: tuple[SeenPerson, ...] = ()
    person: str | None = None
    speaking: tuple[SpeakingSpan, ...] = ()
    seen_faces: FaceTrack | None = field(default=None, compare=False, repr=False)

    @property
    def mismatches(self) -> tuple[Comparison, ...]:
        """Rows where both modalities give comparable emotions that differ."""
        return tuple(row for row in self.comparisons if row.match is False)

    @property
    def named_speaking(self) -> tuple[SpeakingSpan, ...]:
        """`speaking` with the names of people for their keys."""
        names = {person.key: person.person for person in self.people}
        return tuple(
            replace(span, speaker=names.get(span.speaker, span.speaker)) for span in self.speaking
        )

    @property
    def several_speak(self) -> bool:
        """Whether more than one is known to speak, or somebody off screen."""
        known = {span.speaker for span in self.speaking} - {UNKNOWN_SPEAKER}
        return len(known) > 1 or OFF_SCREEN in known

    @property
    def own_face_voice(self) -> tuple[Comparison, ...]:
        """Of `face_voice` the rows in which nobody else speaks."""
        return tuple(row for row in self.face_voice if row.not_compared is None)

    @property
    def judged_speech_s(self) -> float:
        """Seconds of speech in the voice's own rows that name an emotion."""
        return float(sum(row.speech_s for row in self.voice_intervals if is_emotion(row.emotion)))


class Findings(Protocol):
    """What the page, the pictures and the exports are made of; `emoreport.Report` is it."""

    @property
    def analysis(self) -> Analysis:
        """Intervals, comparisons, transitions, statistics."""
        ...

    @property
    def faces(self) -> FaceTrack:
        """Readings of the face that the analysis rests on."""
        ...

    @property
    def speech(self) -> SpeechTrack:
        """Readings of the voice that the analysis rests on."""
        ...

    @property
    def run(self) -> RunRecord:
        """How the readings were made."""
        ...
