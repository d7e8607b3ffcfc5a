"""report.html as `analyze`, `retable` and `page` write it, and on paper."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from emoreport.run.folder import content_sha256
from tests.fixtures.browser import needs_chromium
from tests.fixtures.media import constant_rate, tone
from tests.fixtures.results_on_disk import run_json
from tests.fixtures.stored import store, wandering_talk

PAGE = "report.html"
PRINTED = "report.pdf"


@pytest.fixture
def stored(emoreport):
    """Results of a talk whose video lies in the working folder."""
    constant_rate(Path("talk.mp4"), seconds=20.0, fps=5.0, sound=tone(20.0))
    return store(Path("statistics/talk").absolute(), *wandering_talk(20.0), 20.0)


def page(folder):
    return (folder / PAGE).read_text(encoding="utf-8")


def test_analyze_writes_a_page_that_finds_the_video(clip, emoreport):
    assert emoreport("analyze", clip, "--offline").code == 0
    folder = Path("statistics") / clip.stem
    linked = page(folder).split('<video id="video"')[1].split(">")[0]
    address = linked.split('src="')[1].split('"')[0]
    assert (folder / address).resolve() == clip.resolve()
    assert run_json(folder)["settings"]["page_video"] == "link"
    assert (folder / run_json(folder)["input"]["from_folder"]).resolve() == clip.resolve()


def test_other_formats_bring_no_page(stored, emoreport):
    assert emoreport("retable", stored).code == 0
    assert (stored / PAGE).is_file()
    assert emoreport("retable", stored, "--formats", "csv").code == 0
    assert not (stored / PAGE).exists()


def test_retable_makes_the_page_again_with_its_settings(stored, emoreport):
    assert emoreport("retable", stored, "--smoothing", "2", "--lang", "ru").code == 0
    assert '<html lang="ru">' in page(stored)
    assert '"smoothing":2.0' in page(stored)


@pytest.mark.parametrize(
    ("flags", "mode"),
    [
        ((), "link"),
        (("--embed-video",), "embed"),
        (("--no-video",), "none"),
        (("--page-video", "none"), "none"),
        (("--no-video", "--page-video", "none"), "none"),
    ],
)
def test_flags_choose_the_video_of_the_page(stored, emoreport, flags, mode):
    assert emoreport("retable", stored, *flags).code == 0
    text = page(stored)
    assert ('src="../../talk.mp4"' in text) == (mode == "link")
    assert ('id="proxy"' in text) == (mode == "embed")
    assert ("<video" in text) == (mode != "none")
    assert run_json(stored)["settings"]["page_video"] == mode


@pytest.mark.parametrize(
    "flags", [("--embed-video", "--no-video"), ("--no-video", "--page-video", "link")]
)
def test_flags_that_contradict_each_other_are_refused(stored, emoreport, flags):
    outcome = emoreport("retable", stored, *flags)
    assert outcome.code == 2
    assert "contradicts" in outcome.errors[0]
    assert not (stored / PAGE).exists()


def test_embedding_a_video_that_is_gone_leaves_the_earlier_results(stored, emoreport):
    assert emoreport("retable", stored).code == 0
    before = {path.name: path.read_bytes() for path in stored.iterdir()}
    Path("talk.mp4").unlink()
    outcome = emoreport("retable", stored, "--embed-video")
    assert outcome.code == 2
    assert "--no-video" in outcome.errors[0]
    assert {path.name: path.read_bytes() for path in stored.iterdir()} == before


def test_retable_takes_the_video_from_where_it_is_now(emoreport):
    video = constant_rate(Path("talk.mp4"), seconds=20.0, fps=5.0, sound=tone(20.0))
    digest = content_sha256(video)
    folder = store(Path("statistics/talk").absolute(), *wandering_talk(20.0), 20.0, digest=digest)
    moved = video.rename("moved.mp4")
    assert emoreport("retable", folder, "--embed-video", "--video", moved).code == 0
    assert 'id="proxy"' in page(folder)
    assert emoreport("retable", folder, "--page-video", "link", "--video", moved).code == 0
    assert 'src="../../moved.mp4"' in page(folder)
    other = constant_rate(Path("other.mp4"), seconds=1.0)
    outcome = emoreport("retable", folder, "--embed-video", "--video", other)
    assert outcome.code == 2
    assert "SHA-256" in outcome.errors[0]


def test_a_page_made_elsewhere_still_finds_the_video(stored, emoreport, tmp_path, monkeypatch):
    assert emoreport("retable", stored).code == 0
    monkeypatch.chdir(tmp_path)
    other = tmp_path / "other" / "deep" / "talk"
    assert emoreport("retable", stored, "--out", other).code == 0
    assert 'src="../../../working/talk.mp4"' in page(other)
    shutil.move(tmp_path / "working", tmp_path / "moved")
    folder = tmp_path / "moved" / "statistics" / "talk"
    assert emoreport("retable", folder).code == 0
    assert 'src="../../talk.mp4"' in page(folder)


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ("video for the page", "real time", " s left")),
        ("ru", ("видео для страницы", "осталось")),
    ],
)
def test_embedding_tells_how_far_it_is(stored, emoreport, monkeypatch, lang, words):
    monkeypatch.setattr("emoreport.cli.console.PLAIN_EVERY_S", 0.0)
    outcome = emoreport("retable", stored, "--embed-video", "--lang", lang)
    assert outcome.code == 0, outcome.err
    lines = outcome.err.splitlines()
    assert lines
    assert all(word in lines[0] for word in words)
    outcome = emoreport("retable", stored, "--embed-video", "--quiet")
    assert outcome.err == ""


# --------------------------------------------------------------------------- emoreport page


def test_the_page_is_made_again_in_another_language(stored, emoreport):
    assert emoreport("retable", stored).code == 0
    before = {path.name for path in stored.iterdir()}
    outcome = emoreport("page", stored, "--lang", "ru")
    assert (outcome.code, outcome.out) == (0, f"{stored / PAGE}\n")
    assert '<html lang="ru">' in page(stored)
    assert 'src="../../talk.mp4"' in page(stored)
    assert {path.name for path in stored.iterdir()} == before


@needs_chromium
def test_the_page_is_printed_and_goes_with_the_tables_that_it_shows(stored, emoreport):
    assert emoreport("retable", stored).code == 0
    outcome = emoreport("page", stored, "--pdf", "--quiet")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
    assert (stored / PRINTED).read_bytes().startswith(b"%PDF")
    assert emoreport("retable", stored, "--smoothing", "2").code == 0
    assert not (stored / PRINTED).exists()


def test_a_machine_without_a_browser_says_what_helps(stored, emoreport, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    outcome = emoreport("page", stored, "--pdf")
    assert outcome.code == 1
    assert "--browser" in outcome.errors[0]
    assert not (stored / PRINTED).exists()
    outcome = emoreport("page", stored, "--pdf", "--browser", "gone")
    assert outcome.code == 2
