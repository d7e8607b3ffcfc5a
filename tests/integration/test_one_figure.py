"""The share of compared time in mismatch: one number with its verdict, wherever it is shown."""

from __future__ import annotations

import html
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from emoreport.cli.app import run
from emoreport.finding import mismatch_sentence
from emoreport.run.read import read_report
from tests.fixtures.results_on_disk import rows

QUICK = ("--quiet", "--fps", "4", "--min-interval", "1", "--no-acoustics")


@pytest.fixture(scope="module")
def out(talk: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A batch of one video."""
    folder = tmp_path_factory.mktemp("one_figure")
    shutil.copy(talk, folder / "talk.mp4")
    out = folder / "statistics"
    assert run(["batch", str(folder), "--out", str(out), *QUICK]) == 0
    return out


@pytest.fixture(scope="module")
def sentence(out: Path) -> str:
    """What is said of the talk."""
    return mismatch_sentence(read_report(out / "talk").analysis.summary.mismatch, "en")


def page_data(folder: Path) -> dict[str, Any]:
    """What the page is drawn from."""
    page = (folder / "report.html").read_text(encoding="utf-8")
    data = re.search(r'<script[^>]*type="application/json"[^>]*id="data"[^>]*>(.*?)</script>', page)
    assert data is not None
    return json.loads(data[1])


def test_the_tables_give_the_figure(out: Path, sentence: str) -> None:
    compared = [row for row in rows(out / "talk" / "modality_duration.csv") if row["match"]]
    compared_s = sum(float(row["duration"]) for row in compared)
    apart_s = sum(float(row["duration"]) for row in rows(out / "talk" / "modality_mismatch.csv"))
    assert 0 < apart_s < compared_s
    assert sentence.startswith(f"{100 * apart_s / compared_s:.0f} % of {compared_s:.0f} s; chance")
    (own,), (together,) = rows(out / "talk" / "summary.csv"), rows(out / "summary.csv")
    assert float(own["mismatch_share"]) == pytest.approx(apart_s / compared_s, abs=1e-3)
    for name in ("mismatch_share", "expected_mismatch_share", "mismatch_verdict", "mismatch_note"):
        assert own[name] == together[name]
    statistics = rows(out / "talk" / "mismatch_statistics.csv")
    (row,) = (row for row in statistics if row["statistic"] == "mismatch_share")
    assert row["value"] == own["mismatch_share"]
    assert row["expected"] == own["expected_mismatch_share"]
    assert row["verdict"] == own["mismatch_verdict"]


def test_the_terminal_says_it(out: Path, sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["retable", str(out / "talk")]) == 0
    assert sentence in capsys.readouterr().out


def test_the_workbook_says_it(out: Path, sentence: str) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.load_workbook(out / "talk" / "report.xlsx")
    assert sentence in [row[1].value for row in book.worksheets[0].iter_rows()]
    assert any(sentence in str(row[0].value) for row in book["charts"].iter_rows())


def test_the_overview_of_a_batch_says_it(out: Path, sentence: str) -> None:
    assert sentence in html.unescape((out / "batch.html").read_text(encoding="utf-8"))


def test_the_plots_say_it(out: Path, sentence: str) -> None:
    assert run(["plot", str(out / "talk"), "--kind", "matrix", "--format", "svg"]) == 0
    captions = (out / "talk" / "plots" / "captions.txt").read_text(encoding="utf-8")
    assert sentence in " ".join(captions.split())


def test_the_page_and_the_export_hold_it(out: Path, sentence: str) -> None:
    figure = read_report(out / "talk").analysis.summary.mismatch
    tile = page_data(out / "talk")["tiles"]["mismatch"]
    assert tile["share"] == pytest.approx(figure.share, abs=1e-4)
    assert tile["said"]["en"] == sentence
    assert run(["export", str(out / "talk"), "--to", "json"]) == 0
    (file,) = (out / "talk").rglob("*_findings.json")
    summary = json.loads(file.read_text(encoding="utf-8"))["summary"]
    assert summary["mismatch_share"] == pytest.approx(figure.share, abs=1e-6)
    assert summary["expected_mismatch_share"] == pytest.approx(figure.expected, abs=1e-6)
    assert summary["mismatch_verdict"] == figure.verdict
    assert summary["compared_s"] == pytest.approx(figure.compared_s, abs=1e-6)
