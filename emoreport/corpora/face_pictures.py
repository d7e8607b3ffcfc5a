"""Read labelled pictures of faces: an NPZ file with images and votes or labels."""

from __future__ import annotations

import zipfile
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emoreport.corpora.errors import CorpusError
from emoreport.corpora.label_names import Renamed, renamed, standard_names
from emoreport.errors import InputNotFoundError
from emoreport.records import RgbImage
from emoreport.vocabulary import EMOTIONS, FERPLUS_ORDER

LARGEST_NPZ_BYTES: Final = 4_000_000_000
"""Unpacked. The 35,887 pictures of FERPlus, 48 × 48 px each, take 83 MB."""
_NO_NPZ: Final = (
    *(OSError, ValueError, KeyError, EOFError, MemoryError, OverflowError),
    *(zipfile.BadZipFile, zlib.error, RuntimeError),
)
"""What damaged or encrypted archives make `zipfile` and NumPy raise."""


@dataclass(frozen=True, slots=True)
class LabelledFaces:
    """Pictures with one of the eight emotions each.

    Attributes
    ----------
    images
        RGB pictures.
    labels
        One label of the vocabulary each.
    left_out
        How many pictures of the file are not among them, by their label.
    mapped
        Names that were taken for a label of the vocabulary.
    frames
        What recording each picture is from and when it is shown there; empty for mere pictures.
    """

    images: list[RgbImage]
    labels: list[str]
    left_out: Counter[str]
    mapped: Renamed
    frames: tuple[tuple[str, float], ...] = ()


def read_labelled_faces(path: Path) -> LabelledFaces:
    """Read ``images`` with ``votes`` or ``labels`` from an NPZ file.

    `images` is uint8 (N, H, W) or (N, H, W, 3). `votes` is (N, 10) in the FERPlus order: the
    label is the most voted emotion, pictures with most votes for unknown or not-a-face are left
    out. `labels` is (N,): names, or numbers into `names` (the eight emotions in alphabetical
    order if there are no `names`). Names are understood as by `standard_names`.

    Raises
    ------
    InputNotFoundError, CorpusError
        When the file is not there or not in this layout.
    """
    images, columns = face_arrays(path)
    written = _face_labels(columns, len(images), path)
    labels = standard_names(written)
    chosen = [index for index, label in enumerate(labels) if label in EMOTIONS]
    return LabelledFaces(
        images=[_as_rgb(images[index]) for index in chosen],
        labels=[labels[index] for index in chosen],
        left_out=Counter(label for label in labels if label not in EMOTIONS),
        mapped=renamed(written, labels),
    )


def face_arrays(path: Path) -> tuple[NDArray[np.uint8], dict[str, NDArray[Any]]]:
    """``images`` of an NPZ file, and what it holds of ``votes``, ``labels`` and ``names``.

    Raises
    ------
    InputNotFoundError, CorpusError
        When the file is not there or holds no pictures.
    """
    if not path.is_file():
        raise InputNotFoundError("evaluate.not_a_file", file=path)
    try:
        # Opened here: `np.load` leaves a file open that turns out to be none of its own.
        with path.open("rb") as stream:
            unpacked = sum(member.file_size for member in zipfile.ZipFile(stream).infolist())
            if unpacked > LARGEST_NPZ_BYTES:
                raise CorpusError(
                    "evaluate.too_large",
                    size_gb=unpacked / 1e9,
                    limit_gb=LARGEST_NPZ_BYTES / 1e9,
                    file=path,
                )
            stream.seek(0)
            with np.load(stream, allow_pickle=False) as archive:
                images = np.asarray(archive["images"])
                columns = {
                    name: np.asarray(archive[name])
                    for name in ("votes", "labels", "names")
                    if name in archive.files
                }
    except _NO_NPZ as error:
        raise CorpusError("evaluate.not_npz", error=error, file=path) from error
    if images.dtype != np.uint8 or images.ndim not in {3, 4} or len(images) == 0:
        raise CorpusError("evaluate.images", dtype=images.dtype, shape=images.shape, file=path)
    return images, columns


def _face_labels(columns: Mapping[str, NDArray[Any]], count: int, path: Path) -> list[str]:
    if "votes" in columns and columns["votes"].shape == (count, len(FERPLUS_ORDER)):
        return [FERPLUS_ORDER[index] for index in columns["votes"].argmax(axis=1)]
    if "labels" in columns and columns["labels"].shape == (count,):
        values = columns["labels"]
        if values.dtype.kind in "iu":
            names = [str(name) for name in columns.get("names", np.array(EMOTIONS))]
            if values.min() < 0 or values.max() >= len(names):
                raise CorpusError("evaluate.label_numbers", file=path)
            return [names[index] for index in values]
        return [str(value) for value in values]
    raise CorpusError("evaluate.no_votes", file=path)


def _as_rgb(image: NDArray[np.uint8]) -> RgbImage:
    if image.ndim == 2:
        return np.repeat(image[:, :, np.newaxis], 3, axis=2)
    return image
