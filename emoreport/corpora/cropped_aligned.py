"""Read folders of face pictures as Aff-Wild2 publishes them: ``video5_left/00012.jpg``.

A folder holds one folder for each person of each video, and in it a picture for each frame in which
the face was found. Names are the numbers of frames from 1 on; frames without a face are missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emoreport.corpora.abaw import picture_number
from emoreport.corpora.errors import CorpusError
from emoreport.errors import InputNotFoundError

PICTURES: Final = frozenset({".jpg", ".jpeg", ".png"})


@dataclass(frozen=True, slots=True)
class FramePicture:
    """The face of one frame.

    Attributes
    ----------
    video
        Name of the folder, as of the label file: one person of one video.
    frame
        Number of the frame from 0 on, as everywhere here: the number in the name less 1.
    path
        Where the picture is.
    """

    video: str
    frame: int
    path: Path


def is_picture_folder(folder: Path) -> bool:
    """Whether a folder holds pictures named after frames."""
    return any(
        path.suffix.casefold() in PICTURES and picture_number(path.stem)
        for path in folder.iterdir()
    )


def read_pictures(folder: Path) -> Iterator[FramePicture]:
    """Find the pictures of all videos of a folder, or of the one video whose folder it is.

    Yields
    ------
    Video by video in the order of their names, the pictures in the order of the frames. Other files
    and folders without pictures are passed over.

    Raises
    ------
    InputNotFoundError
        When it is no folder.
    CorpusError
        When it holds no picture, or one whose name is no number of a frame; or a frame twice.
    """
    if not folder.is_dir():
        raise InputNotFoundError("corpora.not_there", file=folder)
    within = (
        [folder] if is_picture_folder(folder) else sorted(filter(Path.is_dir, folder.iterdir()))
    )
    seen = False
    for video in within:
        for picture in _of_video(video):
            seen = True
            yield picture
    if not seen:
        raise CorpusError("corpora.no_pictures", file=folder)


def _of_video(folder: Path) -> list[FramePicture]:
    paths: dict[int, Path] = {}
    for path in folder.iterdir():
        if path.suffix.casefold() not in PICTURES:
            continue
        number = picture_number(path.stem)
        if number is None or number in paths:
            raise CorpusError("corpora.no_frame_number", file=path)
        paths[number] = path
    return [FramePicture(folder.name, number - 1, paths[number]) for number in sorted(paths)]
