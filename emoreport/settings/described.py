"""What is known of one setting: its names, help, unit and range, and how a value is checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from emoreport.errors import SettingsError

ENV_PREFIX: Final = "EMOREPORT_"


@dataclass(frozen=True, slots=True)
class OptionInfo:
    """Description of one setting: its public name, help, unit, range and choices."""

    name: str
    group: str
    attribute: str
    type: type
    default: Any
    help: str
    unit: str
    minimum: float | None
    maximum: float | None
    choices: tuple[str, ...]

    @property
    def flag(self) -> str:
        """Command-line flag, ``--min-interval``."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """Environment variable, ``EMOREPORT_MIN_INTERVAL``."""
        return ENV_PREFIX + self.name.upper()

    @property
    def help_line(self) -> str:
        """Help with unit, range, choices and default."""
        facts = []
        if self.unit:
            facts.append(self.unit)
        if self.minimum is not None or self.maximum is not None:
            low = "" if self.minimum is None else f"{self.minimum:g}"
            high = "" if self.maximum is None else f"{self.maximum:g}"
            facts.append(f"{low}–{high}" if low and high else f"from {low}" if low else f"≤ {high}")
        if self.choices:
            facts.append("|".join(self.choices))
        if not isinstance(self.default, bool):
            shown = ",".join(self.default) if isinstance(self.default, tuple) else self.default
            facts.append(f"default: {shown}")
        return f"{self.help} [{'; '.join(facts)}]" if facts else self.help


def option(
    default: Any,  # noqa: ANN401 - settings hold several types
    help: str,  # noqa: A002 - the usual word for it
    *,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] = (),
    name: str = "",
) -> Any:  # noqa: ANN401 - takes the place of the field's own type
    """Describe one field of a group of settings; see `OptionInfo`."""
    facts = {
        "help": help,
        "unit": unit,
        "minimum": minimum,
        "maximum": maximum,
        "choices": choices,
        "name": name,
    }
    return field(default=default, metadata=facts)


def checked(info: OptionInfo, value: Any) -> Any:  # noqa: ANN401 - settings hold several types
    """Convert `value` to the type of the setting and check it; raise SettingsError."""
    try:
        converted = _converted(info, value)
    except (TypeError, ValueError, OverflowError) as error:
        raise SettingsError(f"{info.flag} cannot be {value!r}", remedy=info.help_line) from error
    if isinstance(converted, (int, float)) and not isinstance(converted, bool):
        too_low = info.minimum is not None and not converted >= info.minimum
        too_high = info.maximum is not None and not converted <= info.maximum
        if too_low or too_high:
            raise SettingsError(f"{info.flag} cannot be {value!r}", remedy=info.help_line)
    chosen = converted if isinstance(converted, tuple) else (converted,)
    unknown = [item for item in chosen if info.choices and item not in info.choices]
    if unknown or (isinstance(converted, tuple) and not converted):
        raise SettingsError(f"{info.flag} cannot be {value!r}", remedy=info.help_line)
    return converted


def nearest(name: str, names: Iterable[str]) -> str:
    """``did you mean …? `` with the name most like `name`; empty if none is like it."""
    from difflib import get_close_matches

    matches = get_close_matches(name, list(names), 1)
    return f"did you mean {matches[0]}? " if matches else ""


def _converted(info: OptionInfo, value: Any) -> Any:  # noqa: ANN401 - settings hold several types
    if info.type is bool:
        return _boolean(value)
    if info.type is tuple:
        parts = value.split(",") if isinstance(value, str) else list(value)
        return tuple(dict.fromkeys(str(part).strip() for part in parts if str(part).strip()))
    if value is None or isinstance(value, bool):
        raise TypeError(value)
    if info.type in {int, float}:
        number = float(value)
        if info.type is int and not number.is_integer():
            raise ValueError(value)
        return info.type(number)
    text = str(value).strip()
    if not text:
        raise ValueError(value)
    return text


def _boolean(value: object) -> bool:
    word = str(value).strip().lower()
    if word in {"1", "true", "yes", "on"}:
        return True
    if word in {"0", "false", "no", "off", ""}:
        return False
    raise ValueError(value)
