"""Read run.json with a check, and write it.

Folders of results are passed on by people. A value of the wrong kind is found here, by its name,
and not by whatever would use it first. Settings, the label bridge and a person's labels are refused
where they are used: others may take their place.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Final

from emoreport.errors import InputNotFoundError, StoredReadingsError
from emoreport.messages import text
from emoreport.records import (
    HEAD_TASKS,
    CodedLabels,
    FeatureSource,
    HeadLimits,
    HeadRecord,
    InputRecord,
    LabelledSpan,
    LabelSource,
    LookRule,
    MediaRecord,
    ModelRecord,
    Person,
    Precision,
    RunRecord,
    RunWarning,
    Span,
    StreamInfo,
    TranscriptRecord,
)
from emoreport.tables import store

RUN_FILE: Final = store.RUN_FILE

LAYOUT: Final = 1
"""Version of the layout of run.json; a reader refuses a later one."""

MAX_RUN_BYTES: Final = 64 << 20
LONGEST_S: Final = 1e6
"""Eleven days; videos of more than one are refused."""
SHORTEST_S: Final = 1e-6
"""A tenth of the shortest frame that is believed."""
MOST: Final = 1e12
"""Pixels, frames, failures, bytes: no recording has as many."""

EMOTION_MODELS: Final = ("face", "speech")
"""Roles that every run has, and whose files are named also where there are none."""
WITNESSES: Final = ("face_witness", "speech_witness")
"""Roles that a run has where a second model read the same."""
HEAD: Final = "head"
"""Role that a run has where a trained head ran."""
_HEAD_FIELDS: Final = ("task", "features")
_MODEL_FIELDS: Final = tuple(field.name for field in fields(ModelRecord))
_MEASURED_OF_MODELS: Final = ("head_limits", "precision", "look_rule")
_OF_ALL_MODELS_THAT_RAN: Final = ("name", "kind", "version", "labels", "files", "runtime", "device")
_STREAM_FIELDS: Final = ("index", "kind", "codec", "used", "start_s", "duration_s")


def read_run(folder: Path) -> RunRecord:
    """Read and check run.json of a folder.

    Raises
    ------
    InputNotFoundError
        When the folder does not exist.
    StoredReadingsError
        When there is no run.json in it or it is damaged or of a later layout.
    """
    if not folder.is_dir():
        raise InputNotFoundError("run.no_folder", file=folder)
    path = folder / RUN_FILE
    try:
        facts = path.stat()
        # A pipe never ends, and neither does a device; a run.json takes some kilobytes.
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > MAX_RUN_BYTES:
            raise ValueError("no regular file of a sane size")  # noqa: TRY301
        content = json.loads(path.read_text(encoding="utf-8"))
        layout = content["layout"]
        if layout == LAYOUT:
            return from_document(content)
    except FileNotFoundError as error:
        raise StoredReadingsError("run.no_run", name=RUN_FILE, file=folder) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StoredReadingsError("run.damaged", error=error, file=path) from error
    raise StoredReadingsError("run.other_layout", stored=layout, readable=LAYOUT, file=path)


# --------------------------------------------------------------------------- writing


def document(run: RunRecord) -> dict[str, Any]:
    """A run as JSON values, in the order of the file; what is not known of it is left out."""
    members = {
        "layout": LAYOUT,
        "created": run.created,
        "versions": dict(run.versions),
        "input": _input_document(run.input),
        "models": {role: _model_document(role, model) for role, model in run.models.items()},
        "settings": dict(run.settings),
        "media": _media_document(run.media),
        "decode_failures": run.decode_failures,
        "decode_failures_by_stream": run.decode_failures_by_stream,
        "time_quality": run.time_quality,
        "notes": None if run.notes is None else list(run.notes),
        "warnings": [asdict(warning) for warning in run.warnings],
        "bridge": run.bridge,
        "wall_time_s": run.wall_time_s,
        "labels": None if run.labels is None else _labels_document(run.labels),
        "transcript": None if run.transcript is None else asdict(run.transcript),
        "people": [{**asdict(each), "tracks": list(each.tracks)} for each in run.people] or None,
        "person": run.person,
    }
    return {name: value for name, value in members.items() if value is not None}


def _input_document(video: InputRecord) -> dict[str, Any]:
    told = {"path": video.path, "bytes": video.size_bytes}
    return {
        "name": video.name,
        **{name: value for name, value in told.items() if value is not None},
        "sha256": video.sha256,
        "from_folder": video.from_folder,
        "player_start_s": video.player_start_s,
    }


def _model_document(role: str, model: ModelRecord) -> dict[str, Any]:
    members = {**asdict(model), "labels": list(model.labels)}
    if isinstance(model, HeadRecord):
        members["features"] = [source.document() for source in model.features]
    members = {
        name: value
        for name, value in members.items()
        if value is not None or name not in _MEASURED_OF_MODELS
    }
    if model.runtime:
        return members
    always = {"name", "files"} if role in EMOTION_MODELS else {"name"}
    return {name: value for name, value in members.items() if value or name in always}


def _media_document(media: MediaRecord) -> dict[str, Any]:
    return {
        "container": media.container,
        "duration_s": media.duration_s,
        "claimed_duration_s": media.claimed_duration_s,
        "frame_rate_hz": media.frame_rate_hz,
        "width_px": media.width_px,
        "height_px": media.height_px,
        "rotation_deg": media.rotation_deg,
        "frames": media.frames,
        "decoded_frames": media.decoded_frames,
        "cuts_s": None if media.cuts_s is None else list(media.cuts_s),
        "streams": [
            {**{name: getattr(stream, name) for name in _STREAM_FIELDS}, **stream.details}
            for stream in media.streams
        ],
    }


def _labels_document(source: LabelSource) -> dict[str, Any]:
    """The labels themselves too, so that the tables can be made again without their file."""

    def rows(spans: Sequence[LabelledSpan] | None) -> list[dict[str, Any]] | None:
        if spans is None:
            return None
        return [
            {"start": row.span.start_s, "end": row.span.end_s, "emotion": row.emotion}
            for row in spans
        ]

    return {
        "file": source.file,
        "sha256": source.sha256,
        "coder": source.coder,
        "face": rows(source.labels.face),
        "voice": rows(source.labels.voice),
    }


# --------------------------------------------------------------------------- reading


def from_document(content: Mapping[str, Any]) -> RunRecord:
    """The run that `document` turned into JSON values; members that are not known are left out.

    Raises
    ------
    ValueError, KeyError, TypeError, AttributeError
        When something is missing or of the wrong kind; the message names it.
    """
    _texts("versions", content["versions"], ("emoreport",))
    _texts("run.json", content, (), ("created", "time_quality", "person"))
    _numbers("run.json", content, ("decode_failures",), MOST)
    _expect(isinstance(content["settings"], dict), "settings are no table")
    _expect(isinstance(content["warnings"], list), "warnings are no list")
    notes = content.get("notes")
    _expect(notes is None or _are_texts(notes), "notes are no texts")
    models = content["models"]
    return RunRecord(
        created=content.get("created"),
        versions=content["versions"],
        input=_input(content["input"]),
        models={
            role: _model(role, models[role]) for role in dict.fromkeys((*models, *EMOTION_MODELS))
        },
        settings=content["settings"],
        media=_media(content["media"]),
        decode_failures=content.get("decode_failures"),
        decode_failures_by_stream=content.get("decode_failures_by_stream"),
        time_quality=content.get("time_quality"),
        notes=None if notes is None else tuple(notes),
        warnings=tuple(_warning(warning) for warning in content["warnings"]),
        bridge=content.get("bridge"),
        wall_time_s=content.get("wall_time_s"),
        labels=_labels(content.get("labels")),
        transcript=_transcript(content.get("transcript")),
        people=_people(content.get("people") or ()),
        person=_person_of(content),
    )


def _input(video: Mapping[str, Any]) -> InputRecord:
    _texts("input", video, ("name", "sha256"), ("path", "from_folder"))
    os.fsencode(video["name"])  # a name that no file can have
    _numbers("input", video, ("player_start_s", "bytes"), MOST)
    return InputRecord(
        name=video["name"],
        sha256=video["sha256"],
        path=video.get("path"),
        size_bytes=video.get("bytes"),
        from_folder=video.get("from_folder"),
        player_start_s=video.get("player_start_s"),
    )


def _model(role: str, content: Mapping[str, Any]) -> ModelRecord:
    if role != HEAD:
        return _plain_model(role, content)
    own = {name: value for name, value in content.items() if name not in _HEAD_FIELDS}
    record = _plain_model(role, own)
    _expect(content["task"] in HEAD_TASKS, f"models.{role}.task is none of {HEAD_TASKS}")
    return HeadRecord(
        **{name: getattr(record, name) for name in _MODEL_FIELDS},
        task=content["task"],
        features=tuple(map(FeatureSource.from_document, content["features"])),
    )


def _plain_model(role: str, model: Mapping[str, Any]) -> ModelRecord:
    key = f"models.{role}"
    texts = tuple(
        name for name in _MODEL_FIELDS if name not in {"labels", "files", *_MEASURED_OF_MODELS}
    )
    _texts(key, model, ("name",) if role in EMOTION_MODELS else (), texts)
    labels, files = model.get("labels", []), model.get("files", {})
    _expect(isinstance(labels, list), f"{key}.labels are no list")
    _expect(isinstance(files, dict), f"{key}.files are no table")
    _expect(
        _are_texts((*labels, *files.values())), f"{key} holds labels or digests that are no texts"
    )
    if "runtime" in model:
        missing = set(_OF_ALL_MODELS_THAT_RAN) - set(model)
        _expect(not missing, f"{key} lacks {', '.join(sorted(missing))}")
        _expect(set(model) <= set(_MODEL_FIELDS), f"{key} holds more than a model's record")
    told = {name: model.get(name) or "" for name in texts}
    return ModelRecord(
        **told,
        labels=tuple(labels),
        files=files,
        head_limits=_head_limits(f"{key}.head_limits", model.get("head_limits")),
        precision=_precision(f"{key}.precision", model.get("precision")),
        look_rule=_look_rule(f"{key}.look_rule", model.get("look_rule")),
    )


def _head_limits(key: str, content: Mapping[str, Any] | None) -> HeadLimits | None:
    if content is None:
        return None
    names = tuple(field.name for field in fields(HeadLimits))
    _numbers(key, content, names, MOST)
    return HeadLimits(**{name: float(content[name]) for name in names})


def _precision(key: str, content: Mapping[str, Any] | None) -> Precision | None:
    if content is None:
        return None
    data, right, said = (content[field.name] for field in fields(Precision))
    _expect(isinstance(data, list) and _are_texts(data), f"{key}.data are no texts")
    _numbers(f"{key}.right", right, tuple(right), 1.0)
    _numbers(f"{key}.said", said, tuple(right), MOST)
    return Precision(tuple(data), dict(right), {name: int(said[name]) for name in right})


def _look_rule(key: str, content: Mapping[str, Any] | None) -> LookRule | None:
    if content is None:
        return None
    weights = content["weights"]
    _expect(isinstance(weights, dict), f"{key}.weights are no table")
    _expect(
        all(isinstance(weight, int | float) for weight in weights.values()),
        f"{key}.weights are no numbers",
    )
    _numbers(key, content, ("limit",), 1.0)
    named = {name: float(weight) for name, weight in weights.items()}
    return LookRule(named, float(content["limit"]))


def _media(media: Mapping[str, Any]) -> MediaRecord:
    _numbers("media", media, ("duration_s",), LONGEST_S)
    _expect(media["duration_s"] >= SHORTEST_S, "media.duration_s is no length of a video")
    numbers = ("frame_rate_hz", "width_px", "height_px", "frames", "decoded_frames")
    _numbers("media", media, numbers, MOST)
    _texts("media", media, (), ("container",))
    lists = {"streams", "cuts_s"}
    names = (field.name for field in fields(MediaRecord) if field.name not in lists)
    cuts_s = media.get("cuts_s")
    if cuts_s is not None:
        _expect(isinstance(cuts_s, list), "media.cuts_s is no list")
        _numbers("media.cuts_s", dict(enumerate(cuts_s)), range(len(cuts_s)), LONGEST_S)
    return MediaRecord(
        **{name: media.get(name) for name in names},  # type: ignore[arg-type] # checked above
        cuts_s=None if cuts_s is None else tuple(cuts_s),
        streams=tuple(
            _stream(number, stream) for number, stream in enumerate(media.get("streams", ()))
        ),
    )


def _stream(number: int, stream: Mapping[str, Any]) -> StreamInfo:
    _texts("a stream", stream, (), ("kind", "codec"))
    return StreamInfo(
        index=stream.get("index", number),
        kind=stream.get("kind") or "",
        codec=stream.get("codec") or "",
        used=bool(stream.get("used")),
        start_s=stream.get("start_s"),
        duration_s=stream.get("duration_s"),
        details={name: value for name, value in stream.items() if name not in _STREAM_FIELDS},
    )


def _labels(content: Any) -> LabelSource | None:  # noqa: ANN401 - whatever the file holds
    """Labels of a person; what is wrong with them is kept, for they can be taken out again."""

    def spans(rows: Sequence[Mapping[str, Any]] | None) -> tuple[LabelledSpan, ...] | None:
        if rows is None:
            return None
        return tuple(
            LabelledSpan(Span(float(row["start"]), float(row["end"])), str(row["emotion"]))
            for row in rows
        )

    if content is None:
        return None
    try:
        return LabelSource(
            labels=CodedLabels(spans(content["face"]), spans(content["voice"])),
            file=str(content["file"]),
            sha256=str(content["sha256"]),
            coder=str(content["coder"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        return LabelSource(damage=repr(error))


def _transcript(content: Mapping[str, Any] | None) -> TranscriptRecord | None:
    if content is None:
        return None
    _texts("transcript", content, ("file", "sha256", "source", "tier"), ("language",))
    _numbers("transcript", content, ("words", "unplaced"), MOST)
    names = (field.name for field in fields(TranscriptRecord))
    return TranscriptRecord(**{name: content.get(name) for name in names})  # type: ignore[arg-type] # checked above


def _people(content: Sequence[Mapping[str, Any]]) -> tuple[Person, ...]:
    people = []
    for number, person in enumerate(content):
        key = f"people.{number}"
        _texts(key, person, ("key",), ("name",))
        _numbers(key, person, ("seconds",), LONGEST_S)
        tracks = person["tracks"]
        whole = isinstance(tracks, list) and all(type(track) is int for track in tracks)
        _expect(whole and bool(tracks), f"{key}.tracks are no numbers")
        people.append(
            Person(person["key"], tuple(tracks), person.get("name"), float(person["seconds"]))
        )
    tracks = [track for person in people for track in person.tracks]
    _expect(len(set(tracks)) == len(tracks), "a track belongs to two people")
    keys = {person.key for person in people}
    _expect(len(keys) == len(people) and "" not in keys, "people have no keys of their own")
    return tuple(people)


def _person_of(content: Mapping[str, Any]) -> str | None:
    person: str | None = content.get("person")
    keys = [each["key"] for each in content.get("people") or ()]
    _expect(person is None or person in keys, "person is none of the people")
    return person


def _warning(warning: Mapping[str, Any]) -> RunWarning:
    text(f"cli.warning.{warning['key']}", "en", **warning["values"])
    return RunWarning(warning["key"], warning["values"])


def _texts(
    key: str, holder: Mapping[str, Any], needed: tuple[str, ...], others: tuple[str, ...] = ()
) -> None:
    for name in needed:
        _expect(isinstance(holder[name], str), f"{key}.{name} is no text")
    for name in others:
        value = holder.get(name)
        _expect(value is None or isinstance(value, str), f"{key}.{name} is no text")


def _are_texts(values: Iterable[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


def _numbers(
    key: str, holder: Mapping[Any, Any], names: Sequence[str] | range, most: float
) -> None:
    """Check that values are numbers from zero to `most`, or unknown; NaN is neither."""
    for name in names:
        value = holder.get(name)
        if value is None:
            continue
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        _expect(number and 0 <= value <= most, f"{key}.{name} is no sensible number")


def _expect(kept: bool, complaint: str) -> None:
    if not kept:
        raise ValueError(complaint)
