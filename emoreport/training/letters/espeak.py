"""Texts spoken by eSpeak NG, with the time of every phone."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.signal import resample_poly

from emoreport.records import SAMPLE_RATE_HZ, FloatArray

LIBRARY: Final = "libespeak-ng.so.1"
"""Of Debian's package ``espeak-ng``."""
SYNCHRONOUS: Final = 2
PHONEME_EVENTS: Final = 1
POSITION_OF_CHARACTER: Final = 1
UTF8: Final = 1
RATE, PITCH, RANGE = 1, 3, 4
"""Parameters of eSpeak's voices."""
WORD_EVENT, PHONE_EVENT = 1, 7
SPOKEN_RATE_HZ: Final = 22_050
PAUSE: Final = "_"
SOFT: Final = ";"
"""Follows the phone that it makes soft."""
VARIANTS: Final = (
    *(f"f{number}" for number in range(1, 6)),
    *(f"m{number}" for number in range(1, 9)),
    *("klatt", "klatt2", "klatt3", "klatt4", "adam", "Alex", "Alicia", "Andrea", "Andy", "Annie"),
    *("antonio", "aunty", "belinda", "benjamin", "boris", "caleb", "david", "Denis", "Diogo", "ed"),
    *("edward", "edward2", "Gene", "Gene2", "grandma", "grandpa", "gustave", "Henrique", "Hugo"),
    *("iven", "iven2", "iven3", "iven4", "Jacky", "john", "Lee", "linda", "marcelo", "Marco"),
    *("Mario", "max", "Michael", "michel", "miguel", "Mike", "norbert", "pablo", "paul", "pedro"),
    *("quincy", "rob", "robert", "sandro", "shelby", "steph", "steph2", "steph3", "travis"),
    *("victor", "zac"),
)
"""Voices that change timbre and pitch; those of robots and whispers are left out."""
_WORD: Final = re.compile(r"[а-яё]+(?:-[а-яё]+)*")


class _Identity(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("text", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Identity),
    )


@dataclass(frozen=True, slots=True)
class Spoken:
    """One sentence spoken.

    Attributes
    ----------
    samples
        16 kHz mono float32 (n,), [-1, 1].
    words
        In order; words that are spoken as one are one.
    phones
        (name, start_ms), in order, softness joined to its phone, pauses as `PAUSE`.
    """

    samples: FloatArray
    words: tuple[str, ...]
    phones: tuple[tuple[str, float], ...]


class Speaker:
    """eSpeak NG, opened once.

    Raises
    ------
    OSError
        When the library is not installed.
    """

    def __init__(self) -> None:
        self._library = ctypes.CDLL(LIBRARY)
        self._sound: list[Any] = []
        self._events: list[tuple[int, int, int, str]] = []
        taker = ctypes.CFUNCTYPE(
            ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
        )
        self._taker = taker(self._take)  # kept: C calls it as long as the library lives
        rate_hz = self._library.espeak_Initialize(SYNCHRONOUS, 0, None, PHONEME_EVENTS)
        if rate_hz != SPOKEN_RATE_HZ:
            raise OSError(f"eSpeak NG speaks at {rate_hz} Hz")
        self._library.espeak_SetSynthCallback(self._taker)

    def say(self, text: str, variant: str, *, rate: int, pitch: int, spread: int) -> Spoken | None:
        """Speak a lower-case Russian sentence; None where it says nothing of its words."""
        self._sound.clear()
        self._events.clear()
        self._library.espeak_SetVoiceByName(f"ru+{variant}".encode())
        for parameter, value in ((RATE, rate), (PITCH, pitch), (RANGE, spread)):
            self._library.espeak_SetParameter(parameter, value, 0)
        content = text.encode()
        self._library.espeak_Synth(
            content, len(content) + 1, 0, POSITION_OF_CHARACTER, 0, UTF8, None, None
        )
        self._library.espeak_Synchronize()
        starts = [position - 1 for kind, position, _, _ in self._events if kind == WORD_EVENT]
        phones = _joined([(name, at) for kind, _, at, name in self._events if kind == PHONE_EVENT])
        if not starts or not phones:
            return None
        samples = np.concatenate(self._sound).astype(np.float32) / 32768.0
        samples = resample_poly(samples, SAMPLE_RATE_HZ // 50, SPOKEN_RATE_HZ // 50)
        return Spoken(np.asarray(samples, np.float32), _grouped(text, starts), tuple(phones))

    def _take(self, sound: Any, count: int, events: Any) -> int:  # noqa: ANN401 - C pointers
        if count > 0 and sound:
            self._sound.append(np.ctypeslib.as_array(sound, (count,)).copy())
        number = 0
        while events[number].type:
            event = events[number]
            if event.type in {WORD_EVENT, PHONE_EVENT}:
                name = bytes(event.id.text).split(b"\0")[0].decode("utf-8", "replace")
                name = name if event.type == PHONE_EVENT else ""
                self._events.append((event.type, event.text_position, event.audio_position, name))
            number += 1
        return 0


def _joined(phones: Sequence[tuple[str, int]]) -> list[tuple[str, float]]:
    joined: list[tuple[str, float]] = []
    for name, at_ms in phones:
        if name.startswith(PAUSE):
            if not joined or joined[-1][0] != PAUSE:
                joined.append((PAUSE, float(at_ms)))
        elif name == SOFT and joined and joined[-1][0] != PAUSE:
            joined[-1] = (joined[-1][0] + SOFT, joined[-1][1])
        else:
            joined.append((name, float(at_ms)))
    return joined


def _grouped(text: str, starts: Sequence[int]) -> tuple[str, ...]:
    """Words of the text, those that one event announces joined."""
    groups = ["" for _ in starts]
    for match in _WORD.finditer(text):
        begun = [number for number, start in enumerate(starts) if start <= match.start()]
        groups[max(begun, default=0)] += match.group()
    return tuple(groups)


def sentences(texts: Sequence[str]) -> Iterator[str]:
    """Those of the texts that hold 3 to 16 Russian words and nothing else that is said."""
    for text in texts:
        plain = text.strip().casefold().replace("—", "-")
        if re.search(r"[a-z0-9\[\]&%$№+*_/]", plain):
            continue
        if 3 <= len(_WORD.findall(plain)) <= 16:
            yield plain
