"""Make command-line options from the settings, so that each default and help is written once."""

from __future__ import annotations

import dataclasses
import inspect
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from emoreport.errors import SettingsError
from emoreport.messages import spoken
from emoreport.settings import (
    LANGUAGES,
    OPTIONS,
    Settings,
)
from emoreport.settings.described import OptionInfo
from emoreport.settings.loading import from_environment, from_file, load_settings

METAVARS = {"seconds": "SECONDS"}
SHORT_FORMS = {
    "embed_video": ("page_video", "embed"),
    "no_video": ("page_video", "none"),
    "no_text": ("text_output", "none"),
}
"""Flags that mean one value of a setting: flag, setting, value."""

Config = Annotated[
    Path | None,
    typer.Option("--config", help="option.config", metavar="FILE"),
]
Encoding = Annotated[
    str | None,
    typer.Option(
        "--encoding",
        metavar="NAME",
        help="option.encoding",
    ),
]
StatsDir = Annotated[
    Path,
    typer.Argument(metavar="STATS_DIR", help="option.stats_dir", show_default=False),
]
Video = Annotated[
    Path | None,
    typer.Option("--video", metavar="FILE", help="option.video", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="option.json")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="option.quiet")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="option.verbose")]


def with_settings(
    names: Iterable[str] | None = None,
) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Give a command an option for every setting named (all if None) and an `options` argument.

    The command gets ``options``: the values given on the command line, by public name. A parameter
    whose type is a dataclass stands for the options that its fields are.
    """
    chosen = list(OPTIONS if names is None else names)

    def decorate(command: Callable[..., int]) -> Callable[..., int]:
        own = inspect.signature(command, eval_str=True)
        groups: dict[str, type[Any]] = {
            parameter.name: parameter.annotation
            for parameter in own.parameters.values()
            if isinstance(parameter.annotation, type)
            and dataclasses.is_dataclass(parameter.annotation)
        }
        parameters = [
            option
            for parameter in own.parameters.values()
            if parameter.name != "options"
            for option in (
                _fields(groups[parameter.name]) if parameter.name in groups else [parameter]
            )
        ]
        parameters += [_parameter(OPTIONS[name]) for name in chosen]
        short = [flag for flag, (name, _) in SHORT_FORMS.items() if name in chosen]
        parameters += [_short_form(flag) for flag in short]

        @wraps(command)
        def wrapper(**values: Any) -> int:  # noqa: ANN401 - options hold several types
            options = {name: values.pop(name) for name in chosen}
            options = {name: value for name, value in options.items() if value is not None}
            options |= _expanded(options, [flag for flag in short if values.pop(flag)])
            for name, group in groups.items():
                fields = dataclasses.fields(group)
                values[name] = group(**{field.name: values.pop(field.name) for field in fields})
            return command(options=options, **values)

        keyword = inspect.Parameter.KEYWORD_ONLY
        signature = own.replace(
            parameters=[parameter.replace(kind=keyword) for parameter in parameters]
        )
        wrapper.__signature__ = signature  # type: ignore[attr-defined]
        wrapper.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        del wrapper.__wrapped__
        return wrapper

    return decorate


def _fields(group: type) -> list[inspect.Parameter]:
    """The options that a dataclass holds, as parameters of a command."""
    types = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=field.default,
            annotation=types[field.name],
        )
        for field in dataclasses.fields(group)
    ]


def _parameter(info: OptionInfo) -> inspect.Parameter:
    annotation: Any
    if info.type is bool:
        flag = f"{info.flag}/--no-{info.name.replace('_', '-')}"
        annotation = Annotated[bool | None, typer.Option(flag, help=info.key, show_default=False)]
    else:
        annotation = Annotated[str | None, declared(info)]
    return inspect.Parameter(
        info.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation
    )


def declared(info: OptionInfo, metavar: str = "") -> Any:  # noqa: ANN401 - typer's own type
    """Option of a command as it is described; left out it is None, see `settings.commands`."""
    return typer.Option(
        info.flag,
        help=info.key,
        metavar=metavar or METAVARS.get(info.unit, info.name.split("_")[-1].upper()),
        show_default=False,
        autocompletion=_beginning_like(info.choices) if info.choices else None,
    )


def _beginning_like(choices: Sequence[str]) -> Callable[[str], list[str]]:
    """What the shell offers for a value of which the first letters are typed."""

    def offered(incomplete: str) -> list[str]:
        return [choice for choice in choices if choice.startswith(incomplete)]

    return offered


def _short_form(flag: str) -> inspect.Parameter:
    option = typer.Option(f"--{flag.replace('_', '-')}", help=f"option.{flag}")
    return inspect.Parameter(
        flag, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Annotated[bool, option]
    )


def _expanded(options: dict[str, Any], flags: Iterable[str]) -> dict[str, str]:
    """Values that short forms mean; raise SettingsError where two contradict each other."""
    expanded: dict[str, str] = {}
    for flag in flags:
        name, value = SHORT_FORMS[flag]
        if {**options, **expanded}.get(name, value) != value:
            raise SettingsError(
                "cli.contradiction", short=flag.replace("_", "-"), flag=OPTIONS[name].flag
            )
        expanded[name] = value
    return expanded


def configured(config: Path | None) -> dict[str, Any]:
    """What the configuration file that was named says, overruled by the environment."""
    return (from_file(config) if config is not None else {}) | from_environment(os.environ)


def language(options: dict[str, Any], config: Path | None) -> dict[str, Any]:
    """The language asked for, as a change of settings; empty if none was."""
    settings_in_force = configured(config) | options
    return {name: value for name, value in settings_in_force.items() if name == "lang"}


def checked_language(settings_in_force: dict[str, Any]) -> str:
    """The language in `settings_in_force`, else the usual one; raise SettingsError if unknown."""
    lang = str(settings_in_force.get("lang", spoken()))
    if lang not in LANGUAGES:
        info = OPTIONS["lang"]
        raise SettingsError("settings.value", flag=info.flag, value=lang, remedy=info.help_line)
    return lang


def settings_from(
    options: Mapping[str, Any], config: Path | None, usual: Mapping[str, Any] | None = None
) -> Settings:
    """Merge the command line with the environment and the configuration file; see there."""
    return load_settings(options, config=config, usual=usual)
