"""The language in force: the one that errors and help are worded in where nobody names another.

The command line sets it once, before it parses anything, and every worker process when it starts.
Texts of tables, pages and pictures do not look at it: they are given the language of their run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

USUAL: Final = "en"
LOCALE_VARIABLES: Final = ("LC_ALL", "LC_MESSAGES", "LANG")
"""Variables of POSIX that name the language of messages; the first that is set decides."""

_in_force = USUAL


def folder_of_words() -> Traversable:
    """Folder that holds a folder of words for every language."""
    return resources.files(__package__)


@cache
def languages() -> tuple[str, ...]:
    """Codes of the languages there are words for, sorted."""
    return tuple(
        sorted(folder.name for folder in folder_of_words().iterdir() if _is_language(folder))
    )


def _is_language(folder: Traversable) -> bool:
    return folder.is_dir() and not folder.name.startswith(("_", "."))


def check_language(lang: str) -> None:
    """Raise KeyError when there are no words in `lang`."""
    if lang not in languages():
        raise KeyError(f"there are no words in the language {lang!r}")


def spoken() -> str:
    """Code of the language in force."""
    return _in_force


def speak(lang: str) -> None:
    """Put the language `lang` in force in this process.

    Raises
    ------
    KeyError
        When there are no words in it.
    """
    global _in_force  # noqa: PLW0603 - a process speaks one language, as with a locale
    check_language(lang)
    _in_force = lang


@contextmanager
def speaking(lang: str) -> Iterator[None]:
    """Put `lang` in force for a block; see `speak`."""
    before = spoken()
    speak(lang)
    try:
        yield
    finally:
        speak(before)


def language_of_locale(environment: Mapping[str, str] | None = None) -> str:
    """Language that the locale of the environment asks for; English where it is none of ours.

    Examples
    --------
    >>> language_of_locale({"LANG": "ru_RU.UTF-8"})
    'ru'
    >>> language_of_locale({"LC_ALL": "C", "LANG": "ru_RU.UTF-8"})
    'en'
    """
    source = os.environ if environment is None else environment
    named = next((source[name] for name in LOCALE_VARIABLES if source.get(name)), USUAL)
    code = named.partition(".")[0].partition("_")[0].lower()
    return code if code in languages() else USUAL
