"""Small whole recordings that the corpus damages: ten pictures in a second, and a tone.

Everything is written bit-exactly: no time of writing, no random number, one encoder thread. The
same version of FFmpeg gives the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np

from tests.fixtures.media import (
    X264,
    Film,
    Sound,
    number_picture,
    steady_times,
    tone,
    write_media,
)

SECONDS: Final = 1.0
FPS: Final = 10.0
EXACT: Final = {"fflags": "+bitexact"}
BIT_EXACT: Final = {"flags": "+bitexact", "threads": "1"}


def make_seeds(folder: Path) -> dict[str, bytes]:
    """Write every seed into `folder` and return the contents by name."""
    sound = Sound(tone(SECONDS))
    wave = Sound(tone(SECONDS), codec="pcm_s16le")
    h264 = Film(steady_times(SECONDS, FPS), options=X264 | {"x264-params": "info=0"})
    mpeg4 = Film(
        steady_times(SECONDS, FPS), codec="mpeg4", options=BIT_EXACT, clock=Fraction(1, int(FPS))
    )
    vp8 = Film(steady_times(SECONDS, FPS), codec="libvpx", options=BIT_EXACT | {"cpu-used": "8"})
    opus = Sound(tone(SECONDS), codec="libopus")
    plans: dict[str, tuple[Film, Sound, dict[str, str]]] = {
        "plain.mp4": (h264, sound, {}),
        "fast.mp4": (h264, sound, {"movflags": "faststart"}),
        "pieces.mp4": (h264, sound, {"movflags": "frag_keyframe+empty_moov+default_base_moof"}),
        "plain.mov": (h264, wave, {}),
        "plain.mkv": (h264, sound, {}),
        "plain.webm": (vp8, opus, {}),
        "plain.avi": (mpeg4, wave, {}),
        "plain.flv": (h264, sound, {}),
        "plain.ts": (h264, sound, {}),
    }
    seeds = {}
    for name, (film, heard, options) in plans.items():
        path = write_media(folder / name, [film], [heard], container_options=EXACT | options)
        seeds[name] = path.read_bytes()
    return seeds


def packed(
    path: Path,
    codec: str,
    packets: list[bytes],
    *,
    size_px: tuple[int, int] = (64, 64),
    sound: tuple[bytes, int, list[bytes], int] | None = None,
) -> bytes:
    """Container around packets that were made elsewhere: one picture each, ten a second.

    Parameters
    ----------
    path
        File to write on the way; its suffix names the container.
    codec
        Encoder that announces the stream.
    packets
        Content of the packets.
    size_px
        Width and height that the container announces.
    sound
        Of a second stream: a whole file that shows its codec, rate in Hz, packets, and samples per
        packet.
    """
    with av.open(str(path), "w", options=EXACT) as container:
        film = container.add_stream(codec, rate=int(FPS))
        film.width, film.height = size_px
        film.pix_fmt = "yuvj420p" if codec == "mjpeg" else "rgb24"
        film.codec_context.time_base = Fraction(1, int(FPS))
        tick = Fraction(1, int(FPS))
        ready = [_packet(film, content, tick, k, 1) for k, content in enumerate(packets)]
        if sound is not None:
            stream_header, rate_hz, contents, samples = sound
            # A real encoder would announce its own length of block.
            with av.open(io.BytesIO(stream_header)) as template:
                track = container.add_stream_from_template(template.streams.audio[0])
            tick = Fraction(1, rate_hz)
            ready += [
                _packet(track, content, tick, samples * k, samples)
                for k, content in enumerate(contents)
            ]
        ready.sort(key=lambda packet: packet.dts * packet.time_base)
        for packet in ready:
            container.mux(packet)
    return path.read_bytes()


def one_jpeg() -> bytes:
    """JPEG of 64 × 64 px."""
    coder: Any = av.CodecContext.create("mjpeg", "w")
    coder.width = coder.height = 64
    coder.pix_fmt, coder.time_base = "yuvj420p", Fraction(1, 10)
    coder.options = BIT_EXACT
    frame = av.VideoFrame.from_ndarray(number_picture(1, (64, 64)), format="rgb24")
    frame = frame.reformat(format="yuvj420p")
    frame.pts = 0
    return bytes([*coder.encode(frame), *coder.encode(None)][0])


def _packet(stream: Any, content: bytes, clock: Fraction, stamp: int, length: int) -> Any:
    packet = av.Packet(content)
    packet.stream = stream
    packet.time_base = clock
    packet.pts = packet.dts = stamp
    packet.duration = length
    packet.is_keyframe = True
    return packet


def many_streams(folder: Path, count: int) -> Mapping[str, bytes]:
    """Containers of `count` streams each, of sound, of pictures and of both."""
    # Without a picture or a sound to encode they stay small and quick to make.
    film = Film(steady_times(0.2, FPS), size_px=(64, 64), options=X264 | {"x264-params": "info=0"})
    beep = Sound(tone(0.1))
    one = Film(steady_times(SECONDS, FPS), options=film.options)
    plans = {
        "sounds.mkv": ([one], [beep] * (count - 1)),
        "sounds.mp4": ([one], [beep] * (count - 1)),
        "pictures.mkv": ([film] * count, []),
        "both.ts": ([film] * (count // 2), [beep] * (count // 2)),
    }
    found = {}
    for name, (films, sounds) in plans.items():
        path = write_media(folder / name, films, sounds, container_options=EXACT)
        found[name] = path.read_bytes()
    return found


def still(folder: Path, suffix: str) -> bytes:
    """One picture with a tone of 30 s."""
    film = Film([0.0], options=X264 | {"x264-params": "info=0"})
    path = folder / f"still{suffix}"
    return write_media(path, [film], [Sound(tone(30.0))], container_options=EXACT).read_bytes()


def opposed_channels(folder: Path) -> bytes:
    """Pictures with a tone and its inverse."""
    film = Film(steady_times(SECONDS, FPS), options=X264 | {"x264-params": "info=0"})
    wave = tone(3.0)
    sound = Sound(np.concatenate([wave, -wave]), layout="stereo", codec="pcm_s16le")
    path = folder / "opposed.mkv"
    return write_media(path, [film], [sound], container_options=EXACT).read_bytes()
