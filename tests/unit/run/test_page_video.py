import os
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest

from emoreport.errors import InputNotFoundError
from emoreport.records import InputRecord
from emoreport.run.page_video import find_video, href, page_bytes, seen_from
from tests.fixtures.media import variable_rate
from tests.fixtures.page import findings


def source(name="talk.mp4", path=None, **facts):
    return InputRecord(name, "0" * 64, path, **facts)


def place(folder, address):
    """Path to which a page in `folder` is led by an address."""
    base = (folder / "report.html").as_uri()
    return Path(unquote(urlsplit(urljoin(base, address)).path, errors="surrogateescape"))


@pytest.mark.parametrize(
    "name",
    [
        "talk.mp4",
        "с пробелом и кириллицей.mp4",
        "a#b?c%20d&e.mp4",
        "http:evil.mp4",
        "javascript:alert(1).mp4",
        '"><img src=x onerror=alert(1)>.mp4',
        b"no text \xff\xfe.mp4".decode("utf-8", "surrogateescape"),
        "-dash=1.mp4",
    ],
)
def test_an_address_leads_back_to_the_file_whatever_its_name(tmp_path, name):
    folder = tmp_path / "statistics" / "talk"
    video = tmp_path / "videos" / name
    address = href(seen_from(folder, source(name), video).from_folder)
    assert place(folder, address) == tmp_path / "videos" / name
    assert urlsplit(address).scheme == ""
    assert set(address).isdisjoint("\"'<>#? ")


def test_a_relative_path_is_taken_from_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    talk = source(path="talk.mp4")
    recorded = seen_from(Path("statistics/talk"), talk, find_video(talk, None))
    assert recorded.from_folder == os.path.join("..", "..", "talk.mp4")  # noqa: PTH118


def test_the_video_is_found_from_the_folder_before_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "a" / "talk"
    folder.mkdir(parents=True)
    talk = source(path="talk.mp4", from_folder="../talk.mp4")
    (tmp_path / "talk.mp4").write_bytes(b"")
    assert find_video(talk, folder) == Path("talk.mp4")
    (tmp_path / "a" / "talk.mp4").write_bytes(b"")
    assert find_video(talk, folder).resolve() == tmp_path / "a" / "talk.mp4"
    assert find_video(talk, None) == Path("talk.mp4")


def test_a_video_that_is_nowhere_keeps_its_likeliest_place(tmp_path):
    talk = source(path="x/talk.mp4", from_folder="../talk.mp4")
    assert find_video(talk, tmp_path / "talk") == tmp_path / "talk" / "../talk.mp4"
    assert find_video(source(), None) == Path("talk.mp4")


def test_results_that_move_with_their_video_still_know_it(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "talk.mp4").write_bytes(b"")
    talk = source(path=str(tmp_path / "one" / "talk.mp4"))
    folder = tmp_path / "one" / "statistics" / "talk"
    recorded = seen_from(folder, talk, find_video(talk, None))
    assert recorded.from_folder == os.path.join("..", "..", "talk.mp4")  # noqa: PTH118
    (tmp_path / "one").rename(tmp_path / "two")
    moved = find_video(recorded, tmp_path / "two" / "statistics" / "talk")
    assert moved.resolve() == tmp_path / "two" / "talk.mp4"


def test_a_page_links_its_video(tmp_path):
    talk = source("a b.mp4", from_folder="../a b.mp4")
    content = page_bytes(findings(), talk, video=None, lang="en", mode="link")
    assert b'src="../a%20b.mp4"' in content


def test_a_video_of_a_store_has_no_place_here(tmp_path):
    talk = source("a.mp4", "s3://talks/a.mp4")
    assert find_video(talk, tmp_path) is None
    recorded = seen_from(tmp_path, talk, None)
    assert recorded.from_folder is None
    content = page_bytes(findings(input=recorded), recorded, video=None, lang="en", mode="link")
    assert b"<video" in content
    assert b"s3:" not in content


def test_the_clock_of_the_container_is_recorded(tmp_path):
    times_s = [5.0 + number / 25 for number in range(10)]
    video = variable_rate(tmp_path / "late.mp4", times_s)
    recorded = seen_from(tmp_path / "o", source("late.mp4", str(video)), video)
    assert recorded.player_start_s == pytest.approx(5.0, abs=0.001)
    video.unlink()
    again = seen_from(tmp_path / "o", recorded, video)
    assert again.player_start_s == recorded.player_start_s


def test_another_file_in_the_place_of_the_video_is_not_taken_for_it(tmp_path):
    (tmp_path / "talk.mp4").write_bytes(b"no video")
    recorded = seen_from(tmp_path / "o", source(), tmp_path / "talk.mp4")
    assert recorded.player_start_s is None


def test_a_video_to_be_embedded_must_be_there(tmp_path):
    talk = source("gone.mp4", str(tmp_path / "gone.mp4"))
    with pytest.raises(InputNotFoundError, match=r"gone\.mp4: .*--no-video"):
        page_bytes(findings(), talk, video=tmp_path / "gone.mp4", lang="en", mode="embed")
