"""Command-line options made from the settings, so that every default and help stands once."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from emoreport.settings import OPTIONS, OptionInfo, Settings, load_settings

METAVARS = {"seconds": "SECONDS"}

Config = Annotated[
    Path | None,
    typer.Option("--config", help="Configuration file (TOML).", metavar="FILE"),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print errors and warnings only.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="Show tracebacks with errors.")]


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

        @wraps(command)
        def wrapper(**values: Any) -> int:  # noqa: ANN401 - options hold several types
            given = {name: values.pop(name) for name in chosen}
            given = {name: value for name, value in given.items() if value is not None}
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
        annotation = Annotated[
            str | None,
            typer.Option(
                info.flag,
                help=info.help_line,
                metavar=METAVARS.get(info.unit, info.name.split("_")[-1].upper()),
                show_default=False,
            ),
        ]
    return inspect.Parameter(
        info.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation
    )


def settings_from(given: dict[str, Any], config: Path | None) -> Settings:
    """Merge the command line with the environment and the configuration file."""
    return load_settings(given, config=config)
