"""Share the videos of one folder between several batches, each on a machine of its own."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from emoreport.errors import SettingsError
from emoreport.run.folder import safe_stem


@dataclass(frozen=True, slots=True)
class Shard:
    """Which part of the videos one batch takes.

    Attributes
    ----------
    number
        From 1.
    count
        Number of parts.
    """

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``3/8``.

        Raises
        ------
        SettingsError
            When it is something else.
        """
        number, _, count = text.partition("/")
        if number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count):
            return cls(int(number), int(count))
        raise SettingsError("batch.shard", value=text)

    @property
    def suffix(self) -> str:
        """What tells its files from those of the other parts, ``-3-of-8``."""
        return f"-{self.number}-of-{self.count}"

    def holds(self, video: Path) -> bool:
        """Whether a video belongs to this part.

        The name without folder and suffix decides, whatever other videos there are: a part keeps
        its videos when others come. All videos of one stem are in one part, so that their folders
        of results get the names they would get in a batch of all.
        """
        stem = unicodedata.normalize("NFC", safe_stem(video)).casefold()
        digest = hashlib.sha256(stem.encode("utf-8", "surrogateescape")).digest()
        return int.from_bytes(digest[:8], "big") % self.count == self.number - 1
