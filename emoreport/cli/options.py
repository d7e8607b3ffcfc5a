"""Command-line options made from the settings, so that every default and help stands once."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from emoreport.errors import SettingsError
from emoreport.models.store.registry import EntryKind, known_names
from emoreport.settings import (
    LANGUAGES,
    OPTIONS,
    Settings,
    from_environment,
    from_file,
    load_settings,
)
from emoreport.settings.described import OptionInfo

METAVARS = {"seconds": "SECONDS"}
MODELS: Mapping[str, EntryKind] = {"face": "face", "speech": "voice"}
"""Settings whose help names models: the registry fills them in."""
SHORT_FORMS = {
    "embed_video": ("page_video", "embed", "The same as --page-video embed."),
    "no_video": ("page_video", "none", "The same as --page-video none."),
}
"""Flags that stand for one value of a setting: flag, setting, value, help."""

Config = Annotated[
    Path | None,
    typer.Option("--config", help="Configuration file (TOML).", metavar="FILE"),
]
Encoding = Annotated[
    str | None,
    typer.Option(
        "--encoding",
        metavar="NAME",
        help="Encoding of tables and texts of people that are not in Unicode, such as cp1251 or "
        "cp1252; left out, it is guessed where that is safe, and said.",
    ),
]
StatsDir = Annotated[
    Path,
    typer.Argument(
        metavar="STATS_DIR", help="A folder that `emoreport analyze` wrote.", show_default=False
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors and warnings only.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show tracebacks with errors.")]


def with_settings(
    names: Iterable[str] | None = None,
) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Give a command an option for every setting named (all if None) and a `given` argument.

    The command gets ``given``: the values that stood on the command line, by public name.
    """
    chosen = list(OPTIONS if names is None else names)

    def decorate(command: Callable[..., int]) -> Callable[..., int]:
        own = inspect.signature(command, eval_str=True)
        parameters = [entry for entry in own.parameters.values() if entry.name != "given"]
        parameters += [_parameter(OPTIONS[name]) for name in chosen]
        short = [flag for flag, (name, _, _) in SHORT_FORMS.items() if name in chosen]
        parameters += [_short_form(flag) for flag in short]

        @wraps(command)
        def wrapper(**values: Any) -> int:  # noqa: ANN401 - options hold several types
            given = {name: values.pop(name) for name in chosen}
            given = {name: value for name, value in given.items() if value is not None}
            given |= _expanded(given, [flag for flag in short if values.pop(flag)])
            return command(given=given, **values)

        keyword = inspect.Parameter.KEYWORD_ONLY
        signature = own.replace(parameters=[entry.replace(kind=keyword) for entry in parameters])
        wrapper.__signature__ = signature  # type: ignore[attr-defined]
        wrapper.__annotations__ = {entry.name: entry.annotation for entry in parameters}
        del wrapper.__wrapped__
        return wrapper

    return decorate


def _parameter(info: OptionInfo) -> inspect.Parameter:
    annotation: Any
    if info.type is bool:
        flag = f"{info.flag}/--no-{info.name.replace('_', '-')}"
        annotation = Annotated[
            bool | None, typer.Option(flag, help=info.help_line, show_default=False)
        ]
    else:
        annotation = Annotated[str | None, declared(info)]
    return inspect.Parameter(
        info.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation
    )


def declared(info: OptionInfo, metavar: str = "") -> Any:  # noqa: ANN401 - typer's own type
    """Option of a command as it is described; left out it is None, see `settings.commands`."""
    return typer.Option(
        info.flag,
        help=_help(info),
        metavar=metavar or METAVARS.get(info.unit, info.name.split("_")[-1].upper()),
        show_default=False,
    )


def _help(info: OptionInfo) -> str:
    if info.name not in MODELS:
        return info.help_line
    return info.help_line.replace("<model>", ", ".join(known_names(MODELS[info.name])))


def _short_form(flag: str) -> inspect.Parameter:
    option = typer.Option(f"--{flag.replace('_', '-')}", help=SHORT_FORMS[flag][2])
    return inspect.Parameter(
        flag, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Annotated[bool, option]
    )


def _expanded(given: dict[str, Any], flags: Iterable[str]) -> dict[str, str]:
    """Values that short forms stand for; raise SettingsError where two contradict each other."""
    found: dict[str, str] = {}
    for flag in flags:
        name, value, _ = SHORT_FORMS[flag]
        if {**given, **found}.get(name, value) != value:
            raise SettingsError(
                f"--{flag.replace('_', '-')} contradicts another option for {OPTIONS[name].flag}",
                remedy="give one of them",
            )
        found[name] = value
    return found


def configured(config: Path | None) -> dict[str, Any]:
    """What the configuration file that was named says, overruled by the environment."""
    return (from_file(config) if config is not None else {}) | from_environment(os.environ)


def language(given: dict[str, Any], config: Path | None) -> dict[str, Any]:
    """The language asked for, as a change of settings; empty if none was."""
    known = configured(config) | given
    return {name: value for name, value in known.items() if name == "lang"}


def checked_language(known: dict[str, Any]) -> str:
    """The language among `known` values, else the usual one; raise SettingsError if unknown."""
    lang = str(known.get("lang", OPTIONS["lang"].default))
    if lang not in LANGUAGES:
        raise SettingsError(f"--lang cannot be {lang!r}", remedy=OPTIONS["lang"].help_line)
    return lang


def settings_from(given: dict[str, Any], config: Path | None) -> Settings:
    """Merge the command line with the environment and the configuration file."""
    return load_settings(given, config=config)
