"""Look up the texts that people read, in the language they asked for.

Every language is a folder of TOML files beside this module. The first part of a key names the
file, the rest the place in it: ``tables.sheet.summary`` is ``summary`` in the table ``[sheet]`` of
``<language>/tables.toml``. A file is read when the first of its words is asked for.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from string import Formatter
from typing import Any, Final

from emoreport.messages.language import USUAL, check_language, folder_of_words, spoken
from emoreport.vocabulary import NAMES

SUFFIX: Final = ".toml"
COMMA_LANGUAGES: Final = frozenset({"ru"})
"""Languages with a decimal comma."""


def text(key: str, lang: str, /, **values: object) -> str:
    """Words of `key` in the language `lang`, with `values` put into their braces.

    Parameters
    ----------
    key
        Dotted key; its first part names the file.
    lang
        Language code, one of `languages`.
    values
        What replaces ``{name}`` in the text. Fractional numbers get the decimal sign of the
        language.

    Raises
    ------
    KeyError
        When there is no such language or key, or the text asks for a value that is not given.

    Examples
    --------
    >>> text("tables.sheet.summary", "en")
    'summary'
    """
    words = template(key, lang)
    if lang in COMMA_LANGUAGES:
        return _CommaFormatter().vformat(words, (), values)
    return words.format(**values)


def template(key: str, lang: str) -> str:
    """Words of `key` with their braces; see `text`."""
    source, _, rest = key.partition(".")
    words = _words(lang, source)
    if rest not in words:
        raise KeyError(f"there are no words for {key!r} in {lang!r}")
    return words[rest]


def number(value: float, decimals: int, lang: str) -> str:
    """Number with so many decimals and the decimal sign of the language.

    Examples
    --------
    >>> number(1.585, 2, "en"), number(1.585, 2, "ru")
    ('1.58', '1,58')
    """
    return decimal(f"{value:.{decimals}f}", lang)


def decimal(shown: str, lang: str) -> str:
    """Number that is written with a decimal point, with the decimal sign of the language.

    Examples
    --------
    >>> decimal("0.5", "ru")
    '0,5'
    """
    return shown.replace(".", ",") if lang in COMMA_LANGUAGES else shown


WHY_A_MODEL: Final = ("cli.model.reason", "errors.models", "errors.net")
"""Where the words are in which a run records, in English, why a model ran."""


def retold(said: str, groups: Sequence[str], lang: str) -> str:
    """What a run recorded in English in words of these groups, in `lang`; itself where none fits.

    Examples
    --------
    >>> retold("best model in the store", WHY_A_MODEL, "ru")
    'лучшая модель в хранилище'
    """
    within = tuple(f"{group}." for group in groups)
    for key in sorted(name for name in keys(USUAL) if name.startswith(within)):
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(template(key, USUAL)))
        match = re.fullmatch(pattern, said)
        if match:
            values = {
                name: retold(value, groups, lang) for name, value in match.groupdict().items()
            }
            return text(key, lang, **values)
    return said


def figures(values: Mapping[str, str], lang: str) -> dict[str, str]:
    """Values as they were recorded, those that are fractional numbers with the decimal sign.

    Examples
    --------
    >>> figures({"seconds": "1.5", "name": "talk.mp4"}, "ru")
    {'seconds': '1,5', 'name': 'talk.mp4'}
    """
    fractional = re.compile(r"[-−]?\d+\.\d+")
    return {
        name: decimal(str(value), lang) if fractional.fullmatch(str(value)) else value
        for name, value in values.items()
    }


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text that is worded where it is shown, in the language in force then; see `text`.

    Examples
    --------
    >>> str(Phrase("tables.summary.seconds", {"value": 1.5}))
    '1.5 s'
    """

    key: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        """Words in the language in force."""
        return text(self.key, spoken(), **self.values)


@dataclass(frozen=True, slots=True)
class Words:
    """The words below one part of the catalogues: called like `text`, with the rest of the key.

    Examples
    --------
    >>> Words("tables.sheet")("summary", "en")
    'summary'
    """

    group: str

    def __call__(self, key: str, lang: str, /, **values: object) -> str:
        """Words of ``group.key``; see `text`."""
        return text(f"{self.group}.{key}", lang, **values)


def label_name(label: str, lang: str, bridge: Mapping[str, str] | None = None) -> str:
    """Name of an emotion label for people; the label itself where the language has no name.

    With `bridge`, a label that it equates with another says so.

    Examples
    --------
    >>> label_name("positive", "en", {"positive": "happiness"})
    'positive (= happiness)'
    """
    name = NAMES.get(lang, {}).get(label, label)
    partner = (bridge or {}).get(label, label)
    return name if partner == label else f"{name} (= {label_name(partner, lang)})"


def keys(lang: str) -> frozenset[str]:
    """Every key there are words for in `lang`.

    Raises
    ------
    KeyError
        When there is no such language.
    """
    check_language(lang)
    sources = [
        file.name.removesuffix(SUFFIX)
        for file in (folder_of_words() / lang).iterdir()
        if file.name.endswith(SUFFIX)
    ]
    return frozenset(f"{source}.{rest}" for source in sources for rest in _words(lang, source))


@cache
def _words(lang: str, source: str) -> Mapping[str, str]:
    check_language(lang)
    file = folder_of_words() / lang / f"{source}{SUFFIX}"
    if not file.is_file():
        raise KeyError(f"there is no file of words {source!r} in {lang!r}")
    return dict(_flattened(tomllib.loads(file.read_text(encoding="utf-8")), ""))


def _flattened(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flattened(value, f"{prefix}{name}.")
        elif isinstance(value, str):
            yield f"{prefix}{name}", value
        else:
            raise TypeError(f"words must be text, {prefix}{name} is {value!r}")


class _CommaFormatter(Formatter):
    """Puts values into a text as `str.format` does, fractional numbers with a comma."""

    def format_field(self, value: Any, format_spec: str) -> str:  # noqa: ANN401 - as in Formatter
        shown = format(value, format_spec)
        return shown.replace(".", ",") if isinstance(value, float) else shown
