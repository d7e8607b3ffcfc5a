"""Turn findings into files of other programs, as bytes; nothing is read or written here.

`FORMATS` is the list of them: one module writes a format, all with the signature of `Writer`. They
share `tiers` (rows in whole milliseconds, which all time-aligned formats use). docs/exports.md
describes the files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Final, Protocol, cast

if TYPE_CHECKING:
    from emoreport.results import Findings

Files = Mapping[str, bytes]
"""Content by what follows the stem in the file's name."""


@dataclass(frozen=True, slots=True)
class Media:
    """Where an exported file finds the video.

    Attributes
    ----------
    name
        File name of the video.
    path
        The video as seen from the exported files, with forward slashes: relative where that can
        be, else absolute. Never percent-encoded.
    mime
        Its media type, such as ``video/mp4``.
    """

    name: str
    path: str
    mime: str


class Writer(Protocol):
    """Writes the files of one format.

    `lang` is the language of labels and descriptions where the format holds any.
    """

    def __call__(self, findings: Findings, media: Media, lang: str, /) -> Files:
        """Content of the files for one talk."""


@dataclass(frozen=True, slots=True)
class Format:
    """One export format.

    Attributes
    ----------
    module, function
        The writer, in a module beside this one; imported when it is first needed.
    coded
        Whether people code in it, so that it can be written blank.
    """

    module: str
    function: str
    coded: bool = False

    @property
    def writer(self) -> Writer:
        """The function that writes it."""
        return cast("Writer", getattr(import_module(f"{__name__}.{self.module}"), self.function))


FORMATS: Final[Mapping[str, Format]] = {
    "elan": Format("elan", "elan_files", coded=True),
    "textgrid": Format("textgrid", "textgrid_files", coded=True),
    "vtt": Format("captions", "vtt_files"),
    "srt": Format("captions", "srt_files"),
    "boris": Format("boris", "boris_files", coded=True),
    "bids": Format("bids", "bids_files"),
    "csv": Format("coding_table", "coding_files", coded=True),
    "json": Format("findings_json", "findings_files"),
}
"""Every format by name, in the order of the help."""
SPOKEN: Final = {
    "srt": ".srt",
    "vtt": ".vtt",
    "textgrid": ".TextGrid",
    "csv": ".csv",
    "json": ".json",
    "txt": ".txt",
}
"""Formats of words without anything else: the ending of the file by name; see `spoken_text`."""
CODED: Final = tuple(name for name, form in FORMATS.items() if form.coded)
"""Formats that people code in."""


def export_files(
    findings: Findings, formats: Iterable[str], stem: str, media: Media, lang: str
) -> dict[str, bytes]:
    """Content of every file of some formats, by file name.

    Parameters
    ----------
    findings
        One talk.
    formats
        Keys of `FORMATS`.
    stem
        What every file name begins with.
    media
        Where the files find the video.
    lang
        Language of labels in captions, TextGrid and ELAN, and of descriptions.

    Raises
    ------
    KeyError
        For a format that does not exist.
    """
    return {
        f"{stem}{suffix}": content
        for name in formats
        for suffix, content in FORMATS[name].writer(findings, media, lang).items()
    }
