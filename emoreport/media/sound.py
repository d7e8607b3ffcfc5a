"""Decode one short sound as a whole: labelled clips, not recordings."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Final

import av
import av.error
import numpy as np

from emoreport.errors import MediaError
from emoreport.media.container import CONTAINER_OPTIONS, Failures, check_path, decoded, reason
from emoreport.media.mixing import channels_of
from emoreport.media.resampling import RunResampler
from emoreport.records import FloatArray

LONGEST_CLIP_S: Final = 600.0
NOT_SOUND: Final = "not_sound"


def read_sound(source: Path | BinaryIO, *, name: str = "") -> FloatArray:
    """Decode a whole clip to 16 kHz mono.

    Parameters
    ----------
    source
        A file or an open binary stream.
    name
        What messages call a stream.

    Returns
    -------
    float32 (n,), [-1, 1]; one channel of all (`Mixer`), its own start and gaps left out.

    Raises
    ------
    InputNotFoundError, MediaError
        When it is not there, holds no sound that can be decoded, or is longer than ten minutes.
    """
    target = f"file:{check_path(source)}" if isinstance(source, Path) else source
    shown = source if isinstance(source, Path) else name
    failures = Failures()
    pieces: list[FloatArray] = []
    resampler: RunResampler | None = None
    held_s = 0.0
    try:
        with av.open(
            target, mode="r", container_options=CONTAINER_OPTIONS, metadata_errors="replace"
        ) as container:
            if not container.streams.audio:
                raise MediaError("media.no_sound", remedy=NOT_SOUND, file=shown)
            for frame in decoded(container, container.streams.audio[0], failures):
                if resampler is None or resampler.rate_hz != frame.sample_rate:
                    pieces += [] if resampler is None else [resampler.flush()]
                    resampler = RunResampler(frame.sample_rate)
                pieces.append(resampler.feed(channels_of(frame)))
                held_s += frame.samples / frame.sample_rate
                if held_s > LONGEST_CLIP_S:
                    raise MediaError("media.clip_too_long", limit_s=LONGEST_CLIP_S, file=shown)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise MediaError(
            "media.clip_unreadable", error=reason(error), remedy=NOT_SOUND, file=shown
        ) from error
    if resampler is not None:
        pieces.append(resampler.flush())
    samples = np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.float32)
    if not len(samples):
        said = failures.first or "–"
        raise MediaError("media.gives_no_sound", error=said, remedy=NOT_SOUND, file=shown)
    return samples
