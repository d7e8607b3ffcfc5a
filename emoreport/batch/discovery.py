"""Find the videos below a folder, by their names and by their first bytes."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, Protocol

from emoreport.errors import InputNotFoundError
from emoreport.messages import Phrase
from emoreport.run.folder import content_sha256

SUFFIXES: Final = frozenset({
    ".3g2", ".3gp", ".amv", ".asf", ".avi", ".divx", ".dv", ".f4v", ".flv", ".gxf", ".h264",
    ".h265", ".hevc", ".ivf", ".m1v", ".m2t", ".m2ts", ".m2v", ".m4v", ".mjpeg", ".mjpg", ".mkv",
    ".mov", ".mp4", ".mpe", ".mpeg", ".mpg", ".mpv", ".mts", ".mxf", ".nsv", ".nut", ".ogm", ".ogv",
    ".qt", ".rm", ".rmvb", ".ts", ".vob", ".webm", ".wmv", ".wtv", ".y4m",
})  # fmt: skip
"""A file with one of these is a video by its name: if it cannot be read, that is a failure."""

SHARED_SUFFIXES: Final = frozenset({".ts"})
"""Suffixes that text has, too: here the first bytes decide. What is neither text nor begins like a
video is a damaged one, and the user must hear of it."""

SOUNDS_AND_PICTURES: Final = frozenset({
    ".aac", ".ac3", ".avif", ".cr3", ".flac", ".gif", ".heic", ".heif", ".m4a", ".m4b", ".m4p",
    ".mka", ".mp3", ".oga", ".ogg", ".opus", ".wav", ".wma",
})  # fmt: skip
"""Containers that begin like videos and say by their names that they are none."""

SNIFFED_BYTES: Final = 4096
_BOXES: Final = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
_STILL_BRANDS: Final = (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1", b"crx ", b"M4A ")
_TS_PACKET: Final = 188
_STARTS: Final = (
    b"\x1aE\xdf\xa3",  # Matroska, WebM
    b"FLV\x01",
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",  # ASF, WMV
    b"\x00\x00\x01\xba",  # MPEG program stream
    b"\x06\x0e\x2b\x34",  # MXF
    b".RMF",
)
_OGG_VIDEO: Final = (b"\x80theora", b"OVP80", b"BBCD\x00")


class FileFacts(Protocol):
    """What is used of what ``os.stat`` says."""

    @property
    def st_size(self) -> int:
        """Bytes."""

    @property
    def st_mtime_ns(self) -> int:
        """Time of change."""

    @property
    def st_ctime_ns(self) -> int:
        """Time of change of content or rights."""

    @property
    def st_ino(self) -> int:
        """Number of the file."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that seems to be a video.

    Attributes
    ----------
    name
        Path below the folder, with forward slashes.
    path
        Where it is.
    size_bytes
        Its size.
    certain
        Whether its name says so, too.
    """

    name: str
    path: Path
    size_bytes: int
    certain: bool

    @property
    def address(self) -> str:
        """Where a worker finds it."""
        return str(self.path.absolute())

    def facts(self) -> FileFacts:
        """What tells whether it has been touched.

        Raises
        ------
        OSError
            When it is gone.
        """
        return self.path.stat()

    def sha256(self) -> str:
        """Digest of its content, hexadecimal.

        Raises
        ------
        InputNotFoundError, MediaError
            When it is gone or cannot be read.
        """
        return content_sha256(self.path)


def find_videos(
    folder: Path,
    *,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    skip: Sequence[Path] = (),
    unreadable: Callable[[str, str], None],
) -> list[Candidate]:
    """Find the videos below a folder; sorted by name, the same on every machine.

    Links are followed, each folder is visited once. Hidden files and folders are left out.

    Parameters
    ----------
    folder
        Where to look.
    include, exclude
        Shell patterns for the path below the folder or for the file's name. With `include` only
        files that fit one of its patterns are taken; `exclude` goes before it.
    skip
        Folders that are not visited.
    unreadable
        Is told of a folder below that cannot be listed, with the cause.

    Raises
    ------
    InputNotFoundError
        When the folder is not there, or is no folder.
    """
    if not folder.is_dir():
        key = "not_a_folder" if os.path.lexists(folder) else "no_folder"
        raise InputNotFoundError(f"batch.{key}", file=folder)
    candidates = []
    for path, name in _files(folder, {_identity(skipped) for skipped in skip}, unreadable):
        if is_wanted(name, include, exclude):
            candidate = _candidate(path, name, unreadable)
            if candidate is not None:
                candidates.append(candidate)
    return sorted(candidates, key=lambda video: os.fsencode(video.name))


def _files(
    folder: Path, visited: set[tuple[int, int] | None], unreadable: Callable[[str, str], None]
) -> Iterator[tuple[Path, str]]:
    """Every file below a folder that is not hidden, with its name below it."""
    pending = [(folder, "")]
    while pending:
        subfolder, prefix = pending.pop()
        identity = _identity(subfolder)
        if identity in visited:
            continue
        visited.add(identity)
        try:
            entries = sorted(
                os.scandir(subfolder), key=lambda dir_entry: os.fsencode(dir_entry.name)
            )
        except OSError as error:
            unreadable(prefix or str(folder), error.strerror or str(error))
            continue
        below = []
        for dir_entry in entries:
            if dir_entry.name.startswith("."):
                continue
            name = prefix + dir_entry.name
            if _is_folder(dir_entry):
                below.append((Path(dir_entry.path), f"{name}/"))
            else:
                yield Path(dir_entry.path), name
        # A stack: the first folder of the alphabet has to be on top. Of two ways to one folder
        # this decides which one gives the names.
        pending.extend(reversed(below))


def _is_folder(dir_entry: os.DirEntry[str]) -> bool:
    try:
        return dir_entry.is_dir()
    except OSError:
        return False


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_dev, facts.st_ino


def is_wanted(name: str, include: Sequence[str], exclude: Sequence[str]) -> bool:
    """Whether a name fits the patterns; without `include` all do that `exclude` leaves."""

    def fits(pattern: str) -> bool:
        return fnmatchcase(name, pattern) or fnmatchcase(name.rpartition("/")[2], pattern)

    return not any(map(fits, exclude)) and (not include or any(map(fits, include)))


def _candidate(path: Path, name: str, unreadable: Callable[[str, str], None]) -> Candidate | None:
    suffix = path.suffix.lower()
    if suffix in SOUNDS_AND_PICTURES:
        return None
    try:
        facts = path.stat()
        # Opening a pipe or a device could wait for ever.
        if not stat.S_ISREG(facts.st_mode):
            if suffix in SUFFIXES:
                unreadable(name, str(Phrase("errors.batch.not_regular")))
            return None
        if suffix in SUFFIXES - SHARED_SUFFIXES:
            return Candidate(name, path, facts.st_size, certain=True)
        with path.open("rb") as stream:
            start = stream.read(SNIFFED_BYTES)
    except OSError as error:  # no permission, or a link that leads nowhere or in a circle
        if suffix in SUFFIXES:
            unreadable(name, error.strerror or str(error))
        return None
    if looks_like_video(start) or (suffix in SHARED_SUFFIXES and not is_text(start)):
        return Candidate(name, path, facts.st_size, certain=suffix in SUFFIXES)
    return None


def is_text(start: bytes) -> bool:
    """Whether a file that begins with these bytes is text in UTF-8."""
    try:
        # The last line may be cut within a letter.
        text = start[: start.rfind(b"\n") + 1 or len(start)].decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return all(letter.isprintable() or letter in "\t\n\r\f" for letter in text)


def looks_like_video(start: bytes) -> bool:
    """Whether a file that begins with these bytes may be a container of video.

    Looks for the signatures of the containers' specifications: ISO base media (ISO/IEC 14496-12),
    Matroska (RFC 9559), MPEG transport and program streams (ISO/IEC 13818-1), AVI, FLV, ASF, MXF,
    RealMedia, and Ogg with a video codec.
    """
    if start[4:8] in _BOXES:
        return start[8:12] not in _STILL_BRANDS
    if start.startswith(b"RIFF"):
        return start[8:12] == b"AVI "
    if start.startswith(b"OggS"):
        return any(mark in start for mark in _OGG_VIDEO)
    if len(start) > 2 * _TS_PACKET and all(start[n * _TS_PACKET] == 0x47 for n in range(3)):
        return True
    return start.startswith(_STARTS)
