"""How help looks in a terminal of 80 columns, and the completion of the shell."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from emoreport.cli.app import app
from emoreport.cli.panels import EXAMPLES, MANY, ORDER
from emoreport.cli.wording import worded_command
from emoreport.messages import speaking, text
from tests.integration.conftest import Emoreport


def every_command() -> Iterator[tuple[str, Any]]:
    pending = [("", worded_command(app))]
    while pending:
        path, command = pending.pop()
        yield path, command
        for name, part in getattr(command, "commands", {}).items():
            pending.append((f"{path}.{name}".lstrip("."), part))


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize("lang", ["en", "ru"])
@pytest.mark.parametrize("path", [path for path, _ in every_command()])
def test_no_help_is_cut_off_or_too_wide(path: str, lang: str, emoreport: Emoreport) -> None:
    outcome = emoreport(*filter(None, path.split(".")), "--help", "--lang", lang)
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert max(map(len, lines)) <= 80
    # What the parser shortens ends in three dots; usage lines have them behind a word in brackets.
    body = [line for line in lines if "[" not in line and "{" not in line]
    assert [line for line in body if re.search(r"\w\.\.\.$", line)] == []


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_the_options_of_analyze_are_in_panels(lang: str, emoreport: Emoreport) -> None:
    outcome = emoreport("analyze", "--help", "--lang", lang)
    headings = [line.rstrip(":") for line in outcome.out.splitlines() if re.match(r"\S.*:$", line)]
    with speaking(lang):
        wanted = [text(f"help.panel.{name}", lang) for name in ("examples", *ORDER)]
    assert [heading for heading in headings if heading in wanted] == wanted
    shown = re.findall(r"^  (?:-\w, )?(--[\w-]+)", outcome.out, flags=re.MULTILINE)
    (command,) = (command for path, command in every_command() if path == "analyze")
    options = [option for option in command.params if option.param_type_name == "option"]
    assert len(options) > MANY
    assert {option.opts[0] for option in options} <= set(shown)
    assert len(shown) == len(set(shown))


def test_every_example_is_a_command_line_that_is_understood() -> None:
    commands = dict(every_command())
    assert set(EXAMPLES) <= set(commands)
    bare = {path for path, command in commands.items() if not hasattr(command, "commands")}
    assert {path for path in bare if path.partition(".")[0] not in {"models", "train"}} <= set(
        EXAMPLES
    )
    for path, lines in EXAMPLES.items():
        for line in lines:
            program, *words = shlex.split(line)
            name = path.split(".")
            assert (program, words[: len(name)]) == ("emoreport", name)
            commands[path].make_context(path, words[len(name) :])


def test_without_a_command_the_help_is_shown(emoreport: Emoreport) -> None:
    outcome = emoreport()
    assert outcome.code == 2
    assert "analyze" in outcome.out + outcome.err


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("emoreport ana", ["analyze"]),
        ("emoreport analyze --smoothing-", ["--smoothing-method"]),
        ("emoreport models pu", ["pull"]),
        ("emoreport analyze --abstention s", ["strict"]),
    ],
)
def test_the_shell_completes(words: str, wanted: list[str]) -> None:
    environment = {
        **os.environ,
        "_EMOREPORT_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-m", "emoreport"],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        timeout=60,
    )
    assert done.stdout.split() == wanted
