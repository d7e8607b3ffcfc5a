"""Put the diagnosis together: facts, trials, and what follows from them for the user."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from emoreport.errors import SettingsError, remedy
from emoreport.measure.doctor import facts
from emoreport.measure.doctor.stock import Stock, StoredModel, look_into_store
from emoreport.measure.doctor.trials import Trial, run_trials
from emoreport.messages import Phrase, number, spoken, text
from emoreport.models.store.connection import offline_variable
from emoreport.models.store.model_choice import AUTO, COMPACT, Role, auto_order
from emoreport.models.store.model_metadata import REINSTALL
from emoreport.models.store.model_store import ModelState, ModelStore
from emoreport.models.store.registry import registry
from emoreport.settings import LANDMARKER_ACTIONS, Settings
from emoreport.settings.loading import configuration_file
from emoreport.speech.select import NONE

Level = Literal["ok", "note", "problem"]

NEEDED_DECODERS: Final = frozenset({"h264", "aac"})
"""Without these most recordings cannot be read."""
LITTLE_DISK_MB: Final = 2_000
"""The largest model takes 1.3 GB, and a little more while it arrives."""
ELSEWHERE: Final = Phrase("doctor.remedy.elsewhere")
USED_EXTRAS: Final = frozenset({"acoustics", "full", "openvino", "words"})
"""Extras that an analysis can use."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is well, worth knowing, or broken.

    Attributes
    ----------
    level
        ``ok``; ``note``: analyses run, but something better is available; ``problem``.
    code
        Stable name of the kind of finding.
    values
        What it is about.
    remedy
        The one command or step that helps; "" where none is needed.
    """

    level: Level
    code: str
    values: Mapping[str, str] = field(default_factory=dict)
    remedy: str = ""

    def sentence(self, lang: str) -> str:
        """The finding in words."""
        values = dict(self.values)
        for kind in ("part", "role", "extra"):
            if kind in values:
                values[f"{kind}_words"] = text(f"doctor.{kind}.{values[kind]}", lang)
        return text(f"doctor.finding.{self.code}", lang, **values)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything that `emoreport doctor` tells.

    Attributes
    ----------
    versions, extras, machine, store, media, environment
        Facts, as in the JSON document.
    trials
        Short runs of the parts.
    findings
        What follows, worst first.
    """

    versions: Mapping[str, Any]
    extras: Mapping[str, Mapping[str, Any]]
    machine: Mapping[str, Any]
    store: Mapping[str, Any]
    media: Mapping[str, Any]
    environment: Mapping[str, Any]
    trials: tuple[Trial, ...]
    findings: tuple[Finding, ...]

    @property
    def can_analyse(self) -> bool:
        """Whether nothing is broken."""
        return all(finding.level != "problem" for finding in self.findings)

    def document(self) -> dict[str, Any]:
        """The diagnosis as JSON values.

        Keys: ``ok``; ``versions`` (emoreport, python, platform, libraries); ``extras`` (per name:
        installed, missing); ``machine`` (processor, cores, memory_total_mb, memory_available_mb,
        nvidia_gpu, onnxruntime_providers); ``store`` (folder, writable, disk_free_mb, offline,
        mirror, models: name, kind, state, size_bytes, verified, optimised, missing_extra);
        ``media`` (pyav, ffmpeg, libraries, decoders, encoders: per codec what does the work, or
        null); ``environment`` (variables, config_file, settings: those that differ from the
        default); ``trials`` (part, name, load, ran, runtime, device, open_ms, run_ms, error,
        remedy); ``findings`` (level, code, text, remedy).
        """
        return {
            "ok": self.can_analyse,
            "versions": self.versions,
            "extras": self.extras,
            "machine": self.machine,
            "store": self.store,
            "media": self.media,
            "environment": self.environment,
            "trials": [{**asdict(trial), "ran": trial.ran} for trial in self.trials],
            "findings": [
                {
                    "level": finding.level,
                    "code": finding.code,
                    "text": finding.sentence("en"),
                    "remedy": finding.remedy,
                }
                for finding in self.findings
            ],
        }


def diagnose(
    settings: Settings,
    *,
    config: Path | None = None,
    environment: Mapping[str, str] | None = None,
    trouble: SettingsError | None = None,
) -> Diagnosis:
    """Look at everything, run every part once, and say what is missing.

    Parameters
    ----------
    settings
        Settings in force.
    config
        Configuration file named on the command line.
    environment
        Variables to look at; None means the process's own.
    trouble
        Why the settings that the user meant could not be used, if they could not.
    """
    source = os.environ if environment is None else environment
    stock = look_into_store(settings)
    models = stock.models
    detectors = _whole("detector", models)
    trials = run_trials(
        settings,
        detectors=[settings.faces.face_detector, *detectors],
        actions=settings.actions.actions or LANDMARKER_ACTIONS in detectors,
        faces=[COMPACT, *_whole("face", models), *_folder(settings.faces.face)],
        voices=[COMPACT, *_whole("voice", models), *_folder(settings.speech.speech)],
        recognisers=_whole("words", models),
        texts=[COMPACT, *_whole("text", models), *_folder(settings.words.text)],
    )
    library_facts, extra_facts = facts.versions(), facts.extras()
    machine_facts, media_facts = facts.machine(), facts.media()
    findings = [
        *_of_settings(settings, trouble),
        *_of_installation(library_facts, extra_facts, machine_facts),
        *_of_media(media_facts),
        *_of_store(settings, stock),
        *(_of_trial(trial) for trial in trials),
    ]
    order: list[Level] = ["problem", "note", "ok"]
    file = configuration_file(config, source)
    return Diagnosis(
        versions=library_facts,
        extras=extra_facts,
        machine=machine_facts,
        store=stock.document(),
        media=media_facts,
        environment={
            "variables": facts.variables(source),
            "config_file": None if file is None else str(file.absolute()),
            "settings": _changed(settings),
        },
        trials=tuple(trials),
        findings=tuple(sorted(findings, key=lambda finding: order.index(finding.level))),
    )


def _whole(role: Role, models: Sequence[StoredModel]) -> list[str]:
    """Names of the models of the store that can run."""
    return [
        model.registered.name
        for model in models
        if model.registered.kind == role and model.registered.source.kind != "package"
        if model.verified and not model.missing_extra
    ]


def _folder(chosen: str) -> list[str]:
    """The model that the settings name, if it is a folder."""
    return [] if chosen in {AUTO, COMPACT, NONE, *registry()} else [chosen]


def _changed(settings: Settings) -> dict[str, Any]:
    usual = Settings().values()
    return {name: value for name, value in settings.values().items() if value != usual[name]}


# --------------------------------------------------------------------------- the store


def _of_store(settings: Settings, stock: Stock) -> Iterator[Finding]:
    if stock.error:
        yield Finding("problem", "store_broken", {"cause": stock.error}, stock.remedy)
    folder = str(stock.folder)
    if not stock.writable:
        yield Finding("note", "store_read_only", {"folder": folder}, str(ELSEWHERE))
    if stock.disk_free_mb is not None and stock.disk_free_mb < LITTLE_DISK_MB:
        values = {"folder": folder, "free_mb": str(stock.disk_free_mb)}
        yield Finding("note", "disk_low", values, str(ELSEWHERE))
    if offline_variable():
        variable = offline_variable()
        yield Finding("note", "offline", {"variable": variable}, f"unset {variable}")
    for model in stock.models:
        yield from _of_stored(model)
    if stock.models:
        by_name = {model.registered.name: model for model in stock.models}
        yield from _of_choice("face", settings.faces.face, stock.offline, by_name)
        yield from _of_choice("voice", settings.speech.speech, stock.offline, by_name)
        named: dict[Role, str] = {
            "words": settings.words.transcript,
            "text": settings.words.text,
        }
        for role, name in named.items():
            if name in by_name:
                yield from _of_choice(role, name, stock.offline, by_name)


def _of_stored(model: StoredModel) -> Iterator[Finding]:
    name = model.registered.name
    if model.state is ModelState.DAMAGED:
        values = {"model": name, "cause": model.error}
        yield Finding("problem", "model_damaged", values, model.remedy)
    elif model.state is ModelState.PARTIAL:
        yield Finding("note", "model_partial", {"model": name}, _pull(name))
    elif model.state is ModelState.COMPLETE and model.missing_extra:
        values = {"model": name, "extra": model.missing_extra}
        yield Finding("note", "model_needs_extra", values, _install(model.missing_extra))


def _of_choice(
    role: Role, name: str, offline: bool, models: Mapping[str, StoredModel]
) -> Iterator[Finding]:
    """What prevents the use of the model that the settings name for a part."""
    if name == AUTO:
        usable = [models[model.name] for model in auto_order(role, ModelStore(offline=True))]
        if usable and usable[0].state is ModelState.ABSENT:
            best = usable[0].registered.name
            stored = [model.registered.name for model in usable if model.verified]
            values = {"role": role, "model": best, "chosen": (stored or [COMPACT])[0]}
            code = "auto_second" if stored else "auto_compact"
            yield Finding("note", code, values, _pull(best))
        return
    wanted = models.get(name)
    if wanted is None or wanted.state not in {ModelState.ABSENT, ModelState.PARTIAL}:
        return
    level: Level = "problem" if offline else "note"
    yield Finding(level, "chosen_absent", {"role": role, "model": name}, _pull(name))


# --------------------------------------------------------------------------- the rest


def _of_settings(settings: Settings, trouble: SettingsError | None) -> Iterator[Finding]:
    if trouble is not None:
        source = f"{trouble.file}: " if trouble.file else ""
        values = {"cause": source + trouble.cause}
        helps = trouble.remedy or str(Phrase("doctor.remedy.correct"))
        yield Finding("problem", "settings_unusable", values, helps)
    else:
        changed = ", ".join(f"{name} = {value}" for name, value in _changed(settings).items())
        if changed:
            yield Finding("ok", "settings", {"changed": changed})
        else:
            yield Finding("ok", "settings_usual")


def _of_installation(
    versions: Mapping[str, Any], extras: Mapping[str, Any], machine: Mapping[str, Any]
) -> Iterator[Finding]:
    for name, version in versions["libraries"].items():
        if version is None:
            yield Finding("problem", "library_missing", {"library": name}, f"pip install {name}")
    builds = facts.opencv_builds()
    if len(builds) > 1:
        others = [name for name in builds if name != facts.OPENCV_BUILDS[0]]
        yield Finding(
            "note",
            "opencv_twice",
            {"builds": ", ".join(builds)},
            f"pip uninstall -y {' '.join(others)} && "
            f"pip install --force-reinstall --no-deps {facts.OPENCV_BUILDS[0]}",
        )
    for name in sorted(USED_EXTRAS & set(extras)):
        if not extras[name]["installed"]:
            yield Finding("note", "extra_missing", {"extra": name}, _install(name))
    if machine["nvidia_gpu"] and "CUDAExecutionProvider" not in machine["onnxruntime_providers"]:
        yield Finding(
            "note",
            "cuda_unused",
            {},
            "pip uninstall -y onnxruntime && pip install onnxruntime-gpu",
        )


def _of_media(media: Mapping[str, Any]) -> Iterator[Finding]:
    missing = [codec for codec, decoder in media["decoders"].items() if decoder is None]
    if missing:
        level: Level = "problem" if NEEDED_DECODERS & set(missing) else "note"
        values = {"codecs": ", ".join(missing)}
        helps = "pip install --force-reinstall --no-deps av"
        yield Finding(level, "decoders_missing", values, helps)
    else:
        yield Finding("ok", "decoders", {"codecs": ", ".join(media["decoders"])})


def _of_trial(trial: Trial) -> Finding:
    if not trial.ran:
        values = {"part": trial.part, "model": trial.name, "cause": trial.error}
        return Finding("problem", "trial_failed", values, trial.remedy or str(remedy(REINSTALL)))
    values = {
        "part": trial.part,
        "model": trial.name,
        "runtime": trial.runtime,
        "device": trial.device,
        "ms": number(trial.run_ms or 0.0, 1, spoken()),
    }
    return Finding("ok", "trial", values)


def _pull(name: str) -> str:
    return f"emoreport models pull {name}"


def _install(extra: str) -> str:
    return f'pip install "emoreport[{extra}]"'
