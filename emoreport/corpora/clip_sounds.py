"""Read the sound of labelled clips: sound files in a folder, or tars of them."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Container, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import BinaryIO, TypeVar

from emoreport.errors import MediaError
from emoreport.media.sound import read_sound
from emoreport.records import FloatArray

Read = TypeVar("Read")


def read_clip_sounds(
    folder: Path, files: Sequence[str]
) -> Iterator[tuple[int, FloatArray | MediaError]]:
    """Yield (index into `files`, 16 kHz mono samples) from files or tars in `folder`.

    In the place of the samples is the error of a clip that cannot be decoded, or that may have
    been in a damaged tar. Other clips that are not found are not yielded.
    """
    yield from find_clips(folder, files, _sound)


def find_clips(
    folder: Path, files: Sequence[str], read: Callable[[Path | BinaryIO, str], Read]
) -> Iterator[tuple[int, Read | MediaError]]:
    """Yield (index into `files`, what `read` makes of the file and its name), as they are found.

    Files lie below `folder` or in tars there. Those that may have been in a damaged tar come with
    the error; others that are not found are not yielded.
    """
    waiting: dict[str, list[int]] = {}
    damaged: list[MediaError] = []
    for index, file in enumerate(files):
        path = _inside(folder, file)
        if path is None:
            waiting.setdefault(file, []).append(index)
        else:
            yield index, read(path, file)
    for archive_path in sorted(folder.glob("*.tar")):
        if not waiting:
            return
        for name, content in _members(archive_path, waiting, damaged.append):
            made = read(io.BytesIO(content), name)
            for index in waiting.pop(name):
                yield index, made
    for error in damaged[:1]:
        for index in sorted(chain.from_iterable(waiting.values())):
            yield index, error


def _sound(source: Path | BinaryIO, name: str) -> FloatArray | MediaError:
    try:
        return read_sound(source, name=name)
    except MediaError as error:
        return error


def _inside(folder: Path, name: str) -> Path | None:
    """A file below the folder; None where there is none of the name."""
    path = folder / name
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
        return path if inside and path.is_file() else None
    except (OSError, ValueError):  # names that no file can have
        return None


def _members(
    path: Path, names: Container[str], failed: Callable[[MediaError], None]
) -> Iterator[tuple[str, bytes]]:
    """Name and content of those files of a tar that are named, up to where it is damaged."""
    try:
        with tarfile.open(path, "r|*") as archive:
            for member in archive:
                name = member.name.removeprefix("./")
                stream = archive.extractfile(member) if member.isfile() and name in names else None
                if stream is not None:
                    yield name, stream.read()
    except (tarfile.TarError, OSError, EOFError) as error:
        failed(MediaError("evaluate.damaged_archive", archive=path.name, error=error))
