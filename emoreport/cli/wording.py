"""Word the help and the usage errors of the command line in the language in force.

In the code an option's help is a key: of ``help.toml``, or of ``settings.toml`` where the option is
a setting, whose unit, range and default are then added. What a command itself says is under its own
name. The keys are replaced once, before anything is parsed; the words of the parser are replaced
where it writes them.
"""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer.core
import typer.main

from emoreport.cli.panels import lay_out
from emoreport.errors import SettingsError
from emoreport.messages import Words, language_of_locale, languages, spoken
from emoreport.settings import OPTIONS
from emoreport.settings.commands import COMMAND_OPTIONS
from emoreport.settings.loading import configuration_file, from_file

if TYPE_CHECKING:
    from emoreport.models.store.registry import EntryKind

_help: Final = Words("help")
_DESCRIBED: Final = {info.key: info for info in (*OPTIONS.values(), *COMMAND_OPTIONS)}
_MODELS: Final[Mapping[str, EntryKind]] = {
    "settings.face": "face",
    "settings.face_witness": "face",
    "settings.speech": "voice",
    "settings.speech_witness": "voice",
}
"""Settings whose help names models: the registry fills them in."""
_OF_THE_PARSER: Final = frozenset({"install_completion", "show_completion"})
_METAVAR_WORD: Final = re.compile(r"[A-Z_]{2,}")
_TYPE: Final = re.compile(r" <[\w\[\]]+>")
"""The type that some releases of typer write behind an argument."""
_Formatter: Any = typer.core.TyperCommand.context_class.formatter_class


def language_of(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """Language that a command line will speak: asked for by it, a variable, a file or the locale.

    What cannot be read or is no language counts for nothing here; the command itself will say so.
    """
    source = os.environ if environment is None else environment
    named = (
        _value_of("--lang", arguments)
        or source.get(OPTIONS["lang"].variable)
        or _configured(_value_of("--config", arguments), source)
    )
    return named if named in languages() else language_of_locale(source)


def _value_of(flag: str, arguments: Sequence[str]) -> str | None:
    """Last value that a flag is given on the command line."""
    value = None
    for argument, following in zip(arguments, [*arguments[1:], None], strict=False):
        if argument == "--":
            break
        if argument == flag:
            value = following
        elif argument.startswith(f"{flag}="):
            value = argument.partition("=")[2]
    return value


def _configured(config: str | None, environment: Mapping[str, str]) -> str | None:
    file = configuration_file(None if config is None else Path(config), environment)
    try:
        return None if file is None else str(from_file(file).get("lang"))
    except SettingsError:
        return None


def worded_command(app: typer.Typer) -> Any:  # noqa: ANN401 - typer's own class of commands
    """The command of an application, its help in the language in force."""
    command: Any = typer.main.get_command(app)
    asked = next(option for option in command.commands["analyze"].params if option.name == "lang")
    # Whoever does not use the language takes the option all the same: it is in force by now.
    unused = copy.copy(asked)
    unused.expose_value = False
    _word(command, (), unused)
    return command


def _word(command: Any, path: tuple[str, ...], lang: Any) -> None:  # noqa: ANN401 - typer's own
    if not any(parameter.name == "lang" for parameter in command.params):
        command.params.append(copy.copy(lang))
    command.help = _help(f"{'.'.join(path) or 'app'}.about", spoken())
    base = command.context_class
    command.context_class = type(base.__name__, (base,), {"formatter_class": _WordedFormatter})
    for parameter in command.params:
        if parameter.help:
            # The parser itself adds some, with help of its own.
            own = parameter.name in _OF_THE_PARSER
            parameter.help = option_help(f"app.{parameter.name}" if own else parameter.help)
        if parameter.metavar:
            parameter.metavar = _METAVAR_WORD.sub(_metavar, parameter.metavar)
    command.short_help = command.help.partition("\n\n")[0].replace("\n", " ")
    lay_out(command, ".".join(path))
    command.options_metavar = f"[{_help('metavar.OPTIONS', spoken())}]"
    for name, part in getattr(command, "commands", {}).items():
        command.subcommand_metavar = "{} [{}]...".format(
            _help("metavar.COMMAND", spoken()), _help("metavar.ARGS", spoken())
        )
        _word(part, (*path, name), lang)


def option_help(key: str) -> str:
    """Help of an option in the language in force."""
    info = _DESCRIBED.get(key)
    if info is None:
        return _help(key, spoken(), **_listed(key))
    if key not in _MODELS:
        return info.help_line
    from emoreport.models.store.registry import known_names

    return info.help_line.replace("<model>", ", ".join(known_names(_MODELS[key])))


def _listed(key: str) -> dict[str, str]:
    """Names that the help of an option lists."""
    if key.startswith("export."):
        from emoreport.exchange.writers import CODED, FORMATS

        return {"formats": ", ".join(FORMATS), "coded": ", ".join(CODED)}
    if key == "transcribe.to":
        from emoreport.exchange.writers import SPOKEN

        return {"formats": ", ".join(SPOKEN)}
    if key == "models.import-head.layout":
        from emoreport.heads.published.layouts import LAYOUTS

        return {"layouts": ", ".join(LAYOUTS)}
    if key == "models.optimize.name":
        from emoreport.measure.optimize import OPTIMIZERS
        from emoreport.models.store.registry import registry, shown_names

        able = (model for model in registry().values() if model.family in OPTIMIZERS)
        return {"optimizable": ", ".join(shown_names(able))}
    return {}


class _WordedFormatter(_Formatter):  # type: ignore[misc]
    """Writes help with the headings of the catalogues."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the line of usage."""
        super().write_usage(prog, args, prefix or f"{_frame('usage')} ")

    def write_heading(self, heading: str) -> None:
        """Write the heading of a section."""
        known = heading.lower() if heading in {"Arguments", "Options", "Commands"} else ""
        super().write_heading(_frame(known) if known else heading)

    def write_dl(
        self, rows: Sequence[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """Write a list of options or commands."""
        worded = [(_TYPE.sub("", first), _framed(second)) for first, second in rows]
        super().write_dl(worded, col_max, col_spacing)


def _frame(key: str, **values: str) -> str:
    return _help(f"frame.{key}", spoken(), **values)


def _framed(second: str) -> str:
    """What the parser itself adds to the help of an option, replaced."""
    if second == "Show this message and exit.":
        return _frame("help")
    return second.replace("[required]", f"[{_frame('required')}]").replace(
        "[default: ", f"[{_frame('default')} "
    )


def _metavar(match: re.Match[str]) -> str:
    try:
        return _help(f"metavar.{match[0]}", spoken())
    except KeyError:
        return match[0]


def usage_line(error: Any) -> str:  # noqa: ANN401 - the parser's own class of errors
    """What is wrong with a command line, and how to see its help, in the language in force."""
    key, values = _usage(error)
    cause = _help(f"usage.{key}", spoken(), **values)
    path = error.ctx.command_path if error.ctx is not None else "emoreport"
    return f"{cause}; {_frame('try', command=path)}"


def _usage(error: Any) -> tuple[str, dict[str, str]]:  # noqa: ANN401 - as above
    kind, message = type(error).__name__, error.message
    if kind == "NoSuchOption":
        near = (error.possibilities or [""])[0]
        key = "no_such_option_near" if near else "no_such_option"
        return key, {"name": error.option_name, "near": near}
    if kind == "BadOptionUsage":
        key = "takes_no_value" if "not take" in message else "needs_value"
        return key, {"name": error.option_name}
    if kind == "MissingParameter":
        return "missing", {"name": _hint(error.param)}
    if kind == "BadParameter" and error.param is not None:
        return "bad_value", {"name": _hint(error.param), "help": error.param.help.rstrip(".")}
    for key, pattern in _MESSAGES.items():
        match = re.search(pattern, message)
        if match:
            return key, match.groupdict()
    return "other", {"message": message}


_MESSAGES: Final = {
    "no_such_command_near": r"^No such command '(?P<name>.*)'\. Did you mean '(?P<near>.*?)'",
    "no_such_command": r"^No such command '(?P<name>.*)'\.$",
    "missing_command": r"^Missing command\.$",
    "extra": r"^Got unexpected extra arguments?(\(s\))? \((?P<names>.*)\)$",
}
"""What the parser says, by the key of our words for it."""


def _hint(parameter: Any) -> str:  # noqa: ANN401 - as above
    """How a parameter is called in help."""
    if parameter.param_type_name == "option":
        return " / ".join(parameter.opts)
    return str(parameter.metavar or parameter.name.upper())
