from __future__ import annotations

import ast
import re
import runpy
import tomllib
from pathlib import Path

import pytest
import typer.main

from emoreport.cli.app import app
from emoreport.settings import OPTIONS
from tests.fixtures.results_on_disk import COLUMNS, FILES

ROOT = Path(__file__).parents[2]
READMES = ("README.md", "README.ru.md")


def commands() -> list[str]:
    names = []
    group = typer.main.get_command(app)
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        names += [f"{name} {entry}" for entry in inner] if inner else [name]
    return names


@pytest.mark.parametrize("readme", READMES)
def test_every_command_has_a_line(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    assert [name for name in commands() if f"`emoreport {name}" not in text] == []


def test_every_command_and_option_has_help() -> None:
    group = typer.main.get_command(app)
    for command in group.commands.values():  # type: ignore[attr-defined]
        for entry in getattr(command, "commands", {"": command}).values():
            assert entry.help
            for parameter in entry.params:
                assert parameter.name == "help" or parameter.help, (entry.name, parameter.name)
    assert all(info.help for info in OPTIONS.values())


@pytest.mark.parametrize("readme", READMES)
def test_every_file_is_explained(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    assert set(re.findall(r"`([^`|]+)`", text)) >= FILES


def test_the_page_of_the_tables_is_what_its_script_writes() -> None:
    written = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    script = runpy.run_path(str(ROOT / "docs" / "make_tables.py"))
    assert written == script["page"](), "run `python docs/make_tables.py`"
    named = set(re.findall(r"`([^`|]+)`", written))
    assert named >= {column for columns in COLUMNS.values() for column in columns.split(",")}


def test_the_glossary_is_what_its_script_writes_and_names_each_term_once() -> None:
    script = runpy.run_path(str(ROOT / "docs" / "make_glossary.py"))
    written = script["TARGET"].read_text(encoding="utf-8")
    assert written == script["page"](), "run `python docs/make_glossary.py`"
    terms = tomllib.loads(script["SOURCE"].read_text(encoding="utf-8"))["term"]
    for lang in ("en", "ru"):
        names = [term[lang].casefold() for term in terms]
        assert [name for name in names if names.count(name) > 1] == []


def test_the_tables_of_the_voice_card_are_those_of_the_weights() -> None:
    pytest.importorskip("torch", reason="the train extra is not installed")
    path = ROOT / "docs" / "models" / "make_compact_voice.py"
    script = runpy.run_path(str(path))
    for name, made in (("CARD", "page"), ("PICTURE", "curves")):
        assert script[name].read_text(encoding="utf-8") == script[made](), f"run `python {path}`"


def test_the_two_readmes_are_twins() -> None:
    shapes = []
    for readme in READMES:
        lines = (ROOT / readme).read_text(encoding="utf-8").splitlines()
        shapes.append(
            {
                "headings": [line.split()[0] for line in lines if line.startswith("#")],
                "rows": sum(line.startswith("|") for line in lines),
                "code": [line for line in lines if line.startswith("```")],
                "points": sum(line.startswith("- ") for line in lines),
            }
        )
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("readme", READMES)
def test_links_lead_somewhere(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#]+)\)", text)
    assert targets
    assert [name for name in targets if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("readme", READMES)
def test_the_python_example_runs(
    readme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clip: Path
) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "talk.mp4").symlink_to(clip)
    exec(compile(example, readme, "exec"), {})
    assert (tmp_path / "statistics" / "talk" / "run.json").is_file()


def test_the_map_of_the_code_is_that_of_the_folders() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `([\w.]+/?)` \| (.+) \|$", text, flags=re.MULTILINE))
    package = ROOT / "emoreport"
    rooms = {f"{path.parent.name}/": path for path in package.glob("*/__init__.py")}
    modules = {path.name: path for path in package.glob("*.py") if not path.name.startswith("__")}
    described = {
        name: (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").split("\n")[0]
        for name, path in (rooms | modules).items()
    }
    assert told == described | {"weights/": "The compact models that ship with the package."}
