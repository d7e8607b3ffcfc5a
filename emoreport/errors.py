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
"""

from __future__ import annotations

from typing import ClassVar

EXIT_OK = 0
EXIT_VIDEO_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


class EmoreportError(Exception):
    """Base of every error that emoreport raises on purpose.

    Parameters
    ----------
    cause
        What went wrong, in one clause.
    remedy
        What the user can do about it, in one clause; may be empty.
    file
        The file or folder concerned, if there is one.
    """

    stage: ClassVar[str] = "emoreport"
    exit_code: ClassVar[int] = EXIT_VIDEO_FAILED

    def __init__(self, cause: str, *, remedy: str = "", file: object | None = None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.remedy = remedy
        self.file = None if file is None else str(file)

    def __str__(self) -> str:
        """Return ``file: stage: cause; remedy`` on one line."""
        prefix = f"{self.file}: " if self.file else ""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return " ".join(f"{prefix}{self.stage}: {self.cause}{remedy}".split())

    def with_file(self, file: object) -> EmoreportError:
        """Name `file` as the place of the error, unless one is named already; return self."""
        if self.file is None:
            self.file = str(file)
        return self


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
