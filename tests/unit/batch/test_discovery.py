from __future__ import annotations

import os
import random
import socket
from pathlib import Path

import pytest

from emoreport.batch.discovery import Candidate, find_videos, looks_like_video
from emoreport.errors import InputNotFoundError
from tests.fixtures import media


class Looker:
    """Looks into a folder and keeps what it was told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.unreadable: list[str] = []

    def __call__(self, **choices) -> list[Candidate]:
        return find_videos(
            self.folder, unreadable=lambda name, cause: self.unreadable.append(name), **choices
        )

    def names(self, **choices) -> list[str]:
        return [one.name for one in self(**choices)]


@pytest.fixture
def look(tmp_path: Path) -> Looker:
    folder = tmp_path / "videos"
    folder.mkdir()
    return Looker(folder)


def fill(folder: Path, *names: str, content: bytes = b"") -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def test_a_name_that_says_video_is_enough(look: Looker) -> None:
    fill(look.folder, "a.mp4", "b.MKV", "c.webm", "d.txt", "e", "f.m4a", "g.jpg")
    assert look.names() == ["a.mp4", "b.MKV", "c.webm"]
    assert all(one.certain for one in look())


def test_content_is_enough_too(look: Looker) -> None:
    real = media.no_audio(look.folder / "real.mp4", seconds=0.2)
    real.rename(look.folder / "recording.dat")
    media.no_audio(look.folder / "x.mkv", seconds=0.2).rename(look.folder / "no suffix")
    media.no_audio(look.folder / "x.avi", seconds=0.2).rename(look.folder / "old.bak")
    fill(look.folder, "noise", content=random.Random(1).randbytes(5000))
    fill(look.folder, "page.html", content=b"<html>" * 99)
    found = look()
    assert [one.name for one in found] == ["no suffix", "old.bak", "recording.dat"]
    assert not any(one.certain for one in found)


def test_a_transport_stream_is_told_from_a_program_by_its_content(look: Looker) -> None:
    media.no_audio(look.folder / "talk.ts", seconds=0.2)
    fill(look.folder, "script.ts", content=b"export const answer: number = 42;\n" * 50)
    assert [(one.name, one.certain) for one in look()] == [("talk.ts", True)]


@pytest.mark.parametrize("suffix", [".m4a", ".ogg", ".wav", ".mp3"])
def test_sound_is_no_video(suffix: str, look: Looker) -> None:
    media.audio_only(look.folder / f"voice{suffix}", seconds=0.2)
    assert look.names() == []


def test_pictures_that_begin_like_videos_are_none() -> None:
    assert not looks_like_video(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00")
    assert not looks_like_video(b"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00")
    assert looks_like_video(b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00")
    assert not looks_like_video(b"RIFF\x00\x00\x00\x00WAVE")
    assert not looks_like_video(b"")


def test_the_order_is_that_of_the_names_whatever_the_disk_says(look: Looker) -> None:
    names = ["b/2.mp4", "a/1.mp4", "a.mp4", "a/b/c.mp4", "Ы.mp4", "z.mp4", "B.mp4"]
    fill(look.folder, *names)
    assert look.names() == sorted(names, key=os.fsencode)


def test_hidden_files_and_folders_are_left_out(look: Looker) -> None:
    fill(look.folder, ".talk.mp4", "._talk.mp4", ".trash/talk.mp4", "talk.mp4")
    assert look.names() == ["talk.mp4"]


def test_patterns_fit_paths_and_names(look: Looker) -> None:
    fill(look.folder, "a/talk.mp4", "a/raw.mov", "b/talk.mp4", "b/old/talk.mp4")
    assert look.names(include=["*.mov"]) == ["a/raw.mov"]
    assert look.names(include=["b/*"]) == ["b/old/talk.mp4", "b/talk.mp4"]
    assert look.names(exclude=["*/old/*"]) == ["a/raw.mov", "a/talk.mp4", "b/talk.mp4"]
    assert look.names(include=["talk.*"], exclude=["a/*"]) == ["b/old/talk.mp4", "b/talk.mp4"]


def test_circles_of_links_end(look: Looker) -> None:
    fill(look.folder, "a/talk.mp4")
    (look.folder / "a" / "again").symlink_to(look.folder)
    (look.folder / "b").symlink_to(look.folder / "a")
    (look.folder / "self.mp4").symlink_to(look.folder / "self.mp4")
    assert look.names() == ["a/talk.mp4"]
    assert look.unreadable == ["self.mp4"]


def test_links_to_videos_elsewhere_are_followed(look: Looker, tmp_path: Path) -> None:
    fill(tmp_path, "disk/talk.mp4")
    (look.folder / "disk").symlink_to(tmp_path / "disk")
    (look.folder / "one.mp4").symlink_to(tmp_path / "disk" / "talk.mp4")
    assert look.names() == ["disk/talk.mp4", "one.mp4"]


def test_the_output_folder_is_not_searched(look: Looker) -> None:
    fill(look.folder, "talk.mp4", "statistics/talk/clip.mp4")
    assert look.names(skip=[look.folder / "statistics"]) == ["talk.mp4"]
    assert look.names(skip=[look.folder / "none"]) == ["statistics/talk/clip.mp4", "talk.mp4"]


@pytest.mark.timeout(10)
def test_pipes_and_sockets_are_not_opened(look: Looker, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(look.folder / "pipe.mp4")
    os.mkfifo(look.folder / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        # The path of a socket may be a hundred characters long.
        monkeypatch.chdir(look.folder)
        server.bind("socket.mp4")
        assert look.names() == []


def test_a_folder_that_cannot_be_listed_is_told(
    look: Looker, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(look.folder, "a/talk.mp4", "b/talk.mp4")
    listed = os.scandir

    def refuse(place):
        if Path(place).name == "a":
            raise PermissionError(13, "Permission denied")
        return listed(place)

    monkeypatch.setattr(os, "scandir", refuse)  # root, who runs the tests, may read anything
    assert look.names() == ["b/talk.mp4"]
    assert look.unreadable == ["a/"]


@pytest.mark.parametrize("name", ["missing", "file"])
def test_what_is_no_folder_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputNotFoundError, match=r"folder|exist"):
        Looker(tmp_path / name)()
