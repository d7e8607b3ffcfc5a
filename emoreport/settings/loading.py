"""Settings from the environment and from a configuration file, merged with the command line's."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from emoreport.errors import SettingsError
from emoreport.messages import spoken
from emoreport.settings import OPTIONS, Settings
from emoreport.settings.described import ENV_PREFIX, nearest

OTHER_VARIABLES: Final = frozenset({"EMOREPORT_MODEL_DIR", "EMOREPORT_MODEL_MIRROR"})


def from_environment(environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Settings found in ``EMOREPORT_*`` variables, by public name.

    Raises
    ------
    SettingsError
        For a variable with that prefix that names no setting.
    """
    source = os.environ if environment is None else environment
    by_variable = {info.variable: name for name, info in OPTIONS.items()}
    values: dict[str, Any] = {}
    for variable, value in source.items():
        if not variable.startswith(ENV_PREFIX) or variable in OTHER_VARIABLES:
            continue
        if variable == ENV_PREFIX + "CONFIG":
            continue
        if variable not in by_variable:
            raise SettingsError(
                "settings.variable", variable=variable, near=nearest(variable, by_variable)
            )
        values[by_variable[variable]] = value
    return values


def from_file(path: Path) -> dict[str, Any]:
    """Settings found in a TOML file, by public name; keys may be in tables of any name.

    Raises
    ------
    SettingsError
        When the file cannot be read, is not TOML or holds an unknown key.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError("file.unreadable", error=error, file=path) from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError("settings.not_toml", error=error, file=path) from error
    settings: dict[str, Any] = {}
    for key, value in document.items():
        table = value if isinstance(value, dict) else {key: value}
        for name, setting in table.items():
            public = name.replace("-", "_")
            if public not in OPTIONS:
                raise SettingsError(
                    "settings.unknown_in_file", name=name, near=nearest(public, OPTIONS), file=path
                )
            settings[public] = setting
    return settings


def configuration_file(config: Path | None, environment: Mapping[str, str]) -> Path | None:
    """Configuration file in force; None for none.

    `config` if it is given, else what ``EMOREPORT_CONFIG`` names, else ``emoreport.toml`` in the
    working directory if it is there.
    """
    if config is not None:
        return config
    named = environment.get(ENV_PREFIX + "CONFIG")
    if named:
        return Path(named)
    usual = Path("emoreport.toml")
    return usual if usual.is_file() else None


def load_settings(
    flags: Mapping[str, Any],
    *,
    config: Path | None = None,
    environment: Mapping[str, str] | None = None,
    usual: Mapping[str, Any] | None = None,
) -> Settings:
    """Merge flags, environment, configuration file and defaults, in this precedence.

    The language that none of them names is the one in force.

    Parameters
    ----------
    flags
        Values given on the command line by public name; None means not given.
    config
        As for `configuration_file`.
    environment
        Variables to look at; None means the process's own.
    usual
        Values by public name that a command takes in the place of the defaults.

    Raises
    ------
    SettingsError
        When a source holds something unusable; the message names the setting.
    """
    source = os.environ if environment is None else environment
    file = configuration_file(config, source)
    merged: dict[str, Any] = {}
    if file is not None:
        merged = from_file(file)
        try:
            Settings.from_values(merged)
        except SettingsError as error:
            raise error.with_file(file) from error.__cause__
    merged |= from_environment(source)
    merged |= {name: value for name, value in flags.items() if value is not None}
    merged.setdefault("lang", spoken())
    return Settings.from_values({**(usual or {}), **merged})
