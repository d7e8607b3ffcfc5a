"""What is told of each person: how long they are seen and speak, and what their face shows."""

from __future__ import annotations

from collections.abc import Sequence

from emoreport.analysis.mismatch.articulation_off import judged_faces
from emoreport.analysis.rows.bridge import Bridge
from emoreport.analysis.rows.doubt import doubted
from emoreport.analysis.rows.evidence import FrameEvidence
from emoreport.analysis.rows.judging import judge_faces
from emoreport.analysis.rows.segmentation import FaceSegmenter
from emoreport.analysis.speaking import speaking_seconds
from emoreport.analysis.summary import dominant_emotion
from emoreport.records import (
    FaceTrack,
    Person,
    SeenFaces,
    Span,
    SpeakingSpan,
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
    duration_s, settings, bridge, transcript
        As for `analyze_readings`.
    speaking
        Who speaks when; empty where that was not told.
    """
    seconds = speaking_seconds(speaking)

    def rows_of(other: Person) -> Sequence[VideoInterval]:
        if other.key == person or seen is None:
            return video if other.key == person else ()
        own = judged_faces(seen.readings_of(other.tracks, faces), transcript, duration_s, settings)
        own = doubted(own, settings.analysis.distance_limit)
        frames, segmenter = FrameEvidence(own, duration_s), FaceSegmenter(own, duration_s)
        return judge_faces(frames, segmenter, settings.analysis, bridge)

    def told(other: Person) -> SeenPerson:
        spans = _spans(seen, other)
        first_s = [span.start_s for span in spans[:1]]
        if seen is None and other.key == person:
            first_s = faces.time_s[faces.valid][:1].tolist()
        return SeenPerson(
            person=other.shown_name,
            seconds=other.seconds,
            share=min(1.0, other.seconds / duration_s) if duration_s > 0 else None,
            speaking_s=seconds.get(other.key, 0.0) if speaking else None,
            dominant_emotion=dominant_emotion(rows_of(other)),
            first_seen_s=first_s[0] if first_s else None,
            key=other.key,
            is_chosen=other.key == person,
            spans=spans,
        )

    return tuple(map(told, people))


def _spans(seen: SeenFaces | None, person: Person) -> tuple[Span, ...]:
    """When the tracks of a person are seen, in order of time; nothing where they are not kept."""
    if seen is None:
        return ()
    times = (seen.time_s[seen.track == track] for track in person.tracks)
    spans = [Span(float(each[0]), float(each[-1])) for each in times if len(each)]
    return tuple(sorted(spans, key=lambda span: span.start_s))
