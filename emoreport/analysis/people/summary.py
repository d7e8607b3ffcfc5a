"""What is told of each person: how long they are seen and speak, and what their face shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emoreport.analysis.mismatch.articulation_off import judged_faces
from emoreport.analysis.rows.bridge import Bridge
from emoreport.analysis.rows.doubt import doubted
from emoreport.analysis.rows.judging import judge_rows
from emoreport.analysis.summary import dominant_emotion
from emoreport.records import (
    FaceTrack,
    Person,
    SeenFaces,
    Span,
    SpeakingSpan,
    SpeechTrack,
    Transcript,
)
from emoreport.results import SeenPerson, VideoInterval
from emoreport.settings import Settings


def seen_people(
    people: Sequence[Person],
    person: str | None,
    video: Sequence[VideoInterval],
    seen: SeenFaces | None,
    faces: FaceTrack,
    speech: SpeechTrack,
    duration_s: float,
    settings: Settings,
    bridge: Bridge,
    transcript: Transcript | None,
    speaking: Sequence[SpeakingSpan] = (),
) -> tuple[SeenPerson, ...]:
    """One row for each person, in the order of `people`.

    Parameters
    ----------
    people, person
        All, and the key of the one whose rows `video` are.
    video
        The rows of that face.
    seen
        The faces of all; None where only one is kept.
    faces
        The readings that the rows were made of.
    speech, duration_s, settings, bridge, transcript
        As for `analyze_readings`.
    speaking
        Who speaks when; empty where that was not told.
    """

    def rows_of(other: Person) -> Sequence[VideoInterval]:
        if other.key == person or seen is None:
            return video if other.key == person else ()
        own = seen.readings_of(other.tracks, faces)
        own = judged_faces(own, transcript, duration_s, settings)
        own = doubted(own, settings.analysis.distance_limit)
        return judge_rows(own, speech, duration_s, settings, bridge).video

    def first_seen_s(other: Person) -> float | None:
        if seen is None:
            valid = faces.time_s[faces.valid]
            return float(valid[0]) if other.key == person and len(valid) else None
        times = seen.time_s[np.isin(seen.track, other.tracks)]
        return float(times[0]) if len(times) else None

    def spans_of(other: Person) -> tuple[Span, ...]:
        if seen is None:
            return ()
        times = (seen.time_s[seen.track == track] for track in other.tracks)
        found = [Span(float(each[0]), float(each[-1])) for each in times if len(each)]
        return tuple(sorted(found, key=lambda span: span.start_s))

    return tuple(
        SeenPerson(
            person=other.shown_name,
            seconds=other.seconds,
            share=min(1.0, other.seconds / duration_s) if duration_s > 0 else None,
            speaking_s=sum(
                (span.end_s - span.start_s for span in speaking if span.speaker == other.key), 0.0
            )
            if speaking
            else None,
            dominant_emotion=dominant_emotion(rows_of(other)),
            first_seen_s=first_seen_s(other),
            key=other.key,
            is_chosen=other.key == person,
            spans=spans_of(other),
        )
        for other in people
    )
