"""What the integration tests share: the command, run in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from emoreport.cli.app import run
from tests.fixtures.browser import chromium, open_page  # noqa: F401 - fixtures

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Outcome:
    """Exit code and output of one call of the command."""

    code: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith(("error: ", "ошибка: "))]

    @property
    def warnings(self) -> list[str]:
        return [
            line
            for line in self.err.splitlines()
            if line.startswith(("warning: ", "предупреждение: "))
        ]


Emoreport = Callable[..., Outcome]


@pytest.fixture
def emoreport(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Emoreport:
    """Runs the command in an empty working folder, without a network, and returns its outcome."""
    working = tmp_path / "working"
    working.mkdir()
    monkeypatch.chdir(working)

    def call(*arguments: object) -> Outcome:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call
