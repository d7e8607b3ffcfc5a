"""Open a container safely, choose its streams and read packets past damage."""

from __future__ import annotations

import errno
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import av
import av.error
from av.container import InputContainer

from emoreport.errors import InputNotFoundError, MediaError
from emoreport.records import MediaInfo

MAX_SIDE_PX: Final = 16384
MAX_PIXELS: Final = 100_000_000
MAX_CONSECUTIVE_ERRORS: Final = 64
"""So many failed reads in a row mean that nothing more will come."""

DEMUXERS: Final = (
    # Containers of video.
    "mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm", "avi", "mpegts", "mpeg", "flv",
    "live_flv", "asf", "ogg", "mxf", "gxf", "nut", "rm", "wtv", "dv", "nsv", "ivf", "gif", "amv",
    "vob", "swf", "yuv4mpegpipe",
    # Elementary streams of video: no times of their own.
    "h264", "hevc", "vvc", "av1", "obu", "m4v", "mpegvideo", "mjpeg", "vc1", "h261", "h263",
    # Sound alone: known so that the error can say so.
    "mp3", "wav", "w64", "flac", "aac", "ac3", "eac3", "aiff", "caf", "amr", "au", "ape", "wv",
    "tta", "dts", "truehd",
)  # fmt: skip
"""Formats that may be opened. Left out on purpose: playlists and scripts that make FFmpeg open
other files or addresses (concat, hls, dash, sdp …), devices, still pictures and text art."""

NO_TIMESTAMPS: Final = 0x0080
DISCONTINUOUS: Final = 0x0200
"""Bits of `AVInputFormat.flags` (libavformat/avformat.h)."""

CONTAINER_OPTIONS: Final = {"format_whitelist": ",".join(DEMUXERS), "protocol_whitelist": "file"}

CODEC_OPTIONS: Final = {"max_pixels": str(MAX_PIXELS)}
"""For the decoders that look at the first packets."""

GENERATE_STAMPS: Final = 0x0001
"""`AVFMT_FLAG_GENPTS`, a bit of `AVFormatContext.flags` (libavformat/avformat.h)."""

NOT_A_VIDEO: Final = "not_a_video"


@dataclass(slots=True)
class Failures:
    """Counts what could not be decoded and was passed over."""

    count: int = 0
    gave_up: bool = False
    first: str = field(default="")

    def add(self, cause: object) -> None:
        """Count one failure; the first cause is kept for messages."""
        self.count += 1
        if not self.first:
            self.first = reason(cause)


def reason(error: object) -> str:
    """Return a short text for an FFmpeg error, without the path that it repeats."""
    return str(getattr(error, "strerror", None) or error)


def check_path(path: Path) -> Path:
    """Absolute path of a regular, readable file.

    Raises
    ------
    InputNotFoundError
        When nothing is there.
    MediaError
        When it is something other than a file with content.
    """
    try:
        if not path.exists():
            raise InputNotFoundError("media.missing", file=path)
        if path.is_dir():
            raise MediaError("run.folder_given", path=shlex.quote(str(path)), file=path)
        if not path.is_file():
            raise MediaError("media.not_regular", file=path)
        if path.stat().st_size == 0:
            raise MediaError("media.empty", file=path)
    except ValueError as error:  # a null character in the path
        raise InputNotFoundError("media.missing", file=path) from error
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise InputNotFoundError(
                "file.unreadable_path", error=reason(error), file=path
            ) from error
        raise MediaError("file.no_rights", error=reason(error), file=path) from error
    return path.absolute()


def open_container(path: Path) -> InputContainer:
    """Open a container for reading; the name is never taken for an address or an option.

    Raises
    ------
    InputNotFoundError
        When the path does not exist.
    MediaError
        When the file cannot be opened as a container of a known format.
    """
    absolute = check_path(path)
    try:
        container = av.open(
            f"file:{absolute}",
            mode="r",
            options=CODEC_OPTIONS,
            container_options=CONTAINER_OPTIONS,
            metadata_errors="replace",
        )
    except av.error.PermissionError as error:
        raise MediaError("file.no_rights", error=reason(error), file=path) from error
    except (av.error.FFmpegError, OSError, ValueError) as error:
        if getattr(error, "errno", None) == errno.EINVAL:
            # FFmpeg's answer to a format that is not on the list.
            raise MediaError("media.not_a_video", remedy=NOT_A_VIDEO, file=path) from error
        raise MediaError(
            "media.cannot_open", error=reason(error), remedy=NOT_A_VIDEO, file=path
        ) from error
    # PyAV asks FFmpeg to invent missing stamps. For H.264 in AVI these follow the order of
    # decoding, so frames would run backwards; `FrameTimes` does it better.
    container.flags &= ~GENERATE_STAMPS
    return container


def zero_s(container: InputContainer) -> float:
    """Time of the container's clock that is time zero of the video, seconds.

    Sound before the zero of a file is priming. Pictures before it are shown by players (those that
    an edit list cut away do not count here), and the clock of a transport or program stream has
    no zero of its own: FFmpeg gives negative times to what comes before it wraps.
    """
    start: int | None = container.start_time  # None where the header holds none
    if start is None:
        return 0.0
    if start < 0 and not may_jump(container):
        shown = (stream.start_time for stream in container.streams.video)
        if all(stamp is None or stamp >= 0 for stamp in shown):
            return 0.0
    return float(start / av.time_base)


def may_jump(container: InputContainer) -> bool:
    """Whether the format allows its clock to jump (transport streams)."""
    return bool(format_flags(container) & DISCONTINUOUS)


def seconds(stamp: int | None, time_base: Any) -> float | None:  # noqa: ANN401 - Fraction or None
    """Seconds of a stamp in units of `time_base`; None if either is unknown."""
    if stamp is None or not time_base:
        return None
    return float(stamp * time_base.numerator / time_base.denominator)


def format_flags(container: InputContainer) -> int:
    """Bits of `AVInputFormat.flags`."""
    flags = container.format.flags
    return int(getattr(flags, "value", flags))


def choose_stream(streams: list[Any]) -> Any | None:  # noqa: ANN401 - av's streams of one kind
    """First stream with the default mark, else the first; attached pictures do not count."""
    moving = [stream for stream in streams if not is_picture(stream)]
    marked = [stream for stream in moving if has_mark(stream, "default")]
    return next(iter(marked or moving), None)


def has_mark(stream: Any, name: str) -> bool:  # noqa: ANN401 - any of av's streams
    """Whether a stream has a disposition such as ``default``."""
    from av.stream import Disposition

    return bool(stream.disposition & getattr(Disposition, name))


def is_picture(stream: Any) -> bool:  # noqa: ANN401 - any of av's streams
    """Whether a video stream is cover art or a set of thumbnails."""
    return any(
        has_mark(stream, name) for name in ("attached_pic", "timed_thumbnails", "still_image")
    )


def claimed_end_s(container: InputContainer, stream: Any) -> float | None:  # noqa: ANN401
    """End that the header announces for one stream, seconds from time zero; None if it does not.

    Matroska names it in a tag, other containers in the stream's own entry.
    """
    start_s = zero_s(container)
    length_s = seconds(stream.duration, stream.time_base)
    if length_s:
        return (seconds(stream.start_time, stream.time_base) or start_s) - start_s + length_s
    match = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", stream.metadata.get("DURATION", ""))
    if match is None:
        return None
    hours, minutes, rest = match.groups()
    return 3600.0 * int(hours) + 60.0 * int(minutes) + float(rest) - start_s


def used_stream(container: InputContainer, info: MediaInfo, kind: str) -> Any:  # noqa: ANN401
    """Return the stream of a kind that `info` marks as used."""
    index = next(stream.index for stream in info.streams if stream.used and stream.kind == kind)
    return container.streams[index]


def packets_of(
    container: InputContainer, streams: Sequence[Any], failures: Failures
) -> Iterator[Any]:
    """Yield the packets of streams in the order of the file; what cannot be read is counted.

    Reading goes on after an error, up to `MAX_CONSECUTIVE_ERRORS` in a row, so a damaged middle
    does not end it and an unreadable rest cannot hold it forever.
    """
    errors_in_a_row = 0
    while errors_in_a_row < MAX_CONSECUTIVE_ERRORS:
        try:
            for packet in container.demux(*streams):
                errors_in_a_row = 0
                yield packet
        except av.error.FFmpegError as error:
            failures.add(error)
            errors_in_a_row += 1
        except IndexError:
            # PyAV looks for streams that a damaged transport stream only seemed to add; it does
            # so after the last packet, when the streams it knows have been emptied.
            return
        else:
            return
    failures.gave_up = True


def decoded(
    container: InputContainer,
    stream: Any,  # noqa: ANN401 - av's stream
    failures: Failures,
    shift_s: Callable[[int], float] | None = None,
) -> Iterator[Any]:
    """Yield the frames of one stream, undamaged or not; damaged packets are counted and passed.

    Parameters
    ----------
    container, stream
        Where to read.
    failures
        Counts what could not be read or decoded.
    shift_s
        Seconds that are added to the stamps of packet n of the stream; None adds none.
    """
    for number, packet in enumerate(packets_of(container, [stream], failures)):
        if shift_s is not None and stream.time_base:
            _shift(packet, round(shift_s(number) / stream.time_base))
        yield from _frames_of(stream, packet, failures)
    if failures.gave_up:
        yield from _frames_of(stream, None, failures)


def _shift(packet: Any, ticks: int) -> None:  # noqa: ANN401 - av's packet
    if ticks and packet.pts is not None:
        packet.pts += ticks
    if ticks and packet.dts is not None:
        packet.dts += ticks


def _frames_of(stream: Any, packet: Any, failures: Failures) -> list[Any]:  # noqa: ANN401
    try:
        return list(stream.decode(packet))
    except av.error.FFmpegError as error:
        failures.add(error)
        return []
