"""Malformed and hostile recordings, made by script: the same files for the same seed.

`make_corpus` writes one file per case into a folder and says what it made. `sample` picks a few
of every kind. docs/hostile-input.md tells what the kinds are for.
"""

from __future__ import annotations

import hashlib
import os
import random
import socket
import struct
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.hostile import layout, payloads, seeds
from tests.hostile.layout import Part, put

SEED: Final = 20_240_501
CUTS: Final = (0.002, 0.01, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 0.999)
FLIPS: Final = ((1, 3), (8, 3), (64, 2), (1000, 1))
"""So many bits, and so many variants of each."""
STREAMS: Final = 100
GIB: Final = 1 << 30


@dataclass(frozen=True)
class Case:
    """One hostile file.

    Attributes
    ----------
    kind
        What is done to it.
    label
        What was done exactly; different for every case.
    name
        Its path below the corpus.
    make
        Writes it to a path.
    video
        Whether a program that looks for videos ought to say something about it.
    """

    kind: str
    label: str
    name: str
    make: Callable[[Path], object]
    video: bool = True


def make_corpus(folder: Path, cases: Iterable[Case]) -> list[Case]:
    """Write the cases into a folder; return those that this system could make."""
    made = []
    for case in cases:
        path = folder / case.name
        path.parent.mkdir(parents=True, exist_ok=True)
        case.make(path)
        made.append(case)
    return made


def all_cases(seed: int = SEED) -> list[Case]:
    """Every case, in a fixed order; no two have the same content."""
    with tempfile.TemporaryDirectory(prefix="emoreport-seeds-") as name:
        folder = Path(name)
        whole = seeds.make_seeds(folder)
        contents = [
            *_cuts(whole),
            *_flips(whole, random.Random(seed)),
            *_wrong_lengths(whole),
            *_wrong_values(whole),
            *_bombs(folder),
            *_streams(folder),
            *_clocks(whole),
            *_stills(folder),
            *_disguised(),
        ]
    cases: list[Case] = []
    seen: set[bytes] = {hashlib.sha256(content).digest() for content in whole.values()}
    for kind, label, suffix, content in contents:
        digest = hashlib.sha256(content).digest()
        if digest not in seen:
            seen.add(digest)
            name = f"{kind}/{len(cases):04d}{suffix}"
            cases.append(Case(kind, label, name, _writes(content)))
    return [*cases, *_names(whole["fast.mp4"]), *_specials(whole["fast.mp4"])]


def sample(cases: Sequence[Case], per_kind: Mapping[str, int], default: int) -> list[Case]:
    """Cases of every kind, spread evenly over each; those of the file system are all kept."""
    chosen = []
    for kind in dict.fromkeys(case.kind for case in cases):
        own = [case for case in cases if case.kind == kind]
        most = min(per_kind.get(kind, default), len(own))
        chosen += [own[k * len(own) // most] for k in range(most)]
    return chosen


def _writes(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


Content = tuple[str, str, str, bytes]
"""Kind, label, suffix, bytes."""


def _suffix(name: str) -> str:
    return Path(name).suffix


# --------------------------------------------------------------------------- damage


def _cuts(whole: Mapping[str, bytes]) -> Iterator[Content]:
    for name, data in whole.items():
        for share in CUTS:
            cut = data[: int(len(data) * share)]
            yield "cut", f"{name} cut at {share}", _suffix(name), cut
        yield "cut", f"{name} without its start", _suffix(name), data[len(data) // 10 :]


def _flips(whole: Mapping[str, bytes], chance: random.Random) -> Iterator[Content]:
    for name, data in whole.items():
        for bits, variants in FLIPS:
            for variant in range(variants):
                hurt = bytearray(data)
                for _ in range(bits):
                    hurt[chance.randrange(len(hurt))] ^= 1 << chance.randrange(8)
                yield "flip", f"{name} {bits} bits, {variant}", _suffix(name), bytes(hurt)


def _wrong_lengths(whole: Mapping[str, bytes]) -> Iterator[Content]:
    for name in ("plain.mp4", "pieces.mp4"):
        data = whole[name]
        parts = list(layout.boxes(data))
        if name == "pieces.mp4":
            # The other boxes are those of plain.mp4.
            parts = [part for part in parts if part.path.startswith(("moof", "mf", "moov.mvex"))]
        for part in parts:
            length = part.end - part.start
            for wrong in (0, 1, max(length - 3, 2), length + 5, 0xFFFFFFFF):
                content = put(data, part.length_at, struct.pack(">I", wrong))
                label = f"{name} {part.path}@{part.start} says {wrong}"
                yield "mp4 length", label, ".mp4", content
    matroska = layout.first_of_each(layout.elements(whole["plain.mkv"]))
    webm = layout.first_of_each(layout.elements(whole["plain.webm"]))
    own = [part for part in webm if part.path.startswith("Segment.Cluster")]
    for name, parts in (("plain.mkv", matroska), ("plain.webm", own)):
        for part in parts:
            for label, wrong in _wrong_vints(part):
                content = put(whole[name], part.length_at, wrong)
                yield "mkv length", f"{name} {part.path} {label}", _suffix(name), content
    for part in layout.first_of_each(layout.chunks(whole["plain.avi"]), most=2):
        for wrong in (0, 3, part.end - part.content + 7, 0x7FFFFFFF, 0xFFFFFFFF):
            content = put(whole["plain.avi"], part.length_at, struct.pack("<I", wrong))
            yield "avi length", f"{part.path}@{part.start} says {wrong}", ".avi", content


def _wrong_vints(part: Part) -> Iterator[tuple[str, bytes]]:
    width = part.length_bytes
    mark, most = 1 << 7 * width, (1 << 7 * width) - 2
    values = {"zero": 0, "longer": min(part.end - part.content + 9, most), "huge": most}
    for label, value in (values | {"unknown": most + 1}).items():
        yield label, (mark | value).to_bytes(width, "big")
    yield "no length", bytes(width)


# --------------------------------------------------------------------------- impossible values


def _wrong_values(whole: Mapping[str, bytes]) -> Iterator[Content]:
    yield from _mp4_values(whole["plain.mp4"])
    yield from _mkv_values(whole["plain.mkv"])
    yield from _avi_values(whole["plain.avi"])


_COUNTS: Final = (0, 1_000_000_000, 0xFFFFFFFF)
_WORDS: Final = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def _mp4_values(data: bytes) -> Iterator[Content]:
    def u32(values: Iterable[int]) -> list[bytes]:
        return [struct.pack(">I", value) for value in values]

    sides = [struct.pack(">HH", *size) for size in ((0, 0), (16384, 16384), (65535, 65535))]
    plans: Mapping[str, Mapping[int, list[bytes]]] = {
        # Offsets count from behind the box's header.
        "mvhd": {12: u32(_WORDS), 16: u32(_WORDS)},
        "tkhd": {20: u32(_WORDS), 76: u32((0, 16384 << 16, 0xFFFFFFFF))},
        "mdhd": {12: u32(_WORDS), 16: u32(_WORDS)},
        "elst": {4: u32(_COUNTS), 8: u32(_WORDS), 12: u32(_WORDS), 16: u32((0, 1, 0xFFFFFFFF))},
        "stts": {4: u32(_COUNTS), 8: u32(_COUNTS), 12: u32(_WORDS)},
        "ctts": {4: u32(_COUNTS), 12: u32((0x7FFFFFFF, 0x80000000))},
        "stss": {4: u32(_COUNTS), 8: u32(_COUNTS)},
        "stsc": {4: u32(_COUNTS), 8: u32((0, 0xFFFFFFFF)), 12: u32((0, 1_000_000_000))},
        # A constant size for a thousand million frames; each size of its own.
        "stsz": {
            4: [*u32((0xFFFFFFFF,)), struct.pack(">II", 1, 1_000_000_000)],
            8: u32(_COUNTS),
            12: u32((0, 0x7FFFFFFF, 0xFFFFFFFF)),
        },
        "stco": {4: u32(_COUNTS), 8: u32((0, 0x7FFFFFFF, 0xFFFFFFFF))},
        "dref": {4: u32(_COUNTS)},
        "stsd": {4: u32(_COUNTS)},
        "avc1": {24: sides},
        "avcC": {0: [b"\x00", b"\xff"], 5: [b"\xe0", b"\xff"], 6: [b"\xff\xff"]},
        "mp4a": {16: [b"\x00\x00", b"\xff\xff"], 24: u32((0, 1 << 16, 0xFFFFFFFF))},
        "esds": {4: [b"\x03\xff\xff\xff\x7f"]},
    }
    for part in layout.boxes(data):
        for offset, values in plans.get(part.path.rpartition(".")[2], {}).items():
            for value in values:
                label = f"{part.path}@{part.start}+{offset} is {value.hex()}"
                yield "mp4 value", label, ".mp4", put(data, part.content + offset, value)


def _mkv_values(data: bytes) -> Iterator[Content]:
    floats = (0.0, -1.0, 1e300, float("inf"), float("-inf"), float("nan"))
    numbers = {
        f"{one:X}"
        for one in (
            layout.TIMESTAMP_SCALE,
            layout.CLUSTER_TIMESTAMP,
            layout.PIXEL_WIDTH,
            layout.PIXEL_HEIGHT,
            layout.DEFAULT_DURATION,
        )
    }
    for part in layout.first_of_each(layout.elements(data), most=2):
        length = part.end - part.content
        name = part.path.rpartition(".")[2]
        values: list[bytes] = []
        if name == f"{layout.DURATION:X}":
            values = [struct.pack(">d", one) for one in floats]
        elif name in numbers:
            values = [bytes(length), b"\xff" * length, b"\x7f" + b"\xff" * (length - 1)]
        for value in values:
            label = f"{part.path}@{part.start} is {value.hex()}"
            yield "mkv value", label, ".mkv", put(data, part.content, value)


def _avi_values(data: bytes) -> Iterator[Content]:
    plans = {
        # µs per frame, frames, streams, width and height.
        "avih": ((0, _WORDS), (16, _COUNTS), (24, _COUNTS), (32, _COUNTS), (36, _COUNTS)),
        # Scale, rate, start, length, size of a sample.
        "strh": ((20, _WORDS), (24, _WORDS), (28, _WORDS), (32, _COUNTS), (44, _WORDS)),
        # Width and height of a picture; of sound, rate and bytes per second.
        "strf": ((4, (0, 16384, 0xFFFFFFFF)), (8, (0, 16384, 0x80000000))),
    }
    for part in layout.chunks(data):
        for offset, values in plans.get(part.path.rpartition(".")[2], ()):
            for value in values:
                content = put(data, part.content + offset, struct.pack("<I", value))
                label = f"{part.path}@{part.start}+{offset} is {value}"
                yield "avi value", label, ".avi", content


# --------------------------------------------------------------------------- far too much


def _bombs(folder: Path) -> Iterator[Content]:
    small, huge = payloads.png(64, 64), payloads.png(16384, 16384)
    claimed = payloads.png(9_999, 9_999, rows=1)
    for suffix in (".mov", ".nut"):
        path = folder / f"bomb{suffix}"
        for side in (16, 64, 4096):
            label = f"picture of 16384² px announced as {side}², {suffix}"
            made = seeds.packed(path, "png", [huge], size_px=(side, side))
            yield "picture bomb", label, suffix, made
        made = seeds.packed(path, "png", [small] * 9 + [huge])
        yield "picture bomb", f"tenth picture of 16384² px, {suffix}", suffix, made
        made = seeds.packed(path, "png", [claimed] * 10)
        yield "picture bomb", f"ten pictures that claim 9999² px, {suffix}", suffix, made
    jpeg = seeds.one_jpeg()
    for size in ((0, 0), (65500, 65500), (16383, 6100)):
        pictures = [jpeg, payloads.jpeg_of_size(jpeg, *size)] * 5
        for suffix in (".mkv", ".avi"):
            made = seeds.packed(folder / f"bomb{suffix}", "mjpeg", pictures)
            yield "picture bomb", f"every second JPEG claims {size}, {suffix}", suffix, made
    for size in ((16384, 16384), (65520, 16), (8192, 8192), (4096, 2304)):
        label = f"sequence parameters of {size}"
        yield "picture bomb", label, ".h264", payloads.h264_of_size(*size)
    for pictures, hours in ((2, 1), (10, 8), (1, 100)):
        label = f"{hours} h of silence, {pictures} pictures"
        yield "sound bomb", label, ".mkv", _silence(folder, [jpeg] * pictures, hours)


def _silence(folder: Path, pictures: list[bytes], hours: int) -> bytes:
    rate_hz = 1000
    frames = payloads.silent_flac(rate_hz, hours * 3600 * rate_hz // payloads.SILENT_BLOCK)
    sound = (payloads.flac_file(rate_hz), rate_hz, frames, payloads.SILENT_BLOCK)
    return seeds.packed(folder / "silence.mkv", "mjpeg", pictures, sound=sound)


def _streams(folder: Path) -> Iterator[Content]:
    for name, content in seeds.many_streams(folder, STREAMS).items():
        yield "streams", f"{STREAMS} streams, {name}", _suffix(name), content


def _clocks(whole: Mapping[str, bytes]) -> Iterator[Content]:
    """Clocks that start again, run backwards, or have holes in one stream or in both."""
    for name, header in (("plain.ts", 0), ("plain.flv", 13), ("plain.mkv", 0), ("pieces.mp4", 0)):
        data, suffix = whole[name], _suffix(name)
        for times in (2, 3, 40):
            joined = data + data[header:] * (times - 1)
            yield "clock", f"{name} {times} times in a row", suffix, joined
    packets = layout.ts_packets(whole["plain.ts"])
    third = len(packets) // 3
    first, middle, last = packets[:third], packets[third : 2 * third], packets[2 * third :]
    orders = {
        "without its middle": [*first, *last],
        "with its end before its middle": [*first, *last, *middle],
        "with its middle forty times": [*first, *middle * 40, *last],
        "with its packets in pairs turned round": [
            packet for at in range(0, len(packets), 2) for packet in packets[at : at + 2][::-1]
        ],
    }
    for pid in sorted({layout.ts_pid(packet) for packet in packets} - {0, 17, 4096}):
        kept = [packet for packet in middle if layout.ts_pid(packet) != pid]
        orders[f"without stream {pid} in its middle"] = [*first, *kept, *last]
        orders[f"without stream {pid} from its middle on"] = [
            *first,
            *(packet for packet in [*middle, *last] if layout.ts_pid(packet) != pid),
        ]
    for label, chosen in orders.items():
        yield "clock", f"plain.ts {label}", ".ts", b"".join(chosen)


def _stills(folder: Path) -> Iterator[Content]:
    """A single picture with sound that goes on, and channels that cancel each other."""
    for suffix in (".mp4", ".mkv", ".ts", ".flv"):
        yield "still", f"one picture, 30 s of sound, {suffix}", suffix, seeds.still(folder, suffix)
    yield "still", "opposed channels", ".mkv", seeds.opposed_channels(folder)


def _disguised() -> Iterator[Content]:
    for number, (label, content) in enumerate(payloads.other_files()):
        # The same file under two suffixes would be one content.
        suffix = (".mp4", ".mkv", ".avi", ".webm")[number % 4]
        yield "disguised", f"{label} as {suffix}", suffix, content


# --------------------------------------------------------------------------- names


NAMES: Final = (
    "new\nline.mp4",
    "carriage\rreturn.mp4",
    "tab\tand\x07bell.mp4",
    "\x1b[2J\x1b[31mred.mp4",
    "up..%2f..%2fetc%2fpasswd.mp4",
    "up\\..\\..\\windows.mp4",
    " .. .mp4",
    "abc\u202egpm.4pm.mp4",
    "\u200f\u05e9\u05dc\u05d5\u05dd.mp4",
    "zero\u200bwidth\ufeff.mp4",
    "-rf.mp4",
    "--out=elsewhere.mp4",
    "=cmd|' -c calc'!A1.mp4",
    '=HYPERLINK("http:a.example","x").mp4',
    "+1+1.mp4",
    "@SUM(A1).mp4",
    "\u202f=1+1.mp4",
    "<script>alert(1)<&>\"'.mp4",
    "'\"><img src=x onerror=alert(1)>.mp4",
    "{{ 7 * 7 }}{% raw %}.mp4",
    "%s%n{0}{name!r}.mp4",
    "$(touch was-here);`id`&&.mp4",
    "a; rm -r b.mp4",
    "[red]bold[link=x].mp4",
    "CON.mp4",
    "trailing dot..mp4",
    "trailing blank .mp4",
    "http:example.mp4",
    "concat:a.mp4",
    "pipe:0.mp4",
    "%03d.mp4",
    "*?[a-z].mp4",
    "run.json.mp4",
    "summary.csv.mp4",
    "manifest.jsonl.mp4",
    "NULL.mp4",
    "1e999.mp4",
    "\udcff\udcfe.mp4",
    "e\u0301 \u00e9.mp4",
    "\U0001f600\U0001f468\u200d\U0001f469.mp4",
    "я" * 125 + "a.mp4",
    "a" * 251 + ".mp4",
    "new\nfolder/x.mp4",
    "-folder/=1+1.mp4",
    "d/" * 40 + "deep.mp4",
)
HIDDEN: Final = ("...mp4", "..mp4", ".hidden.mp4", "..\\..\\a.mp4")
"""A leading dot hides a file, here as everywhere."""


def _names(whole: bytes) -> Iterator[Case]:
    for number, name in enumerate(NAMES + HIDDEN):
        # A free box behind the rest makes each content one of its own.
        mark = f"name {number}".encode()
        content = whole + struct.pack(">I4s", 8 + len(mark), b"free") + mark
        seen = name not in HIDDEN
        yield Case("name", f"named {name!r}", f"name/{name}", _writes(content), video=seen)


# --------------------------------------------------------------------------- no plain files


def _specials(whole: bytes) -> Iterator[Case]:
    def link(target: str) -> Callable[[Path], object]:
        return lambda path: path.symlink_to(target)

    plans: Mapping[str, tuple[Callable[[Path], object], bool]] = {
        "pipe.mp4": (os.mkfifo, True),
        "socket.mp4": (_socket, True),
        "zero.mp4": (link("/dev/zero"), True),
        "random.mkv": (link("/dev/urandom"), True),
        "terminal.mp4": (link("/dev/tty"), True),
        "itself.mp4": (link("itself.mp4"), True),
        "ring-a.mp4": (link("ring-b.mp4"), True),
        "ring-b.mp4": (link("ring-a.mp4"), True),
        "nowhere.mp4": (link("nothing-here"), True),
        "up": (link(".."), False),
        "here": (link("."), False),
        "folder.mp4": (Path.mkdir, False),
        "closed.mp4": (_closed(whole), True),
        "sparse.mp4": (_sparse, True),
        "memory.mp4": (link("/proc/self/mem"), True),
    }
    for name, (make, video) in plans.items():
        yield Case("special", name, f"special/{name}", make, video=video)


def _socket(path: Path) -> None:
    # Names of sockets may be shorter than the path to a test's folder.
    with socket.socket(socket.AF_UNIX) as plug, tempfile.TemporaryDirectory() as folder:
        short = Path(folder, "s")
        plug.bind(str(short))
        short.rename(path)


def _closed(whole: bytes) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        path.write_bytes(whole + struct.pack(">I4s", 8, b"free"))
        path.chmod(0)

    return make


def _sparse(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(GIB)
