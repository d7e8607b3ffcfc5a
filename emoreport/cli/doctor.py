"""``emoreport doctor``: show what is installed, what runs, what is missing and what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from emoreport.cli.console import print_table
from emoreport.cli.options import Config, Json, settings_from, with_settings
from emoreport.errors import EXIT_OK, EXIT_VIDEO_FAILED, SettingsError
from emoreport.messages import Words, number, speaking, spoken, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emoreport.measure.doctor.report import Diagnosis
    from emoreport.settings import Settings

_word: Final = Words("doctor")

MEGABYTES_PER_GIGABYTE = 1000


@with_settings(("offline", "runtime", "speech_runtime", "device", "threads", "lang"))
def doctor(*, as_json: Json = False, config: Config = None, options: dict[str, Any]) -> int:
    """Look at the installation: versions, models, what runs and how fast, what is missing.

    Every part of an analysis is run once on a second of made-up sound and picture, and every model
    of the store is compared byte by byte. The network is never used. The exit code is 0 when
    analyses can run and 1 when something is broken.
    """
    from emoreport.measure.doctor.report import diagnose

    settings, trouble = _settings(options, config)
    with speaking("en" if as_json else spoken()):
        diagnosis = diagnose(settings, config=config, trouble=trouble)
    if as_json:
        print(json.dumps(diagnosis.document(), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        _show(diagnosis, settings.output.lang)
    return EXIT_OK if diagnosis.can_analyse else EXIT_VIDEO_FAILED


def _settings(
    options: dict[str, Any], config: Path | None
) -> tuple[Settings, SettingsError | None]:
    """Settings in force, or those of the command line alone and why the others cannot be used."""
    from emoreport.settings import Settings

    own = Settings.from_values(options)
    try:
        return settings_from(options, config), None
    except SettingsError as error:
        return own, error


def _show(diagnosis: Diagnosis, lang: str) -> None:
    for line in _fact_lines(diagnosis, lang):
        print(line)
    print()
    _show_models(diagnosis, lang)
    heads = [_word(f"column.{name}", lang) for name in ("part", "model", "load", "runtime")]
    heads += [_word(f"column.{name}", lang) for name in ("device", "open", "run")]
    print_table(
        heads,
        [
            [
                _word(f"part.{trial.part}", lang),
                trial.name,
                _word(f"load.{trial.load}", lang),
                trial.runtime or "–",
                trial.device or "–",
                _milliseconds(trial.open_ms, lang),
                _milliseconds(trial.run_ms, lang),
            ]
            for trial in diagnosis.trials
        ],
    )
    print()
    heads = [_word(f"column.{name}", lang) for name in ("level", "finding", "remedy")]
    print_table(
        heads,
        [
            [_word(f"level.{finding.level}", lang), finding.sentence(lang), finding.remedy]
            for finding in diagnosis.findings
            if finding.code != "trial"  # the table above says it
        ],
    )
    print(_word("line.good" if diagnosis.can_analyse else "line.bad", lang))


def _show_models(diagnosis: Diagnosis, lang: str) -> None:
    here = [model for model in diagnosis.store["models"] if model["state"] != "absent"]
    if not here:
        return
    heads = [_word(f"column.{name}", lang) for name in ("model", "kind", "state", "verified")]
    rows = [
        [
            model["name"],
            text(f"cli.models.kind.{model['kind']}", lang),
            text(f"cli.models.state.{model['state']}", lang),
            "–" if model["verified"] is None else _yes_no(model["verified"], lang),
        ]
        for model in here
    ]
    print_table(heads, rows)
    print()


def _fact_lines(diagnosis: Diagnosis, lang: str) -> list[str]:
    """Facts, one line each."""
    versions, machine, media = diagnosis.versions, diagnosis.machine, diagnosis.media
    missing, none = _word("line.missing", lang), _word("line.none", lang)
    environment = diagnosis.environment
    return [
        _word(
            "line.versions",
            lang,
            emoreport=versions["emoreport"] or missing,
            python=versions["python"],
            platform=versions["platform"],
        ),
        _word("line.libraries", lang, libraries=_pairs(versions["libraries"], missing)),
        _word(
            "line.extras",
            lang,
            extras=", ".join(
                f"{name} {_yes_no(extra['installed'], lang)}"
                for name, extra in diagnosis.extras.items()
            )
            or none,
        ),
        _word(
            "line.machine",
            lang,
            cores=machine["cores"],
            memory=_gigabytes(machine["memory_total_mb"], lang),
            available=_gigabytes(machine["memory_available_mb"], lang),
            nvidia=_yes_no(machine["nvidia_gpu"], lang),
        ),
        _word(
            "line.media",
            lang,
            ffmpeg=media["ffmpeg"] or missing,
            pyav=media["pyav"] or missing,
            decoders=_there(media["decoders"]) or none,
            encoders=_there(media["encoders"]) or none,
        ),
        _word(
            "line.store",
            lang,
            folder=diagnosis.store["folder"],
            free=_gigabytes(diagnosis.store["disk_free_mb"], lang),
        ),
        _word("line.config", lang, file=environment["config_file"] or none),
        _word("line.variables", lang, variables=_pairs(environment["variables"], "") or none),
    ]


def _yes_no(value: object, lang: str) -> str:
    return _word("line.yes" if value else "line.no", lang)


def _pairs(values: Mapping[str, object], missing: str) -> str:
    return ", ".join(
        f"{name} {missing if value is None else value}" for name, value in values.items()
    )


def _there(codecs: Mapping[str, object]) -> str:
    return " ".join(codec for codec, version in codecs.items() if version is not None)


def _gigabytes(megabytes: int | None, lang: str) -> str:
    if megabytes is None:
        return text("cli.line.unknown", lang)
    value = number(megabytes / MEGABYTES_PER_GIGABYTE, 1, lang)
    return _word("line.gigabytes", lang, value=value)


def _milliseconds(value: float | None, lang: str) -> str:
    return "–" if value is None else _word("line.milliseconds", lang, value=number(value, 1, lang))
