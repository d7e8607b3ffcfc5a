"""What README and docs promise of the whole program, and cannot be read off one part of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from emoreport.cli.app import app
from emoreport.faces.detectors import has_solutions
from tests.fixtures.results_on_disk import assert_complete

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "README.ru.md", "SECURITY.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "ru").glob("*.md")),
]
FOREIGN = {
    "--network", "--read-only", "--rm",  # of Docker
    "--only", "--seed", "--talks", "--cost", "--speed", "--cores", "--rounds", "--tree",
    "--length", "--memory", "--more", "talk_ru_10s",  # of benchmarks/
    "--python", "--constraints",  # of uv
    "--check",  # of docs/make_readme.py
    "trust_remote_code",  # of transformers: what is not done
    "--logdir",  # of TensorBoard
    "detect_video",  # of Py-Feat
    "face_happiness", "voice_anger", "voice_intervals_anger",  # made of a modality and a label
}  # fmt: skip


def commands() -> dict[str, set[str]]:
    """Options by command, one level of groups opened."""
    group = typer.main.get_command(app)
    return {
        f"{name} {inner}".strip(): {
            option for parameter in command.params for option in (*parameter.opts, "--help")
        }
        | {option for parameter in command.params for option in parameter.secondary_opts}
        for name, outer in group.commands.items()  # type: ignore[attr-defined]
        for inner, command in getattr(outer, "commands", {"": outer}).items()
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_options_and_commands_that_are_named_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    own = {option for one in typer.main.get_command(app).params for option in one.opts}
    known = set().union(*commands().values(), FOREIGN, own)
    if page.name != "docker.md":
        assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) <= known
    blocks = "".join(re.findall(r"```.*?\n(.*?)```", text, flags=re.DOTALL))
    lines = re.findall(r"^(?:\$ )?(emoreport .*)", blocks, flags=re.MULTILINE)
    written = (*lines, *re.findall(r"`(emoreport [^`]+)`", text))
    called = re.findall(
        r"^emoreport ([a-z]+(?:-[a-z]+)*)(?: ([a-z]+(?:-[a-z]+)*)\b)?",
        "\n".join(written),
        flags=re.MULTILINE,
    )
    groups = {name.split()[0] for name in commands() if " " in name}
    for first, second in called:
        assert (f"{first} {second}" if first in groups and second else first) in {
            *commands(),
            *groups,
        }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_columns_and_settings_that_are_named_exist(page: Path) -> None:
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for path in sorted((ROOT / "emoreport").rglob("*"))
        if path.suffix in {".py", ".toml", ".json"}
    )
    named = re.findall(r"`([a-z][a-z0-9]*(?:_[a-z0-9]+)+)`", page.read_text(encoding="utf-8"))
    assert [name for name in named if name not in code and name not in FOREIGN] == []


WATCHED = """
import sys

def refuse(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.sendto", "urllib.Request"}:
        raise SystemExit(f"a connection was opened: {event} {arguments}")

sys.addaudithook(refuse)
from emoreport.cli.app import run
codes = [run(command.split()) for command in sys.argv[1].split(";")]
raise SystemExit(0 if not any(codes) else f"exit codes {codes}")
"""


@pytest.mark.parametrize("models", ["--offline", "--face compact --speech compact"])
def test_offline_and_with_the_compact_models_no_connection_is_opened(
    models: str, clip: Path, tmp_path: Path
) -> None:
    if "offline" not in models and not has_solutions():
        pytest.skip("this mediapipe brings no detector: one is pulled")
    commands = (
        f"analyze {clip} {models} --out out --embed-video;retable out/clip --smoothing 1;"
        "export out/clip --out coded;agree out/clip coded/clip.eaf;plot out/clip --out plots"
    )
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"HF_HUB_OFFLINE", "EMOREPORT_OFFLINE"}
    }
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, commands],
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "compact" in done.stdout
    assert_complete(tmp_path / "out" / "clip")
