"""Read a Dockerfile: the instructions that ours uses, and no others.

The check of the recipe carries out what stands in the Dockerfile itself. Whatever this reader does
not know is an error, so that the check cannot pass over an instruction.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

KNOWN: Final = frozenset(
    {"ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "FROM", "LABEL", "RUN", "STOPSIGNAL", "WORKDIR"}
)
COPY_FLAGS: Final = frozenset({"from", "chmod"})
_VARIABLE: Final = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_DIRECTIVE: Final = re.compile(r"#\s*\w+\s*=")


class RecipeError(Exception):
    """The Dockerfile says something that the check cannot carry out."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction.

    Parameters
    ----------
    line
        Number of its first line, from 1.
    name
        Its keyword, upper case.
    value
        The rest, continuation lines joined, comments inside left out.
    """

    line: int
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Stage:
    """One build stage.

    Parameters
    ----------
    name
        What follows ``AS``.
    base
        Image or earlier stage that it starts from, variables filled in.
    steps
        Its instructions after FROM, in order.
    """

    name: str
    base: str
    steps: tuple[Instruction, ...]


@dataclass(frozen=True, slots=True)
class Recipe:
    """A whole Dockerfile.

    Parameters
    ----------
    stages
        In order; the last one is the image.
    arguments
        Build arguments with their values: the Dockerfile's defaults, then the caller's.
    """

    stages: tuple[Stage, ...]
    arguments: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Copy:
    """What a COPY copies: `sources` of stage `stage` (None: of the build context) to `target`."""

    sources: tuple[str, ...]
    target: str
    stage: str | None
    mode: int | None


@dataclass(slots=True)
class Image:
    """Settings of a stage, as they gather from instruction to instruction."""

    env: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    stop_signal: str = "SIGTERM"

    def copy(self) -> Image:
        """Give a later stage settings of its own."""
        return Image(
            dict(self.env),
            self.workdir,
            list(self.entrypoint),
            list(self.command),
            dict(self.labels),
            self.stop_signal,
        )


def instructions(text: str) -> list[Instruction]:
    """Split a Dockerfile into its instructions.

    Raises
    ------
    RecipeError
        For an instruction, a parser directive or a form that the check does not know.
    """
    found: list[Instruction] = []
    start, parts = 0, list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#"):
            if not found and not parts and _DIRECTIVE.match(line):
                raise RecipeError(f"line {number}: parser directives are not known: {line}")
            continue
        if not line.strip():
            continue
        if not parts:
            start = number
        goes_on = line.rstrip().endswith("\\")
        parts.append(line.rstrip().removesuffix("\\").strip())
        if not goes_on:
            found.append(_instruction(start, " ".join(parts).strip()))
            parts = []
    if parts:
        raise RecipeError(f"line {start}: the last line goes on with nothing after it")
    return found


def _instruction(line: int, text: str) -> Instruction:
    name, _, value = text.partition(" ")
    name = name.upper()
    if name not in KNOWN:
        raise RecipeError(f"line {line}: the check does not know {name}")
    if "<<" in value and name in {"RUN", "COPY"}:
        raise RecipeError(f"line {line}: here-documents are not known")
    if name == "RUN" and value.startswith(("--", "[")):
        raise RecipeError(f"line {line}: RUN is known as a plain shell line only")
    return Instruction(line, name, value.strip())


def parse(text: str, arguments: Mapping[str, str] | None = None) -> Recipe:
    """Read a Dockerfile into its stages.

    Parameters
    ----------
    text
        The Dockerfile.
    arguments
        Values of ``--build-arg``.

    Raises
    ------
    RecipeError
        For what the check does not know, and for an argument that no ARG declares.
    """
    given = dict(arguments or {})
    values: dict[str, str] = {}
    before: dict[str, str] = {}
    stages: list[tuple[str, str, list[Instruction]]] = []
    for step in instructions(text):
        if step.name == "FROM":
            stages.append((*_from(step, before), []))
            continue
        if step.name == "ARG":
            name, _, default = step.value.partition("=")
            value = given.get(name, before.get(name, "".join(shlex.split(default))))
            values[name] = value
            if not stages:
                before[name] = value
        elif not stages:
            raise RecipeError(f"line {step.line}: {step.name} stands before FROM")
        if stages:
            stages[-1][2].append(step)
    if unknown := sorted(set(given) - set(values)):
        raise RecipeError(f"no ARG declares {', '.join(unknown)}")
    if not stages:
        raise RecipeError("there is no FROM")
    return Recipe(tuple(Stage(name, base, tuple(steps)) for name, base, steps in stages), values)


def _from(step: Instruction, values: Mapping[str, str]) -> tuple[str, str]:
    words = step.value.split()
    if len(words) != 3 or words[1].upper() != "AS":
        raise RecipeError(f"line {step.line}: FROM is known as FROM image AS name only")
    return words[2], expand(words[0], values, step.line)


def expand(text: str, values: Mapping[str, str], line: int) -> str:
    """Fill in ``$NAME`` and ``${NAME}``.

    Raises
    ------
    RecipeError
        For a name without a value and for the forms with ``:-`` and ``:+``.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name not in values:
            raise RecipeError(f"line {line}: {name} has no value here")
        return values[name]

    done = _VARIABLE.sub(value, text)
    if "${" in text and "${" in _VARIABLE.sub("", text):
        raise RecipeError(f"line {line}: only $NAME and ${{NAME}} are known in {text!r}")
    return done


def pairs(step: Instruction, values: Mapping[str, str]) -> dict[str, str]:
    """``NAME=value …`` of an ENV or a LABEL."""
    found = {}
    for word in shlex.split(step.value):
        name, equals, value = word.partition("=")
        if not equals:
            raise RecipeError(f"line {step.line}: {step.name} is known as NAME=value only")
        found[name] = expand(value, values, step.line)
    return found


def words(step: Instruction) -> list[str]:
    """Command line of an ENTRYPOINT or a CMD, which must be in the JSON form.

    The other form would put a shell between the engine's signals and the program.
    """
    try:
        found = json.loads(step.value)
    except ValueError as error:
        raise RecipeError(
            f"line {step.line}: {step.name} is known in its JSON form only"
        ) from error
    if not isinstance(found, list) or not all(isinstance(word, str) for word in found):
        raise RecipeError(f"line {step.line}: {step.name} is not a list of words")
    return found


def copy(step: Instruction, values: Mapping[str, str]) -> Copy:
    """Sources and target of a COPY."""
    flags: dict[str, str] = {}
    rest = shlex.split(expand(step.value, values, step.line))
    while rest and rest[0].startswith("--"):
        name, _, value = rest.pop(0)[2:].partition("=")
        if name not in COPY_FLAGS:
            raise RecipeError(f"line {step.line}: COPY --{name} is not known")
        flags[name] = value
    if len(rest) < 2 or any(mark in word for word in rest for mark in "*?["):
        raise RecipeError(f"line {step.line}: COPY needs plain sources and a target")
    if len(rest) > 2 and not rest[-1].endswith("/"):
        raise RecipeError(f"line {step.line}: several sources need a target that ends in /")
    mode = int(flags["chmod"], 8) if "chmod" in flags else None
    return Copy(tuple(rest[:-1]), rest[-1], flags.get("from"), mode)


@dataclass(frozen=True, slots=True)
class Ignored:
    """Rules of a ``.dockerignore``: the last one that matches a path or a folder above it wins."""

    rules: tuple[tuple[bool, re.Pattern[str]], ...]

    @classmethod
    def read(cls, file: Path) -> Ignored:
        """Read the file."""
        rules = []
        for line in file.read_text(encoding="utf-8").splitlines():
            pattern = line.strip()
            if not pattern or pattern.startswith("#"):
                continue
            keeps = pattern.startswith("!")
            rules.append((keeps, _pattern(pattern.removeprefix("!").strip("/"))))
        return cls(tuple(rules))

    def __contains__(self, path: object) -> bool:
        """Tell whether a path, relative to the context, stays outside."""
        left_out = False
        parts = str(path).split("/")
        above = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
        for keeps, pattern in self.rules:
            if any(pattern.fullmatch(folder) for folder in above):
                left_out = not keeps
        return left_out


def _pattern(text: str) -> re.Pattern[str]:
    """Translate a rule: ``*`` and ``?`` stay within a name, ``**/`` is any folders or none."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[[^]]+\])", text)
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile(
        "".join(
            known.get(part, part if part.startswith("[") else re.escape(part)) for part in parts
        )
    )
