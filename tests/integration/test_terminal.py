"""What a person sees of ``emoreport analyze`` in the terminal."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from emoreport import pipeline
from tests.fixtures import media
from tests.integration.conftest import Emoreport


@pytest.fixture
def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A browser that writes down what it is to show."""
    seen, script = tmp_path / "seen.txt", tmp_path / "browser"
    script.write_text(
        f"#!{sys.executable}\nimport sys\nopen({str(seen)!r}, 'w').write(sys.argv[1])\n"
    )
    script.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{script} %s")
    return seen


def test_the_result_is_last_and_the_page_the_last_line(
    clip: Path, emoreport: Emoreport, browser: Path
) -> None:
    outcome = emoreport("analyze", clip, "--fps", "4", "--open")
    assert outcome.code == 0
    # One line about models, and nothing else on the way.
    assert outcome.err.splitlines() == [
        "basic models (compact; offline); better ones: `emoreport setup`"
    ]
    title, sentence, *rows, page = outcome.out.splitlines()
    assert title == clip.name
    assert sentence.startswith("  The face ")
    assert rows[-1].startswith("  mismatch: ")
    assert page == "statistics/clip/report.html"
    deadline_s = time.monotonic() + 10
    while not browser.exists() and time.monotonic() < deadline_s:
        time.sleep(0.05)
    assert browser.read_text() == Path(page).absolute().as_uri()
    again = emoreport("analyze", clip, "--fps", "4")
    assert again.out == f"{page}\n"
    other = emoreport("retable", "statistics/clip", "--formats", "csv", "--out", "tables")
    assert other.out.splitlines()[-1] == "tables"
    refused = emoreport("retable", "statistics/clip", "--formats", "csv", "--out", "t2", "--open")
    assert refused.code == 0
    assert "--formats" in refused.warnings[0]


def test_inputs_are_looked_at_before_any_model(
    tmp_path: Path, emoreport: Emoreport, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(*_: object, **__: object) -> None:
        raise AssertionError("a model was opened")

    monkeypatch.setattr(pipeline, "open_face_model", opened)
    bad = media.empty_file(tmp_path / "bad.mp4")
    outcome = emoreport("analyze", tmp_path / "nothere.mp4", bad, tmp_path)
    assert outcome.code == 2
    assert [line.count("nothere.mp4") for line in outcome.errors] == [1, 0, 0]
    assert "emoreport batch" in outcome.errors[2]
