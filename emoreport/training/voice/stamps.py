"""Calm speech of nine people at nine microphones: the spoken names of Tux Paint's stamps.

Debian's package ``tuxpaint-stamps-default`` (GPL-2) holds a recording of each stamp's name in
several languages, made at home by volunteers, one to a language. They last about a second, so that
some of one speaker are joined up to the length of a short sentence.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoreport.records import SAMPLE_RATE_HZ
from emoreport.training.voice.data import Clip, decode
from emoreport.training.voice.labels import CLIP_LABELS

CORPUS = "tuxpaint"
LANGUAGES = ("be", "bg", "ca", "da", "el", "es", "fr", "ro", "ru")
JOINED_S = (1.5, 4.5)
SHORTEST_S, LONGEST_S = 0.25, 8.0
QUIETEST = 500
"""Recordings that never get this loud (of 32,768) are empty."""
SEED = 1


def read_stamps(folder: Path) -> list[Clip]:
    """All clips below the folder of the unpacked package, sorted by language.

    Raises
    ------
    FileNotFoundError
        No spoken name lies there.
    """
    spoken: dict[str, list[Path]] = {language: [] for language in LANGUAGES}
    for path in sorted(folder.rglob("*_desc_*.ogg"), key=str):
        name = re.search(r"_desc_([A-Za-z_]+)\.ogg$", path.name)
        if name and name.group(1) in spoken:
            spoken[name.group(1)].append(path)
    if not any(spoken.values()):
        raise FileNotFoundError(f"{folder}: no *_desc_LANGUAGE.ogg of tuxpaint-stamps-default")
    label = CLIP_LABELS.index("neutral")
    return [
        Clip(samples, label, f"{CORPUS}/{language}", CORPUS)
        for language, paths in spoken.items()
        for samples in _joined(paths)
    ]


def _joined(paths: list[Path]) -> list[NDArray[np.int16]]:
    """The recordings of one speaker in random order, each once, several to a clip."""
    rng = np.random.default_rng(SEED)
    order = list(paths)
    rng.shuffle(order)  # type: ignore[arg-type]  # a list will do
    wanted_s = rng.uniform(*JOINED_S)
    seen: set[str] = set()
    clips: list[NDArray[np.int16]] = []
    parts: list[NDArray[np.int16]] = []
    for path in order:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest in seen:
            continue
        seen.add(digest)
        samples = decode(str(path))
        length_s = len(samples) / SAMPLE_RATE_HZ
        if not SHORTEST_S <= length_s <= LONGEST_S or np.abs(samples).max() < QUIETEST:
            continue
        parts.append(samples)
        if sum(map(len, parts)) > wanted_s * SAMPLE_RATE_HZ:
            clips.append(np.concatenate(parts))
            parts, wanted_s = [], rng.uniform(*JOINED_S)
    return clips
