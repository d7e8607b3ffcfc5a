"""Turn the readings of one video into everything that its tables hold."""

from __future__ import annotations

from collections.abc import Sequence

from emoreport.analysis.actions.rows import found_actions
from emoreport.analysis.mismatch.articulation_off import judged_faces
from emoreport.analysis.mismatch.comparison import compare_cuts, compare_intervals
from emoreport.analysis.mismatch.modalities import modality_statistics
from emoreport.analysis.mismatch.own_voice import (
    cut_at_others,
    own_labels,
    own_speech,
    own_text,
    speech_of_others,
    turns,
    with_speakers,
    without_others,
)
from emoreport.analysis.mismatch.statistics import face_against_voice, mismatch_rows
from emoreport.analysis.people.summary import seen_people
from emoreport.analysis.rows.abstention import abstention_level
from emoreport.analysis.rows.acoustics import acoustic_intervals, with_own_intensity
from emoreport.analysis.rows.bridge import DEFAULT_BRIDGE, Bridge
from emoreport.analysis.rows.compounds import with_compounds
from emoreport.analysis.rows.doubt import doubted
from emoreport.analysis.rows.firmness import firm_faces
from emoreport.analysis.rows.head_rows import head_intervals
from emoreport.analysis.rows.judging import JudgedRows, judge_rows, judge_voice
from emoreport.analysis.rows.pauses import cut_at_speech
from emoreport.analysis.rows.relabelling import coded_pieces
from emoreport.analysis.rows.scores import with_z_scores
from emoreport.analysis.rows.shots import in_shots
from emoreport.analysis.rows.text import SpokenText
from emoreport.analysis.rows.voice_segmentation import heard_windows
from emoreport.analysis.rows.witnesses import firm_windows
from emoreport.analysis.rows.words import speech_rates, spoken_words, with_text
from emoreport.analysis.speaking import ONLY_PERSON, who_speaks
from emoreport.analysis.summary import summarize
from emoreport.analysis.transitions.counting import count_transitions
from emoreport.analysis.transitions.sensitivity import SettingCounts, sensitivity
from emoreport.analysis.transitions.statistics import transition_rows
from emoreport.analysis.transitions.transition_statistics import transition_statistics
from emoreport.records import (
    UNCODED,
    UNKNOWN_SPEAKER,
    ActionTrack,
    CodedLabels,
    FaceTrack,
    HeadTrack,
    Person,
    Recording,
    SeenFaces,
    SpeakingSpan,
    SpeechTrack,
    TextReadings,
    Transcript,
)
from emoreport.results import Analysis, AudioInterval, VideoInterval
from emoreport.settings import NO_SPEAKER, AnalysisSettings, Settings


def analyze_readings(
    faces: FaceTrack,
    speech: SpeechTrack,
    recording: Recording,
    settings: Settings,
    bridge: Bridge = DEFAULT_BRIDGE,
    labels: CodedLabels = UNCODED,
    head: HeadTrack | None = None,
    transcript: Transcript | None = None,
    text: TextReadings | None = None,
    actions: ActionTrack | None = None,
    seen: SeenFaces | None = None,
    people: Sequence[Person] = (),
    person: str | None = None,
) -> Analysis:
    """Derive intervals, evidence, comparisons, transitions, statistics and the summary.

    Nothing but the arguments is looked at, so that readings that were stored and read back give
    the same result.

    Parameters
    ----------
    faces
        Frame readings; may be empty or without any face.
    speech
        Voice windows and spans of speech; may be empty.
    recording
        Name, duration and models.
    settings
        The groups `decoding`, `analysis` and `speech` are used.
    bridge
        Shared label space of face and voice.
    labels
        What a person coded; it takes the place of the machine's labels.
    head
        What a trained head says that has a table of its own.
    transcript
        The words; None without any.
    text
        What they say, clause by clause; None where no model read them.
    actions
        What the face did besides; None where that was not measured.
    seen, people
        All faces, and the people that they are; None and nothing where one was seen.
    person
        Key of the person whose face `faces` are; None where nobody is.
    """
    duration_s, level = recording.duration_s, abstention_level(settings.analysis)
    limit = settings.analysis.distance_limit
    read = faces
    faces = judged_faces(faces, transcript, duration_s, settings)
    faces, speech = doubted(faces, limit), doubted(speech, limit)
    rows = judge_rows(faces, speech, duration_s, settings, bridge, labels)
    heard = judge_voice(speech, duration_s, settings, bridge, labels)
    video, audio, voice = _measured(faces, speech, rows, heard, duration_s, settings.analysis)
    # A person's rows do not depend on the settings of the machine.
    recut = _recut(faces, rows, video, duration_s, settings, bridge) if labels.face is None else ()
    del rows  # and with them what a long talk was cut with: half of all memory
    own_key = person or ONLY_PERSON
    speaking: tuple[SpeakingSpan, ...] = ()
    if settings.analysis.speaker != NO_SPEAKER:
        speaking = who_speaks(read, speech, duration_s, seen, people, own_key)
    others, taken = speech_of_others(speaking, own_key), turns(speaking)
    own, coded = own_speech(speech, others), own_labels(labels.voice, others)
    comparisons = without_others(
        compare_intervals(video, audio, faces.labels, speech.labels, bridge), taken, own_key
    )
    transitions = count_transitions(video)
    usable = firm_windows(own, level, bridge)
    agreement = face_against_voice(video, faces, own, duration_s, bridge, usable, coded)
    pieces = cut_at_speech(video, faces, own, duration_s)
    if labels.face is not None:
        pieces = coded_pieces(pieces, video)
    summary = summarize(
        recording, faces, speech, video, voice, comparisons, transitions, agreement, bridge
    )
    changes = transition_rows(video, transition_statistics(video), recut, pieces)
    contradictions = mismatch_rows(
        summary.mismatch,
        agreement,
        pieces,
        faces,
        own,
        duration_s,
        bridge,
        usable,
        coded,
        others,
    )
    del pieces, recut
    spoken = acoustic_intervals(speech, audio, settings.speech.min_speech_s)
    met = cut_at_others(
        compare_cuts(video, voice, faces.labels, speech.labels, bridge),
        speech_of_others(taken, own_key),
    )
    acted = found_actions(actions, video, faces.cuts_s.tolist())
    said = SpokenText.of(transcript, text, video, level)
    return Analysis(
        video_intervals=video,
        audio_intervals=with_speakers(audio, speaking, people),
        comparisons=in_shots(said.beside(with_text(comparisons, transcript)), faces),
        transitions=transitions,
        summary=summary,
        transition_statistics=changes,
        mismatch_statistics=contradictions,
        voice_intervals=with_speakers(voice, speaking, people),
        face_voice=in_shots(without_others(met, taken, own_key), faces),
        heard_windows=heard_windows(speech, duration_s),
        acoustics=spoken,
        head_intervals=head_intervals(head, duration_s, settings.analysis),
        words=spoken_words(transcript, video),
        speech_rates=speech_rates(transcript, speech, video, duration_s),
        text_labels=said.labels,
        text_intervals=said.rows,
        text_clauses=said.clauses,
        modality_statistics=modality_statistics(
            transcript,
            said.firm(own_text(text, others)) if said.labels else None,
            video,
            read,
            own,
            duration_s,
            bridge,
            agreement,
            usable,
            coded,
        ),
        action_intervals=acted.intervals,
        action_events=acted.events,
        action_summary=acted.summary,
        people=seen_people(
            people,
            person,
            video,
            seen,
            read,
            duration_s,
            settings,
            bridge,
            transcript,
            [span for span in speaking if span.speaker != UNKNOWN_SPEAKER],
        ),
        person=next((each.shown_name for each in people if each.key == person), None),
        speaking=speaking,
        seen_faces=faces,
    )


def _measured(
    faces: FaceTrack,
    speech: SpeechTrack,
    rows: JudgedRows,
    voice: tuple[AudioInterval, ...],
    duration_s: float,
    settings: AnalysisSettings,
) -> tuple[tuple[VideoInterval, ...], tuple[AudioInterval, ...], tuple[AudioInterval, ...]]:
    """The rows of face and voice with what is measured against the speaker's own usual."""
    video, audio, voice = with_z_scores(
        faces, speech, rows.video, rows.audio, voice, duration_s, settings
    )
    if settings.compounds:
        video = with_compounds(video, faces.labels)
    return video, with_own_intensity(speech, audio), with_own_intensity(speech, voice)


def _recut(
    faces: FaceTrack,
    rows: JudgedRows,
    video: tuple[VideoInterval, ...],
    duration_s: float,
    settings: Settings,
    bridge: Bridge,
) -> tuple[SettingCounts, ...]:
    """What other settings of the cut would have counted."""
    level = abstention_level(settings.analysis)
    return sensitivity(
        faces,
        duration_s,
        settings.analysis,
        relabel=lambda cut: firm_faces(rows.frames, cut, level, bridge),
        chosen=video,
        segmenter=rows.segmenter,
    )
