"""What run.json holds: where the readings of one recording come from, and how they were made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emoreport.records.annotations import LabelSource
from emoreport.records.features import Modality
from emoreport.records.heads import HeadRecord
from emoreport.records.media import StreamInfo
from emoreport.records.models import ModelRecord
from emoreport.records.people import Person


@dataclass(frozen=True, slots=True)
class InputRecord:
    """The file that was analysed.

    Attributes
    ----------
    name
        Without folders.
    sha256
        Digest of its content.
    path
        As it was given; an address for a file of a store. None if unknown, as all that follows.
    size_bytes
        Its length.
    from_folder
        Its path as seen from the folder of results.
    player_start_s
        What a browser's player shows at time zero, seconds.
    """

    name: str
    sha256: str
    path: str | None = None
    size_bytes: int | None = None
    from_folder: str | None = None
    player_start_s: float | None = None


@dataclass(frozen=True, slots=True)
class MediaRecord:
    """What decoding found, beside the claims of the container; None where it is not known.

    Attributes
    ----------
    duration_s
        End of the last picture, or of the sound where that is all, seconds.
    frame_rate_hz
        Claimed, else frames by duration.
    container, claimed_duration_s, width_px, height_px, rotation_deg, streams
        As in `MediaInfo`.
    frames
        Pictures that were looked at.
    decoded_frames
        Pictures that were decoded; more than `frames` under a frame rate that skips some.
    cuts_s
        Where shots begin, but the first one, seconds; None where nobody looked for cuts.
    """

    duration_s: float
    frame_rate_hz: float | None = None
    container: str | None = None
    claimed_duration_s: float | None = None
    width_px: int | None = None
    height_px: int | None = None
    rotation_deg: int | None = None
    frames: int | None = None
    cuts_s: tuple[float, ...] | None = None
    decoded_frames: int | None = None
    streams: tuple[StreamInfo, ...] = ()

    @property
    def has_picture(self) -> bool:
        """Whether a video stream was read; where the streams are not known, it is taken that so."""
        return not self.streams or any(
            stream.used and stream.kind == "video" for stream in self.streams
        )


@dataclass(frozen=True, slots=True)
class RunWarning:
    """What a reader of the tables must know.

    Attributes
    ----------
    key
        A key of the words ``cli.warning``.
    values
        Values for the braces in those words.
    """

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TranscriptRecord:
    """The transcript of a run.

    Attributes
    ----------
    file, sha256
        Its name without folders, and its digest.
    source
        Its format.
    tier
        The tier that was asked for.
    language
        ISO 639-1 code; None where nothing tells.
    words, unplaced
        How many of its words have a time, and how many have none; None before they are placed.
    """

    file: str
    sha256: str
    source: str
    tier: str = ""
    language: str | None = None
    words: int | None = None
    unplaced: int | None = None

    @property
    def decides(self) -> tuple[str, str]:
        """What of it decides the results."""
        return self.sha256, self.tier


@dataclass(frozen=True, kw_only=True)
class RunPlan:
    """What is known of a run before anything is decoded; it decides the results.

    Attributes
    ----------
    input
        The video.
    versions
        Of emoreport, Python, the platform and the libraries, by name.
    models
        Models and detectors by role: ``face``, ``speech``, ``face_witness`` and ``speech_witness``
        where one ran, ``head`` where a trained head ran, ``words`` and ``text`` where a recogniser
        and a text model did, ``face_detector``, ``face_recogniser`` where one is in the store,
        ``voice_activity``.
    settings
        By public name, as JSON values. What another version wrote may be no `Settings`.
    bridge
        Shared label by label, as it is stored: whoever uses it, checks it. None if unknown.
    created
        When, ISO 8601 in UTC; None if unknown.
    transcript
        Whence the words are; None without any.
    """

    input: InputRecord
    versions: Mapping[str, str]
    models: Mapping[str, ModelRecord]
    settings: Mapping[str, Any]
    bridge: Mapping[str, str] | None = None
    created: str | None = None
    transcript: TranscriptRecord | None = None

    @property
    def program_version(self) -> str:
        """Version of emoreport."""
        return self.versions["emoreport"]

    @property
    def head(self) -> HeadRecord | None:
        """The trained head; None without one."""
        record = self.models.get("head")
        return record if isinstance(record, HeadRecord) else None

    @property
    def face_model(self) -> ModelRecord:
        """The model of the face's emotion, with the head that leads it."""
        return self._pair("face", "face")[0]

    @property
    def speech_model(self) -> ModelRecord:
        """The model of the voice's emotion, likewise; named ``none`` if none was asked for."""
        return self._pair("speech", "voice")[0]

    @property
    def emotion_models(self) -> tuple[tuple[ModelRecord, ModelRecord | None], ...]:
        """The models of face and voice, each with its witness or None."""
        return self._pair("face", "face"), self._pair("speech", "voice")

    @property
    def judges(self) -> Mapping[str, ModelRecord]:
        """The models of emotions by role, a head in the place of the model that it leads."""
        (face, face_witness), (speech, speech_witness) = self.emotion_models
        judges = {
            "face": face,
            "speech": speech,
            "face_witness": face_witness,
            "speech_witness": speech_witness,
            "head": self.head if self.head and self.head.leads is None else None,
            "text": self.models.get("text"),
        }
        return {role: model for role, model in judges.items() if model is not None}

    def is_under_head(self, modality: Modality) -> bool:
        """Whether a head leads a modality, and the model below it is its witness."""
        role = {"face": "face_witness", "voice": "speech_witness"}[modality]
        return self.head is not None and self.head.leads == modality and role not in self.models

    def _pair(self, role: str, modality: Modality) -> tuple[ModelRecord, ModelRecord | None]:
        model, witness = self.models[role], self.models.get(f"{role}_witness")
        if self.head is None or self.head.leads != modality:
            return model, witness
        return self.head.over(model), witness or model


@dataclass(frozen=True, kw_only=True)
class RunRecord(RunPlan):
    """One finished run.

    Attributes
    ----------
    media
        The recording as it was decoded.
    decode_failures
        Packets and pictures that were passed over; None if unknown, as all that follows.
    decode_failures_by_stream
        The same for ``video`` and ``audio``; None for a stream that is not there.
    time_quality, notes
        As in `DecodeOutcome`.
    warnings
        What a reader of the tables must know.
    wall_time_s
        By stage, seconds.
    labels
        Labels of a person that took the place of the machine's; None for its own.
    people
        Who was seen, the one seen longest first; empty where nobody was, or nobody looked for more
        than one.
    person
        Key of the one whose face the tables are about; None without people.
    """

    media: MediaRecord
    decode_failures: int | None = None
    decode_failures_by_stream: Mapping[str, int | None] | None = None
    time_quality: str | None = None
    notes: tuple[str, ...] | None = None
    warnings: tuple[RunWarning, ...] = ()
    wall_time_s: Mapping[str, float] | None = None
    labels: LabelSource | None = None
    people: tuple[Person, ...] = ()
    person: str | None = None
