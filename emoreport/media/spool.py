"""Keep samples in a temporary file: memory does not grow with the length of the sound."""

from __future__ import annotations

import tempfile
import threading
from typing import Final

import numpy as np

from emoreport.errors import OutputError
from emoreport.records import FloatArray

FULL_SCALE: Final = 32768.0
"""One step of the 16-bit samples that are stored: two bytes each, half of float32, and exact
for recordings of 16 bits."""

_BYTES: Final = 2


class SampleSpool:
    """Mono samples at any positions ≥ 0 of a time line, written in order, read in any order.

    The file has no name on systems that allow it, so nothing is left behind even by a killed
    process. Positions never written read as zero, and silence is not written; such holes take no
    space on disk.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        try:
            # Lives as long as the spool, so it is closed by `close`, not by a block.
            self._file = tempfile.TemporaryFile(prefix="emoreport-")  # noqa: SIM115
        except OSError as error:
            raise _no_room(error) from error
        self.first: int | None = None
        self.end = 0
        self.written = 0

    def write(self, position: int, samples: FloatArray, *, limit: int) -> None:
        """Store samples from `position` on.

        What lies before zero, before the end of what is stored already, or from `limit` on is
        left out.

        Parameters
        ----------
        position
            Index of the first sample on the time line; may be negative.
        samples
            float32 (n,), [-1, 1]; what lies outside is clipped, what is not a number is zero.
        limit
            Index of the first sample that is not wanted any more.

        Raises
        ------
        OutputError
            When the temporary folder is full.
        """
        skip = max(0, -position, self.end - position)
        wanted = samples[skip : max(skip, limit - position)]
        if not len(wanted):
            return
        whole = np.nan_to_num(wanted.astype(np.float64) * FULL_SCALE)
        data = np.clip(np.rint(whole), -FULL_SCALE, FULL_SCALE - 1).astype("<i2")
        start = position + skip
        # Silence is what a hole reads as: hours of it, from a few bytes, take no space.
        if data.any():
            try:
                with self._lock:
                    self._file.seek(start * _BYTES)
                    self._file.write(data.tobytes())
            except OSError as error:
                raise _no_room(error) from error
        self.first = start if self.first is None else self.first
        self.end = start + len(wanted)
        self.written += len(wanted)

    def read(self, start: int, stop: int) -> FloatArray:
        """Samples [start, stop), float32 (stop − start,); zero where none were written."""
        samples = np.zeros(max(0, stop - start), dtype=np.float32)
        low, high = max(0, start), min(stop, self.end)
        if low < high:
            with self._lock:
                self._file.seek(low * _BYTES)
                data = self._file.read((high - low) * _BYTES)
            stored = np.frombuffer(data, dtype="<i2")
            samples[low - start : low - start + len(stored)] = stored / np.float32(FULL_SCALE)
        return samples

    def close(self) -> None:
        """Delete the file; safe to call twice."""
        self._file.close()


def _no_room(error: OSError) -> OutputError:
    return OutputError("media.no_spool", error=error.strerror or error, file=tempfile.gettempdir())
