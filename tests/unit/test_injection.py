"""Names and values from strangers never become formulas, markup or orders to a terminal."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import openpyxl
import pytest

from emoreport.cli.app import run
from emoreport.cli.console import shown
from emoreport.run.folder import content_sha256
from tests.fixtures import browser
from tests.fixtures.media import constant_rate, no_audio, text_file, tone
from tests.fixtures.readings import peaked, speech_track, track_of
from tests.fixtures.stored import store

chromium = browser.chromium

FORMULA = '=HYPERLINK("http:a.example","x").mp4'
IMAGE = "<img src=x onerror=window.hit=1>.mp4"
SCRIPT = "a\"'><script>window.hit=1;'&lt;.mp4"
TEMPLATE = "{{ 7*7 }}{% include 'x' %}${7*7}.mp4"
CALL = "@SUM(1,1)<svg onload=window.hit=1>.mp4"
TERMINAL = "\x1b[31mred\x1b]0;title\x07\u202egpm.4pm.mp4"
GOOD = (FORMULA, IMAGE, SCRIPT, TEMPLATE)
BAD = (CALL, TERMINAL)
VALUES = ("=1+1", "+cmd|' /c calc'!A1", "<script>window.hit=1</script>", "\t=2+2")
HEAD = '=2+3<b onmouseover="window.hit=1">'
STARTS_A_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a batch over such files writes, in every format."""
    folder = tmp_path_factory.mktemp("strangers")
    videos = folder / "videos"
    videos.mkdir()
    for number, name in enumerate(GOOD, start=2):
        no_audio(folder / "plain.mp4", seconds=0.2 * number).rename(videos / name)
    for name in BAD:
        text_file(videos / name)
        with (videos / name).open("a") as stream:
            stream.write(name)
    with (folder / "groups.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["video", "speaker", HEAD])
        writer.writerows([name, value, value] for name, value in zip(GOOD, VALUES, strict=True))
    code = run(
        [
            *("batch", str(videos), "--out", str(folder / "out"), "--offline", "--quiet"),
            *("--metadata", str(folder / "groups.csv"), "--excel-locale", "ru", "--jobs", "1"),
            *("--formats", "csv,xlsx,parquet,json,html"),
        ]
    )
    assert code == 1
    return folder / "out"


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `clips` and `export` make of a talk with such a name."""
    folder = tmp_path_factory.mktemp("clips")
    video = constant_rate(folder / "plain.mp4", seconds=2.0, sound=tone(2.0)).rename(folder / IMAGE)
    times_s = [number / 25 for number in range(50)]
    faces = track_of(times_s, [peaked("sadness", peak=0.9)] * 50)
    faces.box[:] = (40, 30, 60, 60)
    results = store(
        folder / "results",
        faces,
        speech_track(["happiness"] * 2, peak=0.9),
        2.0,
        name=IMAGE,
        digest=content_sha256(video),
        smoothing=0.0,
        abstention="off",
    )
    assert run(["clips", str(results), str(video), "--quiet"]) == 0
    kinds = "elan,textgrid,vtt,boris,json"
    assert run(["export", str(results), "--to", kinds, "--quiet"]) == 0
    return results


def files_below(folder: Path, suffix: str) -> list[Path]:
    found = sorted(folder.rglob(f"*{suffix}"))
    assert found
    return found


def cells_of(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8-sig")
    delimiter = ";" if path.name.endswith(".ru.csv") else ","
    for row in csv.reader(text.splitlines(), delimiter=delimiter):
        yield from row


def is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True


def test_no_cell_of_a_csv_file_is_a_formula(out: Path, clips: Path) -> None:
    files = [*files_below(out, ".csv"), *files_below(clips, ".csv")]
    assert {"summary.csv", "failures.csv", "summary.ru.csv", "index.csv"} <= {
        path.name for path in files
    }
    formulas = [
        (path.name, cell)
        for path in files
        for cell in cells_of(path)
        if STARTS_A_FORMULA.match(cell) and not is_number(cell)
    ]
    assert formulas == []


def test_what_was_made_harmless_stays_recognisable(out: Path) -> None:
    cells = [*cells_of(out / "summary.csv")]
    assert f"'{FORMULA}" in cells
    assert f"'{HEAD}" in cells
    assert f"'{VALUES[0]}" in cells
    assert IMAGE in cells
    failed = [*cells_of(out / "failures.csv")]
    assert f"'{CALL}" in failed


def test_no_cell_of_a_workbook_is_a_formula_or_a_link_to_elsewhere(out: Path) -> None:
    texts = []
    for path in files_below(out, ".xlsx"):
        for sheet in openpyxl.load_workbook(path):
            for cell in (cell for row in sheet.iter_rows() for cell in row):
                assert cell.data_type != "f", (path.name, sheet.title, cell.coordinate)
                link = cell.hyperlink
                assert link is None or not (link.target or "").startswith("http"), path.name
                texts.append(cell.value)
    assert FORMULA in texts
    assert VALUES[1] in texts


class Page(HTMLParser):
    """Elements, attributes and readable text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._inside: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not self._inside or self._inside[-1] not in {"script", "style"}:
            self.text += data


def test_no_page_has_an_element_or_a_handler_from_a_name(out: Path, clips: Path) -> None:
    pages = [*files_below(out, ".html"), *files_below(clips, ".html")]
    assert {"batch.html", "report.html", "index.html"} <= {path.name for path in pages}
    for path in pages:
        page = Page(path.read_text(encoding="utf-8"))
        assert {tag for tag, _ in page.elements}.isdisjoint({"iframe", "object", "embed", "base"})
        for tag, attributes in page.elements:
            assert [name for name in attributes if name.startswith("on")] == [], path.name
            for name in ("href", "src", "action"):
                value = (attributes.get(name) or "").strip().lower()
                assert not value.startswith(("javascript:", "http:", "https:", "//")), (tag, value)
            assert tag != "img" or attributes.get("src") != "x"
        assert "49" not in page.text.partition("{{ 7*7 }}")[2][:3]


def test_the_overview_shows_the_names_as_they_are(out: Path) -> None:
    text = Page((out / "batch.html").read_text(encoding="utf-8")).text
    for name in (FORMULA, IMAGE, SCRIPT, TEMPLATE, CALL):
        assert name in text
    assert VALUES[2] in text


@browser.needs_chromium
def test_no_page_runs_what_a_name_holds(out: Path, clips: Path, chromium: Any) -> None:
    context = chromium.new_context()
    opened = 0
    for path in [*files_below(out, ".html"), *files_below(clips, ".html")]:
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.on("dialog", lambda dialog: pytest.fail(dialog.message))
        page.goto(path.as_uri())
        page.wait_for_timeout(300)
        assert page.evaluate("window.hit === undefined"), path
        assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
        page.close()
        opened += 1
    context.close()
    assert opened >= 6


def test_the_files_for_other_programs_hold_the_name_as_text(clips: Path) -> None:
    document = ET.fromstring(files_below(clips, ".eaf")[0].read_bytes())
    assert {element.tag for element in document.iter()} & {"img", "script"} == set()
    for path in files_below(clips, ".vtt"):
        assert "<img" not in path.read_text(encoding="utf-8")
    for path in files_below(clips, ".json"):
        json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", [TERMINAL, "new\nline\r.mp4", "\udcff\udcfe.mp4", "\x9b31m.mp4"])
def test_no_line_steers_the_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    good = no_audio(tmp_path / "plain.mp4", seconds=0.4).rename(tmp_path / name)
    bad = text_file(tmp_path / f"bad-{name}")
    capfd.readouterr()
    assert run(["analyze", "--offline", "--out", str(tmp_path / "out"), str(good), str(bad)]) == 1
    captured = capfd.readouterr()
    for line in (captured.out + captured.err).split("\n"):
        assert line.isprintable(), line
    assert shown(good.name) in captured.out
    errors = [line for line in captured.err.split("\n") if line.startswith("error: ")]
    assert len(errors) == 1


def test_safe_text_is_shown_as_it_is() -> None:
    assert shown("лекция «Итоги» – 100 % é.mp4") == "лекция «Итоги» – 100 % é.mp4"
    assert shown("a\x1b[31m\u202e\n\udcff") == r"a\x1b[31m\u202e\n\udcff"
    assert shown(shown("\x1b")) == shown("\x1b")
