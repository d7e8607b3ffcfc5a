"""The Russian speaker of Debian's ``festvox-ru``: 620 sentences with texts and phone times."""

from __future__ import annotations

import re
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from emoreport.records import FloatArray
from emoreport.training.letters.espeak import PAUSE

FOLDER: Final = Path("/usr/share/festival/voices/russian/msu_ru_nsh_clunits")
_LINE: Final = re.compile(r'\(\s*(\S+)\s+"(.*)"\s*\)')
_WORD: Final = re.compile(r"[а-яё]+(?:-[а-яё]+)*")
_OWN_PAUSE: Final = "pau"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: its words, its phones with their starts in milliseconds, and its end."""

    name: str
    words: tuple[str, ...]
    phones: tuple[tuple[str, float], ...]
    end_ms: float
    path: Path

    def samples(self) -> FloatArray:
        """16 kHz mono float32 (n,), [-1, 1]."""
        with wave.open(str(self.path)) as file:
            content = file.readframes(file.getnframes())
        return np.frombuffer(content, np.int16).astype(np.float32) / 32768.0


def read_sentences(folder: Path = FOLDER) -> list[Sentence]:
    """All sentences, in the order of the book.

    Raises
    ------
    OSError
        When the package is not installed.
    """
    sentences = []
    for line in (folder / "etc" / "txt.done.data").read_text(encoding="utf-8").splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        name, text = match.groups()
        phones, start_ms = [], 0.0
        for row in (folder / "lab" / f"{name}.lab").read_text(encoding="utf-8").splitlines():
            cells = row.split()
            if len(cells) == 3:
                phones.append((PAUSE if cells[2] == _OWN_PAUSE else cells[2], start_ms))
                start_ms = 1000.0 * float(cells[0])
        words = tuple(_WORD.findall(text.casefold().replace("+", "")))  # a sign of stress
        wave_file = folder / "wav" / f"{name}.wav"
        sentences.append(Sentence(name, words, tuple(phones), start_ms, wave_file))
    return sorted(sentences, key=lambda sentence: sentence.name)
