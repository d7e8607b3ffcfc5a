"""What is known of one setting: its names, help, unit and range, and how a value is checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from emoreport.errors import SettingsError
from emoreport.messages import Words, spoken

ENV_PREFIX: Final = "EMOREPORT_"
_word: Final = Words("settings")


@dataclass(frozen=True, slots=True)
class OptionInfo:
    """Description of one setting: its public name, unit, range and choices.

    What it is for is in the catalogues, ``settings.toml``, by its name.
    """

    name: str
    group: str
    attribute: str
    type: type
    default: Any
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
    def key(self) -> str:
        """Key of its words in the catalogues."""
        return f"settings.{self.name}" if self.group else f"settings.command.{self.name}"

    @property
    def help(self) -> str:
        """What it is for, in the language in force."""
        return _word(self.key.partition(".")[2], spoken())

    @property
    def help_line(self) -> str:
        """Help with unit, range, choices and default, in the language in force."""
        facts = []
        if self.unit:
            facts.append(_word(f"unit.{self.unit}", spoken()))
        if self.minimum is not None or self.maximum is not None:
            facts.append(self._range())
        if self.choices:
            facts.append("|".join(self.choices))
        if not isinstance(self.default, bool):
            shown = ",".join(self.default) if isinstance(self.default, tuple) else str(self.default)
            facts.append(_word("fact.default", spoken(), value=shown))
        return f"{self.help} [{'; '.join(facts)}]" if facts else self.help

    def _range(self) -> str:
        # With a point in every language: that is how values are typed.
        low = "" if self.minimum is None else f"{self.minimum:g}"
        high = "" if self.maximum is None else f"{self.maximum:g}"
        if low and high:
            return f"{low}–{high}"
        return _word("fact.from" if low else "fact.up_to", spoken(), low=low, high=high)


def option(
    default: Any,  # noqa: ANN401 - settings hold several types
    *,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] = (),
    name: str = "",
) -> Any:  # noqa: ANN401 - takes the place of the field's own type
    """Describe one field of a group of settings; see `OptionInfo`."""
    facts = {
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
        raise SettingsError(
            "settings.value", flag=info.flag, value=value, remedy=info.help_line
        ) from error
    if isinstance(converted, (int, float)) and not isinstance(converted, bool):
        too_low = info.minimum is not None and not converted >= info.minimum
        too_high = info.maximum is not None and not converted <= info.maximum
        if too_low or too_high:
            raise SettingsError(
                "settings.value", flag=info.flag, value=value, remedy=info.help_line
            )
    chosen = converted if isinstance(converted, tuple) else (converted,)
    unknown = [item for item in chosen if info.choices and item not in info.choices]
    if unknown or (isinstance(converted, tuple) and not converted):
        raise SettingsError("settings.value", flag=info.flag, value=value, remedy=info.help_line)
    return converted


def nearest(name: str, names: Iterable[str]) -> str:
    """``did you mean …? ``, with the name most like `name`; empty if none is like it."""
    from difflib import get_close_matches

    matches = get_close_matches(name, list(names), 1)
    return f"{_word('fact.near', spoken(), name=matches[0])} " if matches else ""


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
