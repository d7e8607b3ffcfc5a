"""The errors of emoreport, listed in one place.

EmoreportError
├── SettingsError      wrong usage or settings (exit code 2)
├── InputNotFoundError the path does not exist (exit code 2)
├── MediaError         the file cannot be read as a video
├── FaceStageError     detection or face-emotion inference failed
├── SpeechStageError   voice activity or voice-emotion inference failed
├── ModelError         a model is missing, damaged or does not fit
├── OutputError        a table or report cannot be written
└── StoredReadingsError  stored readings are missing or cannot be used

Adapters translate the errors of foreign libraries into these with ``raise … from`` so that a
user always reads four things: the file, the stage, the cause and the remedy.

An error carries a key and values; the words are in the catalogues, ``errors.toml`` of each
language, and are looked up where the error is shown. ``[media] empty.cause`` is what
``MediaError("media.empty")`` says, ``empty.remedy`` what helps; remedies that several errors share
are in ``[remedy]``.
"""

from __future__ import annotations

from typing import ClassVar, Self

from emoreport.messages import Phrase

EXIT_OK = 0
EXIT_VIDEO_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


class WordedError(Exception):
    """An error that the catalogues have words for.

    Parameters
    ----------
    key
        Names the words in ``errors.toml``.
    remedy
        What the user can do about it, where that is not the one of `key`: the key of a shared
        remedy, whose values are those of the error, or a phrase.
    values
        What the words ask for.
    """

    def __init__(self, key: str, /, *, remedy: str | Phrase = "", **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values
        self._remedy = remedy

    @property
    def cause(self) -> str:
        """What went wrong, in one clause, in the language in force."""
        return _worded(f"{self.key}.cause", self.values) or self.key

    @property
    def remedy(self) -> str:
        """What the user can do about it, in one clause; may be empty."""
        if isinstance(self._remedy, Phrase):
            return str(self._remedy)
        if self._remedy:
            return _worded(f"remedy.{self._remedy}", self.values) or self._remedy
        return _worded(f"{self.key}.remedy", self.values)

    def turned_into(
        self, kind: type[EmoreportError], *, remedy: str | Phrase = "", file: object = None
    ) -> EmoreportError:
        """The same words as an error of another kind; `remedy` where this one has none."""
        own = self._remedy or ("" if self.remedy else remedy)
        return kind(self.key, remedy=own, file=file, **self.values)

    def with_remedy(self, remedy: str | Phrase | None) -> Self:
        """Name another remedy, unless `remedy` is empty; return self."""
        self._remedy = remedy or self._remedy
        return self

    def __str__(self) -> str:
        """Return the cause."""
        return self.cause


def remedy(key: str, **values: object) -> Phrase:
    """A shared remedy, for who gives values that the error itself has not; see `WordedError`."""
    return Phrase(f"errors.remedy.{key}", values)


def _worded(key: str, values: dict[str, object]) -> str:
    """Words of a key of ``errors.toml``; empty where there are none, for an error must be shown."""
    try:
        return str(Phrase(f"errors.{key}", values))
    except KeyError:
        return ""


class EmoreportError(WordedError):
    """Base of every error that emoreport raises on purpose; see `WordedError`.

    Parameters
    ----------
    file
        The file or folder concerned, if there is one.
    """

    stage: ClassVar[str] = "emoreport"
    exit_code: ClassVar[int] = EXIT_VIDEO_FAILED

    def __init__(
        self,
        key: str,
        /,
        *,
        remedy: str | Phrase = "",
        file: object | None = None,
        **values: object,
    ) -> None:
        super().__init__(key, remedy=remedy, **values)
        self.file = None if file is None else str(file)

    def __str__(self) -> str:
        """Return ``file: stage: cause; remedy`` on one line."""
        prefix = f"{self.file}: " if self.file else ""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return " ".join(f"{prefix}{stage_name(self.stage)}: {self.cause}{remedy}".split())

    def with_file(self, file: object) -> Self:
        """Name `file` as the place of the error, unless one is named already; return self."""
        if self.file is None:
            self.file = str(file)
        return self


def stage_name(stage: str) -> str:
    """Name of the stage of an error in the language in force; codes of others stay."""
    return _worded(f"stage.{stage}", {}) or stage


class SettingsError(EmoreportError):
    """An option, variable or configuration file holds an unusable value."""

    stage = "settings"
    exit_code = EXIT_USAGE


class InputNotFoundError(EmoreportError):
    """The path given does not exist."""

    stage = "input"
    exit_code = EXIT_USAGE


class MediaError(EmoreportError):
    """The file cannot be opened or decoded as a video."""

    stage = "decode"


class FaceStageError(EmoreportError):
    """Face detection or face-emotion inference failed."""

    stage = "faces"


class SpeechStageError(EmoreportError):
    """Voice activity detection or voice-emotion inference failed."""

    stage = "speech"


class ModelError(EmoreportError):
    """A model is missing, damaged or does not fit its description."""

    stage = "models"


class OutputError(EmoreportError):
    """A table, report or folder cannot be written."""

    stage = "output"


class StoredReadingsError(EmoreportError):
    """Stored readings are missing, damaged or of another layout."""

    stage = "readings"
