import os
import stat
import sys
from pathlib import Path

import pytest

from emoreport.errors import InputNotFoundError, OutputError
from emoreport.page import paper
from emoreport.page.document import PageVideo, page_html
from emoreport.page.paper import find_browser, print_page
from tests.fixtures.browser import CHROMIUM, needs_chromium
from tests.fixtures.page import findings

posix = pytest.mark.skipif(sys.platform == "win32", reason="the browser here is a shell script")


def program(path, script):
    """A program that does what a script says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@needs_chromium
def test_the_page_becomes_two_pages_of_paper(tmp_path):
    content = page_html(findings(), lang="en", video=PageVideo("none"))
    printed = print_page(content, tmp_path, Path(CHROMIUM))
    assert printed.startswith(b"%PDF")
    assert printed.count(b"/Type /Page\n") == 2
    assert list(tmp_path.iterdir()) == []


def test_without_a_browser_the_error_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(paper, "find_browser", lambda: None)
    with pytest.raises(OutputError, match="--browser"):
        print_page(b"", tmp_path)


def test_a_browser_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputNotFoundError, match="gone"):
        print_page(b"", tmp_path, tmp_path / "gone")


@posix
@pytest.mark.parametrize(
    ("script", "said"),
    [("echo no display >&2; exit 1", "no display"), ("exit 3", "exit code 3"), ("sleep 9", "0 s")],
)
def test_a_browser_that_prints_nothing_is_quoted(tmp_path, monkeypatch, script, said):
    monkeypatch.setattr(paper, "LONGEST_S", 0.4 if "sleep" in script else 10.0)
    with pytest.raises(OutputError, match=said):
        print_page(b"", tmp_path, program(tmp_path / "browser", script))
    assert [path.name for path in tmp_path.iterdir()] == ["browser"]


@posix
def test_a_browser_is_found_on_the_path_and_where_systems_keep_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_browser("linux", {}) is None
    edge = tmp_path / "programs" / paper.WINDOWS_FILES[1]
    program(edge, "")
    assert find_browser("win32", {"PROGRAMFILES": str(tmp_path / "programs")}) == edge
    on_path = program(tmp_path / "microsoft-edge", "")
    assert find_browser("linux", dict(os.environ)) == on_path
