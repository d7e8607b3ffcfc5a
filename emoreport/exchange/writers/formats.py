"""Which formats there are, and which files each of them makes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from emoreport.exchange.writers import bids, boris, captions, coding_table, elan, textgrid
from emoreport.exchange.writers.findings_json import everything_bytes
from emoreport.results import Findings


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


Files = Mapping[str, bytes]
"""Content by what follows the stem in the file's name."""


def _elan(findings: Findings, media: Media, lang: str) -> Files:
    return {".eaf": elan.eaf_bytes(findings, media.name, media.path, media.mime, lang)}


def _textgrid(findings: Findings, _media: Media, lang: str) -> Files:
    return {".TextGrid": textgrid.textgrid_bytes(findings, lang)}


def _vtt(findings: Findings, _media: Media, lang: str) -> Files:
    return {".vtt": captions.vtt_bytes(findings, lang)}


def _srt(findings: Findings, _media: Media, lang: str) -> Files:
    return {".srt": captions.srt_bytes(findings, lang)}


def _boris(findings: Findings, media: Media, _lang: str) -> Files:
    return {
        ".boris": boris.project_bytes(findings, media.path),
        "_boris_events.tsv": boris.tabular_bytes(findings, media.path),
        "_boris_paste.tsv": boris.paste_bytes(findings),
    }


def _bids(findings: Findings, _media: Media, lang: str) -> Files:
    return {
        "_events.tsv": bids.events_bytes(findings),
        "_events.json": bids.sidecar_bytes(findings, lang),
    }


def _csv(findings: Findings, _media: Media, _lang: str) -> Files:
    return {"_coding.csv": coding_table.coding_bytes(findings)}


def _json(findings: Findings, _media: Media, _lang: str) -> Files:
    return {"_findings.json": everything_bytes(findings)}


FORMATS: Final[Mapping[str, Callable[[Findings, Media, str], Files]]] = {
    "elan": _elan,
    "textgrid": _textgrid,
    "vtt": _vtt,
    "srt": _srt,
    "boris": _boris,
    "bids": _bids,
    "csv": _csv,
    "json": _json,
}
"""Every format by name, in the order of the help."""


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
        for suffix, content in FORMATS[name](findings, media, lang).items()
    }
