"""Tell in which layout labelled clips are, and read them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from emoreport.corpora import crema_d, ravdess
from emoreport.corpora.clips import LabelledClip
from emoreport.corpora.errors import CorpusError
from emoreport.corpora.labels_csv import LABELS_FILE, read_labels_csv
from emoreport.errors import InputNotFoundError

NAMED: Final[tuple[Callable[[str, str], LabelledClip | None], ...]] = (
    ravdess.clip_of_name,
    crema_d.clip_of_name,
)
"""Corpora whose clips are labelled by their names."""


def read_labelled_clips(
    source: Path, encoding: str | None = None
) -> tuple[list[LabelledClip], str | None]:
    """Read labelled clips in any of the known layouts.

    Parameters
    ----------
    source
        A table of clips or the folder that holds one as labels.csv; or a folder of clips, or of
        runs, whose names say the label as those of RAVDESS and CREMA-D do.
    encoding
        Of a table that is not in Unicode; guessed where that is safe if None.

    Returns
    -------
    The clips, and the encoding where it had to be guessed.

    Raises
    ------
    InputNotFoundError, CorpusError
        When there are none.
    """
    if source.is_file() or (source / LABELS_FILE).is_file():
        return read_labels_csv(source, encoding)
    if not source.is_dir():
        raise InputNotFoundError("corpora.not_there", file=source)
    clips = list(_by_names(source))
    if not clips:
        raise CorpusError("corpora.no_clips", file=source)
    return clips, None


def _by_names(folder: Path) -> Iterator[LabelledClip]:
    """Clips and runs below a folder, in the order of their paths; nothing inside of a run."""
    for root, folders, files in os.walk(folder):
        place = PurePosixPath(Path(root).relative_to(folder).as_posix())
        folders.sort()
        for name in sorted([*folders, *files]):
            run = name in folders
            stem = name if run else PurePosixPath(name).stem
            clip = next(filter(None, (of(str(place / name), stem) for of in NAMED)), None)
            if clip is not None:
                yield clip
                if run:
                    folders.remove(name)
