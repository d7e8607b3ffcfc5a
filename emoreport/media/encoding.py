"""Write a video that plays everywhere: H.264 and AAC in MP4, at the presentation times given.

Frames keep their times to 1/90000 s, so a variable frame rate survives. Sound is one unbroken run
of samples from time zero; who writes it fills late starts and gaps with silence.

The file is written under the path given and is not whole before `VideoWriter.close`. Give it a
temporary name and rename it afterwards (``tables.atomic.Staging``).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Self

import av
import av.error
import numpy as np
from av.codec import Codec
from av.codec.codec import UnknownCodecError
from av.codec.context import Flags
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from emoreport.errors import OutputError
from emoreport.media.container import reason
from emoreport.records import FloatArray, RgbImage

CLOCK: Final = Fraction(1, 90_000)
"""Tick of the video stream: the clock of MPEG systems; it holds 24, 25, 30 and 60 Hz exactly."""

OLD_CLOCK: Final = Fraction(1, 60_000)
"""Tick for MPEG-4 Part 2, whose clock has 16 bits."""

ENCODERS: Final = ("libx264", "mpeg4")
"""In order of preference. The second is in every FFmpeg, but browsers do not play it."""

SOUND_RATES_HZ: Final = (44_100, 48_000)
SOUND_LAYOUTS: Final = {1: "mono", 2: "stereo"}
BITS_PER_CHANNEL: Final = 96_000
FALLBACK_RATE_HZ: Final = 25.0
BT709: Final = 1
"""Code of the matrix, primaries and transfer of ITU-R BT.709 (ITU-T H.273)."""
LIMITED_RANGE: Final = 1


def choose_encoder(names: Sequence[str] = ENCODERS) -> str:
    """First encoder of `names` that this FFmpeg has.

    Raises
    ------
    OutputError
        When it has none of them.
    """
    for name in names:
        try:
            Codec(name, "w")
        except UnknownCodecError:
            continue
        return name
    raise OutputError("media.no_encoder", names=", ".join(names))


class VideoWriter:
    """Writes one MP4: pictures with presentation times and, if wanted, sound.

    A context manager: leaving it closes the file, leaving it by an error deletes it. Memory does
    not depend on the length as long as pictures and sound are written roughly in step.

    Parameters
    ----------
    path
        Where to; an existing file is replaced.
    size_px
        Width and height of the pictures. An odd side gains a copy of its last row or column, since
        H.264 with half-size colours needs even ones.
    rate_hz
        Usual frame rate, for the header and for the distance of key frames; None if unknown.
    sound
        (rate, channels) of the samples, rate 44100 or 48000, one or two channels; None for a video
        without sound.
    crf
        Constant rate factor of x264, 0 (lossless) to 51: 20 is hard to tell from the source.
    preset
        Preset of x264.
    keyframe_s
        Longest distance of two key frames: players seek to these.
    encoders
        Encoders to try, in this order.
    bits_per_channel
        Rate of the sound, bits per second and channel.

    Attributes
    ----------
    encoder
        The encoder that runs; ``libx264`` unless this FFmpeg has none.

    Raises
    ------
    OutputError
        When the file cannot be made or written.
    """

    def __init__(
        self,
        path: Path,
        size_px: tuple[int, int],
        *,
        rate_hz: float | None = None,
        sound: tuple[int, int] | None = None,
        crf: int = 20,
        preset: str = "veryfast",
        keyframe_s: float = 2.0,
        encoders: Sequence[str] = ENCODERS,
        bits_per_channel: int = BITS_PER_CHANNEL,
    ) -> None:
        if min(size_px) < 1:
            raise OutputError("media.picture_size", width=size_px[0], height=size_px[1])
        if sound is not None and (sound[0] not in SOUND_RATES_HZ or sound[1] not in SOUND_LAYOUTS):
            raise OutputError("media.sound_form", rate_hz=sound[0], channels=sound[1])
        self._path = path
        self._size_px = size_px
        self._rate_hz = rate_hz or FALLBACK_RATE_HZ
        self._sound = sound
        self.encoder = choose_encoder(encoders)
        self._clock = CLOCK if self.encoder == "libx264" else OLD_CLOCK
        self._colours = VideoReformatter()
        self._held: Any = None
        self._last_s = -1e-9
        self._step = max(1, round(1 / (self._rate_hz * self._clock)))
        self._samples = 0
        try:
            self._container = av.open(
                f"file:{path.absolute()}",
                "w",
                format="mp4",
                options={"movflags": "faststart"},
            )
        except (av.error.FFmpegError, OSError) as error:
            raise OutputError("media.unwritable", error=reason(error), file=path) from error
        self._open = True
        try:
            self._video = self._add_video(crf, preset, keyframe_s)
            self._audio = None if sound is None else self._add_audio(*sound, bits_per_channel)
        except BaseException:
            self.abort()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()

    def _add_video(self, crf: int, preset: str, keyframe_s: float) -> Any:  # noqa: ANN401 - av's stream
        options = {"g": str(max(1, round(keyframe_s * self._rate_hz)))}
        if self.encoder == "libx264":
            # Pictures in the order of their times: with a variable rate, reordered ones make the
            # container too short, and players leave out the end.
            options |= {"crf": str(crf), "preset": preset, "bf": "0"}
        else:
            options |= {"q": str(max(1, crf // 5))}
        rate = Fraction(self._rate_hz).limit_denominator(1001)
        stream: Any = self._container.add_stream(self.encoder, rate=rate, options=options)
        width, height = self._size_px
        stream.width, stream.height = width + width % 2, height + height % 2
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.time_base = self._clock
        # The encoder hands on how long each picture is shown; else it takes the step of the header.
        context.flags |= Flags.frame_duration
        context.sample_aspect_ratio = Fraction(1)
        context.colorspace = context.color_primaries = context.color_trc = BT709
        context.color_range = LIMITED_RANGE
        return stream

    def _add_audio(self, rate_hz: int, channels: int, bits_per_channel: int) -> Any:  # noqa: ANN401 - av's stream
        stream: Any = self._container.add_stream(
            "aac", rate=rate_hz, layout=SOUND_LAYOUTS[channels]
        )
        stream.codec_context.bit_rate = bits_per_channel * channels
        return stream

    def write_frame(self, rgb: RgbImage, time_s: float) -> None:
        """Add one picture, RGB uint8 (height, width, 3), shown from `time_s` on.

        Times are seconds ≥ 0 and increase. A picture is encoded once its successor is known, since
        that tells how long it is shown.

        Raises
        ------
        OutputError
            When the picture has another size, its time is not after the last one, or the file
            cannot be written.
        """
        height, width = rgb.shape[:2]
        if (width, height) != self._size_px:
            raise OutputError(
                "media.other_size",
                width=width,
                height=height,
                video_width=self._size_px[0],
                video_height=self._size_px[1],
                file=self._path,
            )
        if not time_s > self._last_s:
            raise OutputError("media.out_of_order", time_s=time_s, file=self._path)
        self._last_s = time_s
        stamp = round(time_s / self._clock)
        if self._held is not None:
            # Two pictures within one tick: the later one is a tick late.
            stamp = max(stamp, self._held.pts + 1)
            self._step = stamp - self._held.pts
            self._encode_held(self._step)
        if width % 2 or height % 2:
            rgb = np.pad(rgb, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        picture = self._colours.reformat(
            av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24"),
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
        )
        picture.pts = stamp
        picture.time_base = self._clock
        self._held = picture

    def write_audio(self, samples: FloatArray) -> None:
        """Add sound, float32 (channels, n), [-1, 1], behind what was written before.

        The first sample written stands at time zero.

        Raises
        ------
        OutputError
            When the video has no sound, other channels, or the file cannot be written.
        """
        if self._audio is None or self._sound is None or len(samples) != self._sound[1]:
            raise OutputError("media.sound_misfit", file=self._path)
        if not samples.shape[1]:
            return
        rate_hz, channels = self._sound
        block = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples, dtype=np.float32),
            format="fltp",
            layout=SOUND_LAYOUTS[channels],
        )
        block.sample_rate = rate_hz
        block.pts = self._samples
        block.time_base = Fraction(1, rate_hz)
        self._samples += samples.shape[1]
        self._mux(self._audio, block)

    def close(self, end_s: float | None = None) -> None:
        """Finish the file; safe to call twice.

        Parameters
        ----------
        end_s
            Until when the last picture is shown; None shows it as long as the one before.

        Raises
        ------
        OutputError
            When no picture was written or the file cannot be finished; it is deleted then.
        """
        if not self._open:
            return
        if self._held is None:
            self.abort()
            raise OutputError("media.no_picture_written", file=self._path)
        try:
            if end_s is not None:
                self._step = max(1, round(end_s / self._clock) - self._held.pts)
            self._encode_held(self._step)
            self._mux(self._video, None)
            if self._audio is not None:
                self._mux(self._audio, None)
            self._finish()
        except BaseException:
            self.abort()
            raise

    def abort(self) -> None:
        """Give up and delete the file; safe to call twice and after `close`."""
        if not self._open:
            return
        self._open = False
        with suppress(av.error.FFmpegError, OSError, ValueError):
            self._container.close()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _encode_held(self, duration: int) -> None:
        self._held.duration = duration
        self._mux(self._video, self._held)

    def _mux(self, stream: Any, frame: Any) -> None:  # noqa: ANN401 - av's own
        try:
            for packet in stream.encode(frame):
                self._container.mux(packet)
        except (av.error.FFmpegError, OSError) as error:
            raise self._failure(error) from error

    def _finish(self) -> None:
        try:
            self._container.close()
        except (av.error.FFmpegError, OSError) as error:
            raise self._failure(error) from error
        self._open = False

    def _failure(self, error: Exception) -> OutputError:
        return OutputError("media.writing_stopped", error=reason(error), file=self._path)
