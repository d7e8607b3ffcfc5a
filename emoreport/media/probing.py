"""Read what a recording holds, decoding no more than its first picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

import av.error
from av.container import InputContainer
from av.video.frame import VideoFrame

from emoreport.errors import EmoreportError, MediaError
from emoreport.media.container import (
    NOT_A_VIDEO,
    choose_stream,
    has_mark,
    is_picture,
    open_container,
    reason,
    seconds,
    zero_s,
)
from emoreport.media.pixels import SQUARE, Orientation, PixelAspect, check_size, square_size
from emoreport.records import MediaInfo, StreamInfo

PROBED_PACKETS: Final = 64
"""Packets tried for a first picture, which carries the rotation."""

HIGHEST_RATE_HZ: Final = 1000.0
"""What is above is the clock of a container or codec: 60000 Hz in DV, 90000 Hz in MPEG."""


def probe(path: Path) -> MediaInfo:
    """Read what a recording announces: container, streams, size, rate, rotation.

    Parameters
    ----------
    path
        A file. Its name is never taken for an address, a pattern or an option.

    Returns
    -------
    The claims of the container. `width_px` and `height_px` are those of the first picture, upright
    and with square pixels;
    `rotation_deg` is the clockwise turn (0, 90, 180, 270) that makes the stored picture upright.
    Start times are on the video's time line; `details` of a stream holds what is known of
    language, title, size, rate and sound. A recording of sound alone (cover art is no picture) has
    no size; its time line is that of the sound.

    Raises
    ------
    InputNotFoundError
        When the path does not exist.
    MediaError
        When it is no readable container, holds neither picture nor sound, or pictures of absurd
        size.
    """
    path = Path(path)
    with open_container(path) as container:
        try:
            return describe(container, path)
        except EmoreportError as error:
            raise error.with_file(path) from error.__cause__
        except (av.error.FFmpegError, ValueError, OverflowError) as error:
            raise MediaError(
                "media.damaged_header", error=reason(error), remedy=NOT_A_VIDEO, file=path
            ) from error


def describe(container: InputContainer, path: Path) -> MediaInfo:
    """Description of a freshly opened container; decodes up to its first picture.

    Raises
    ------
    MediaError
        When there is neither picture nor sound that can be used.
    """
    video = choose_stream(list(container.streams.video))
    audio = choose_stream(list(container.streams.audio))
    if video is None and audio is None:
        raise MediaError("media.neither", remedy=NOT_A_VIDEO)
    used = {stream.index for stream in (video, audio) if stream is not None}
    start_s = zero_s(container)
    info = MediaInfo(
        path=str(path),
        container=container.format.name,
        duration_s=container.duration / av.time_base if container.duration else None,
        frame_rate_hz=None,
        width_px=0,
        height_px=0,
        rotation_deg=0,
        has_audio=audio is not None,
        streams=tuple(_describe_stream(stream, used, start_s) for stream in container.streams),
    )
    return info if video is None else _with_picture(info, container, video)


def _with_picture(info: MediaInfo, container: InputContainer, video: Any) -> MediaInfo:  # noqa: ANN401 - av's stream
    """The same with size, rate and rotation of the video stream."""
    context = video.codec_context
    if context is None:
        raise MediaError("media.no_decoder")
    check_size(context.width, context.height)
    width, height = context.width, context.height
    orientation, aspect = Orientation(), SQUARE
    pixels = PixelAspect(video)
    picture = _first_picture(container, video)
    if picture is not None:
        width, height = picture.width, picture.height
        orientation, aspect = Orientation.of(picture), pixels.of(picture)
    if width <= 0 or height <= 0:
        raise MediaError("media.no_size", remedy=NOT_A_VIDEO)
    width, height = square_size(width, height, aspect)
    check_size(width, height)
    if orientation.transpose:
        width, height = height, width
    return replace(
        info,
        frame_rate_hz=_rate_hz(video),
        width_px=width,
        height_px=height,
        rotation_deg=orientation.rotation_deg,
    )


def _first_picture(container: InputContainer, video: Any) -> VideoFrame | None:  # noqa: ANN401
    """First picture; None where none of the first packets can be decoded."""
    video.codec_context.thread_count = 1
    try:
        for packet in islice(container.demux(video), PROBED_PACKETS):
            for picture in _try_decode(video, packet):
                return picture
    except (av.error.FFmpegError, IndexError):
        # A damaged start: decoding itself will count it. PyAV looks for streams that a damaged
        # transport stream only seemed to add.
        pass
    return None


def _rate_hz(video: Any) -> float | None:  # noqa: ANN401 - av's stream
    """Frame rate by the header; None where it names none that pictures could have."""
    rates = (float(rate) for rate in (video.average_rate, video.guessed_rate) if rate)
    return next((rate for rate in rates if 0 < rate <= HIGHEST_RATE_HZ), None)


def _try_decode(video: Any, packet: Any) -> list[VideoFrame]:  # noqa: ANN401 - av's own
    try:
        return list(video.decode(packet))
    except av.error.FFmpegError:
        return []


def _describe_stream(stream: Any, used: set[int], start_s: float) -> StreamInfo:  # noqa: ANN401
    context = stream.codec_context
    first_s = seconds(stream.start_time, stream.time_base)
    return StreamInfo(
        index=stream.index,
        kind=str(stream.type),
        codec=context.name if context is not None else "unknown",
        used=stream.index in used,
        start_s=None if first_s is None else first_s - start_s,
        duration_s=seconds(stream.duration, stream.time_base),
        details=dict(_details(stream)),
    )


def _details(stream: Any) -> Mapping[str, Any]:  # noqa: ANN401 - any of av's streams
    details: dict[str, Any] = {"default": has_mark(stream, "default")}
    for name in ("language", "title"):
        if stream.metadata.get(name):
            details[name] = str(stream.metadata[name])
    context = stream.codec_context
    if stream.type == "video":
        details["picture"] = is_picture(stream)
        if context is not None:
            details |= {"width_px": context.width, "height_px": context.height}
        if stream.sample_aspect_ratio not in {None, 0, 1}:
            ratio = stream.sample_aspect_ratio
            details["pixel_aspect"] = f"{ratio.numerator}:{ratio.denominator}"
        rate_hz = _rate_hz(stream)
        if rate_hz is not None:
            details["frame_rate_hz"] = rate_hz
    elif stream.type == "audio" and context is not None:
        details["sample_rate_hz"] = context.sample_rate
        details["channels"] = context.layout.nb_channels
        details["layout"] = context.layout.name
    return details
