from __future__ import annotations

import ast
import json
import os
import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer.main

from emoreport.cli.app import app
from emoreport.settings import OPTIONS
from tests.fixtures.results_on_disk import COLUMNS, FILES

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
READMES = ("README.md", "README.ru.md")
TWINS = [
    READMES,
    *(
        (f"docs/{path.name}", f"docs/ru/{path.name}")
        for path in sorted((DOCS / "ru").glob("*.md"))
        if path.name != "models.md"  # an excerpt of docs/models/README.md
    ),
]
LONGEST_README_WORDS = 900


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def commands() -> list[str]:
    names = []
    group = typer.main.get_command(app)
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        names += [f"{name} {entry}" for entry in inner] if inner else [name]
    return names


@pytest.mark.parametrize("readme", READMES)
def test_the_readme_is_short(readme: str) -> None:
    assert len(read(readme).split()) <= LONGEST_README_WORDS


@pytest.mark.parametrize("page", ["docs/commands.md", "docs/ru/commands.md"])
def test_every_command_has_a_line(page: str) -> None:
    text = read(page)
    assert [name for name in commands() if f"`emoreport {name}" not in text] == []


def test_every_command_and_option_has_help() -> None:
    group = typer.main.get_command(app)
    for command in group.commands.values():  # type: ignore[attr-defined]
        for entry in getattr(command, "commands", {"": command}).values():
            assert entry.help
            for parameter in entry.params:
                assert parameter.name == "help" or parameter.help, (entry.name, parameter.name)
    assert all(info.help for info in OPTIONS.values())


@pytest.mark.parametrize("page", ["docs/files.md", "docs/ru/files.md"])
def test_every_file_is_explained(page: str) -> None:
    assert set(re.findall(r"`([^`|]+)`", read(page))) >= FILES


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


@pytest.mark.parametrize(
    ("lang", "pages"),
    [("en", ["*.md", "decisions/*.md", "../README.md"]), ("ru", ["ru/*.md", "../README.ru.md"])],
)
def test_pages_use_the_terms_of_the_glossary(lang: str, pages: list[str]) -> None:
    terms = tomllib.loads(read("docs/glossary.toml"))["term"]
    found = []
    for path in sorted({path for pattern in pages for path in DOCS.glob(pattern)}):
        # What the program prints, and what is written from the catalogues, is held to it there.
        prose = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        if path.name not in {"glossary.md", "tables.md"}:
            found += [
                f"{path.name}: {match[0]!r}, for {term[lang]!r}"
                for term in terms
                for pattern in term.get(f"avoid_{lang}", [])
                for match in re.finditer(pattern, prose, flags=re.IGNORECASE | re.MULTILINE)
            ]
    assert found == []


def test_the_tables_of_the_voice_card_are_those_of_the_weights() -> None:
    pytest.importorskip("torch", reason="the train extra is not installed")
    path = ROOT / "docs" / "models" / "make_compact_voice.py"
    script = runpy.run_path(str(path))
    for name, made in (("CARD", "page"), ("PICTURE", "curves")):
        assert script[name].read_text(encoding="utf-8") == script[made](), f"run `python {path}`"


def test_the_tables_of_the_training_page_are_those_of_its_figures() -> None:
    path = ROOT / "docs" / "make_training.py"
    script = runpy.run_path(str(path))
    assert script["PAGE"].read_text(encoding="utf-8") == script["page"](), f"run `python {path}`"


@pytest.mark.parametrize(("english", "russian"), TWINS)
def test_a_page_and_its_translation_are_twins(english: str, russian: str) -> None:
    shapes = []
    for page in (english, russian):
        lines = read(page).splitlines()
        shapes.append(
            {
                "headings": [line.split()[0] for line in lines if line.startswith("#")],
                "rows": sum(line.startswith("|") for line in lines),
                "code": [line for line in lines if line.startswith("```")],
                "points": sum(line.startswith("- ") for line in lines),
                "blocks": [line for line in lines if line.startswith("<!-- output")],
                "commands": [
                    line.partition("#")[0]
                    for line in lines
                    if line.startswith(("$ ", "emoreport "))
                ],
            }
        )
    assert shapes[0] == shapes[1]


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    """No page is missing from the navigation, no link and no anchor leads nowhere."""
    pytest.importorskip("material", reason="the docs extra is not installed")
    call = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "s")]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        call, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    pages = "".join(path.read_text("utf-8") for path in (tmp_path / "s").rglob("*.html"))
    fetched = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="(https?://[^"]+)', pages)
    assert fetched == []


def test_the_pictures_show_what_the_program_draws_today() -> None:
    pytest.importorskip("playwright", reason="the dev extra is not installed")
    script = runpy.run_path(str(DOCS / "pictures" / "make_pictures.py"))
    kept = json.loads(script["MADE_FROM"].read_text(encoding="utf-8"))
    assert set(kept) == {path.name for path in (DOCS / "pictures").glob("*.png")}
    stale = [name for name, digest in kept.items() if digest != script["digest"](name)]
    assert stale == [], "run `make readme`"


@pytest.mark.parametrize("readme", READMES)
def test_links_lead_somewhere(readme: str) -> None:
    text = read(readme)
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text)
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


def test_the_pages_on_meaning_quote_the_figures_of_the_weights() -> None:
    weights = ROOT / "emoreport" / "weights"
    face, voice = (
        json.loads((weights / f"{name}_compact.json").read_text(encoding="utf-8"))["figures"]
        for name in ("face", "voice")
    )
    home, precision = face["ferplus_valid"], face["precision"]["classes"]
    corpora = voice["left_out_corpora"]
    acted = [corpora[name]["macro_recall"] for name in ("nemo", "ravdess", "ased", "emospeech")]
    shares = [
        home["macro_recall"],
        *(voice["left_out_speakers"][k]["macro_recall_mean_of_folds"] for k in ("ravdess", "nemo")),
        min(acted),
        max(acted),
        corpora["festvox_ru"]["recall_per_class"]["neutral"],
    ]
    hundredths = [home["accuracy"], *(precision[k]["right"] for k in ("happiness", "disgust"))]
    for page, point in (("meaning.md", "."), ("ru/meaning.md", "0,")):
        text = read(f"docs/{page}")
        for share in shares:
            assert f" {point}{100 * share:.0f}" in text.replace("\n", " "), (page, share)
        for share in hundredths:
            assert f" {100 * share:.0f} " in re.sub(r"[\n.,]", " ", text), (page, share)


@pytest.mark.parametrize("name", ["compact_face", "compact_text", "letters"])
def test_the_tables_of_a_card_are_those_of_the_weights(name: str) -> None:
    path = ROOT / "docs" / "models" / f"make_{name}.py"
    script = runpy.run_path(str(path))
    assert script["CARD"].read_text(encoding="utf-8") == script["page"](), f"run `python {path}`"
