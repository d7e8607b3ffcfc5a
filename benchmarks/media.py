"""Recordings for the benchmarks: a short talk repeated by copying its packets."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av

SHARED_TALK = Path("../shared/data/videos/talk_ru_10s.mp4")
SAMPLE_TALK = Path("samples/talk.mp4")


def default_source() -> Path:
    """The shared 720p25 recording where it is there, else the sample."""
    return SHARED_TALK if SHARED_TALK.is_file() else SAMPLE_TALK


def repeat(source: Path, target: Path, minutes: float) -> Path:
    """Write `source` again and again into `target` until it is `minutes` long.

    Packets are copied, so nothing is decoded or encoded.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(target), "w") as output:
        streams = {}
        offset_s = Fraction(0)
        while offset_s < Fraction(minutes) * 60:
            offset_s += _append(source, output, streams, offset_s)
    return target


def _append(
    source: Path,
    output: av.container.OutputContainer,
    streams: dict[int, av.stream.Stream],
    offset_s: Fraction,
) -> Fraction:
    """Copy all packets of `source` behind `offset_s`; return the length of what was copied."""
    end_s = Fraction(0)
    with av.open(str(source)) as recording:
        wanted = [*recording.streams.video[:1], *recording.streams.audio[:1]]
        # All streams must be there before the first packet makes the muxer write its header.
        for stream in wanted if not streams else ():
            streams[stream.index] = output.add_stream_from_template(stream)
        for packet in recording.demux(wanted):
            if packet.dts is None or packet.pts is None or packet.time_base is None:
                continue
            index = packet.stream.index
            if packet.stream.type == "video":
                end_s = max(end_s, (packet.pts + (packet.duration or 0)) * packet.time_base)
            shift = round(offset_s / packet.time_base)
            packet.pts += shift
            packet.dts += shift
            packet.stream = streams[index]
            output.mux(packet)
    return end_s
