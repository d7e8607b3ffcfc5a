"""Make what README and first steps print and show: ``make readme``.

A fenced block below a comment ``<!-- output -->`` is made from its own lines that begin with ``$``:
each is run as it stands, and what it prints is put below it. The commands of all pages of one
language run in one scratch folder, as on a machine with a fresh install: the compact models, no
network, the sample in ``samples/``. A command that was run is not run again. The comment may say
more:

``coded``
    ``anna.eaf`` is there: the blank file that was exported, filled with what the sample's script
    intended.
``recordings``
    The folder ``recordings`` is there: two videos and a broken file.
``first N``
    Only the first N lines are shown, then an ellipsis.

Long lines are broken as a terminal breaks them.

``python docs/make_readme.py`` writes the blocks, then the pictures (docs/pictures); ``--check``
says what would change and writes nothing.
"""

from __future__ import annotations

import csv
import os
import re
import runpy
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from difflib import unified_diff
from pathlib import Path
from typing import Final

import av
import pympi

from emoreport.messages import text

DOCS: Final = Path(__file__).parent
ROOT: Final = DOCS.parent
PAGES: Final = {
    "en": ("README.md", "docs/sample.md", "docs/quickstart.md", "docs/batch.md", "docs/python.md"),
    "ru": ("README.ru.md", "docs/ru/quickstart.md", "docs/ru/python.md"),
}
"""In this order: a command changes what those behind it see."""

BLOCK: Final = re.compile(
    r"(?P<head><!-- output(?::(?P<words>[^>]*))? -->\n```text\n)(?P<body>.*?)(?P<end>```\n)",
    re.DOTALL,
)
CODED: Final = "statistics/talk/export/talk_blank.eaf"
NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)*")
VARIES: Final = re.compile(
    r"\d+\.\d+\.\d+|\d+:\d\d|\b\d+[.,]\d+ [sс] \(\d|threads each: \d+|\d+ MB"
)
"""What another machine or release prints otherwise: versions, times, memory."""

OWN: Final = re.compile("EMOREPORT_|LC_|LANGUAGE$")
"""Variables of this machine that would change what is printed."""

LOCALES: Final = {"en": "en_GB.UTF-8", "ru": "ru_RU.UTF-8"}
PROGRESS: Final = ("cli.line.progress", "cli.line.progress_open", "batch.line.progress")
"""Lines that come only where no terminal is, and when they come is chance."""

WIDTH: Final = 100
ABSOLUTE: Final = 0.06
RELATIVE: Final = 0.02
"""Two runs on different processors may differ in a bound by a frame and in the digits behind it."""


class Desk:
    """A scratch folder in which the commands of one language run."""

    def __init__(self, folder: Path, lang: str) -> None:
        self.folder = folder
        self._lang = lang
        self._printed: dict[str, str] = {}
        shutil.copytree(ROOT / "samples", folder / "samples")
        programs = folder / "bin"
        programs.mkdir()
        for name, call in (("emoreport", '-m emoreport "$@"'), ("python", '"$@"')):
            (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {call}\n')
            (programs / name).chmod(0o755)
        self._environment = {
            **{name: value for name, value in os.environ.items() if not OWN.match(name)},
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "EMOREPORT_OFFLINE": "1",
            "EMOREPORT_MODEL_DIR": str(folder / "models"),
            "LANG": LOCALES[lang],
            "COLUMNS": str(WIDTH),
            "NO_COLOR": "1",
        }

    def run(self, command: str) -> str:
        """What a command prints, without lines of progress.

        Raises
        ------
        SystemExit
            When the command ends with an exit code that no batch with a broken file has.
        """
        if command not in self._printed:
            done = subprocess.run(
                ["sh", "-c", command],
                cwd=self.folder,
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                check=False,
            )
            if done.returncode > 1 or (done.returncode and " batch " not in command):
                raise SystemExit(f"{command}: exit code {done.returncode}\n{done.stdout}")
            lines = [line for line in done.stdout.splitlines() if not self._is_progress(line)]
            self._printed[command] = "".join(f"{line.rstrip()}\n" for line in lines)
        return self._printed[command]

    def prepare(self, word: str) -> None:
        """Make what a block asks for; see the top of this module."""
        if word == "coded":
            code_as_intended(self.folder / CODED, self.folder / "anna.eaf")
        elif word == "recordings" and not (self.folder / word).exists():
            make_recordings(self.folder / word)

    def _is_progress(self, line: str) -> bool:
        shapes = [text(key, self._lang, **_any_values()) for key in PROGRESS]
        return any(re.fullmatch(re.escape(shape).replace("@", ".*"), line) for shape in shapes)


def _any_values() -> dict[str, str]:
    return dict.fromkeys(("name", "stage", "share", "rate", "left", "done"), "@")


def code_as_intended(blank: Path, target: Path) -> None:
    """Fill the blank ELAN file with the faces that the script of the sample intended."""
    document = pympi.Eaf(str(blank))
    with (ROOT / "samples" / "talk.script.csv").open(encoding="utf-8", newline="") as stream:
        for scene in csv.DictReader(stream):
            bounds = (round(1000 * float(scene[name])) for name in ("start", "end"))
            document.add_annotation("face", *bounds, scene["face"])
    document.to_file(str(target))


def make_recordings(folder: Path) -> None:
    """Two short videos and a file that is none."""
    (folder / "day2").mkdir(parents=True)
    cut(folder / "talk.mp4", 4.0)
    cut(folder / "day2" / "talk.mp4", 2.0)
    (folder / "broken.mp4").write_bytes((ROOT / "samples" / "talk.mp4").read_bytes()[:3000])


def cut(target: Path, length_s: float) -> None:
    """Copy the first seconds of the sample without decoding."""
    with av.open(str(ROOT / "samples" / "talk.mp4")) as source, av.open(str(target), "w") as copy:
        streams = {
            stream.index: copy.add_stream_from_template(stream)
            for stream in (source.streams.video[0], source.streams.audio[0])
        }
        for packet in source.demux(source.streams.video[0], source.streams.audio[0]):
            if packet.dts is not None and packet.dts * packet.time_base < length_s:
                packet.stream = streams[packet.stream.index]
                copy.mux(packet)


def made(page: str, desk: Desk) -> str:
    """Text of a page with every block as the program prints it now."""

    def block(match: re.Match[str]) -> str:
        words = [word.strip() for word in (match["words"] or "").split(",")]
        for word in words:
            desk.prepare(word)
        commands = [line for line in match["body"].splitlines() if line.startswith("$ ")]
        parts = []
        for command in commands:
            printed = desk.run(command.removeprefix("$ ")).splitlines()
            for word in words:
                if word.startswith("first "):
                    count = int(word.removeprefix("first "))
                    printed = [*printed[:count], *(["…"] if len(printed) > count else [])]
            parts += [command, *(piece for line in printed for piece in broken(line))]
        return match["head"] + "".join(f"{line}\n" for line in parts) + match["end"]

    return BLOCK.sub(block, (ROOT / page).read_text(encoding="utf-8"))


def broken(line: str) -> list[str]:
    """A line as a terminal of `WIDTH` characters shows it; rows of tables stay whole."""
    if re.search(r"\S {2,}\S", line):
        return [line]
    indent = line[: len(line) - len(line.lstrip())]
    glued = line.replace(" %", "\N{NO-BREAK SPACE}%")
    pieces = textwrap.wrap(glued, WIDTH, subsequent_indent=indent, break_long_words=False)
    return [piece.replace("\N{NO-BREAK SPACE}%", " %") for piece in pieces] or [line]


def pages(desk_of: Callable[[str], Desk]) -> Iterator[tuple[str, str]]:
    """Every page and its text of now."""
    for lang, names in PAGES.items():
        desk = desk_of(lang)
        for name in names:
            yield name, made(name, desk)


def differences(written: str, printed: str) -> list[str]:
    """Blocks that do not fit any more; numbers may differ as between two processors."""
    found = []
    for one, other in zip(BLOCK.finditer(written), BLOCK.finditer(printed), strict=True):
        if not alike(one["body"], other["body"]):
            lines = (match["body"].splitlines() for match in (one, other))
            found += [line.rstrip() for line in unified_diff(*lines, n=0)][2:]
    return found


def alike(one: str, other: str) -> bool:
    """Whether two outputs say the same, up to what varies between machines."""
    texts, numbers = zip(*(_parted(output) for output in (one, other)), strict=True)
    return texts[0] == texts[1] and all(
        abs(first - second) <= max(ABSOLUTE, RELATIVE * abs(first))
        for first, second in zip(*numbers, strict=True)
    )


def _parted(output: str) -> tuple[str, list[float]]:
    """An output without its numbers and line ends, and these numbers."""
    steady = VARIES.sub("#", " ".join(output.split()))
    numbers = [float(found.replace(",", ".")) for found in _plain_numbers(steady)]
    return NUMBER.sub("0", steady), numbers


def _plain_numbers(line: str) -> list[str]:
    """Numbers one by one: in ``0.1,0.2`` the comma divides cells, in ``0,5`` it is the point."""
    return [
        number
        for found in NUMBER.findall(line)
        for number in (found.split(",") if "." in found or found.count(",") > 1 else [found])
    ]


def main(arguments: list[str]) -> int:
    """Write or check all pages; return the exit code."""
    unlike = 0
    with tempfile.TemporaryDirectory() as name:

        def desk_of(lang: str) -> Desk:
            (folder := Path(name) / lang).mkdir()
            return Desk(folder, lang)

        for page, content in pages(desk_of):
            found = differences((ROOT / page).read_text(encoding="utf-8"), content)
            unlike += len(found)
            print(page, *found, sep="\n")
            if "--check" not in arguments:
                (ROOT / page).write_text(content, encoding="utf-8")
    if "--check" in arguments:
        return min(unlike, 1)
    runpy.run_path(str(DOCS / "pictures" / "make_pictures.py"))["main"]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
