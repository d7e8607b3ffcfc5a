from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from emoreport.batch.engine import Failed, Finished, NoVideo, VideoJob
from emoreport.batch.manifest import MANIFEST_FILE, Manifest, Signature, VideoRecord
from emoreport.errors import OutputError, StoredReadingsError

SIGNATURE = Signature(10, 20, 30, 40)


def job(sha256: str = "ab", folder: str = "talk") -> VideoJob:
    return VideoJob(f"{folder}.mp4", f"/v/{folder}.mp4", sha256, 1, 2, f"/out/{folder}", "/part")


def finished(sha256: str = "ab") -> Finished:
    summary = {"video": "talk.mp4", "duration": 0.1 + 0.2, "mismatch_share": None}
    return Finished(job(sha256), summary, ("run.json", "summary.csv"), ("no sound",), 1.25)


@contextmanager
def opened(out: Path) -> Iterator[Manifest]:
    with closing(Manifest(out)) as manifest:
        yield manifest


def test_everything_comes_back_exactly(tmp_path: Path) -> None:
    failed = Failed(job("cd"), "decode", "the file is empty", "get it again")
    with opened(tmp_path) as manifest:
        manifest.note_digest("b\udcff/talk.mp4", SIGNATURE, "ab")
        manifest.note_folder("ab", "лекция")
        manifest.note_outcome(finished(), "f1")
        manifest.note_outcome(failed, "f1")
        manifest.note_outcome(NoVideo(job("ef"), "audio only"), "f1")
    with opened(tmp_path) as manifest:
        assert manifest.digest("b\udcff/talk.mp4", SIGNATURE) == "ab"
        assert dict(manifest.folders) == {"ab": "лекция"}
        assert manifest.record_of("ab", "f1") == VideoRecord.of(finished())
        assert manifest.record_of("ab", "f1").summary["duration"] == 0.1 + 0.2
        assert manifest.record_of("cd", "f1") == VideoRecord.of(failed)
        assert manifest.record_of("ef", "f1").state == "no_video"
        assert manifest.record_of("ab", "f2") is None


def test_a_touched_file_is_read_again(tmp_path: Path) -> None:
    with opened(tmp_path) as manifest:
        manifest.note_digest("talk.mp4", SIGNATURE, "ab")
        for other in (
            Signature(11, 20, 30, 40),
            Signature(10, 21, 30, 40),
            Signature(10, 20, 31, 40),
            Signature(10, 20, 30, 41),
        ):
            assert manifest.digest("talk.mp4", other) is None


def test_any_cut_of_the_file_loses_the_cut_line_only(tmp_path: Path) -> None:
    with opened(tmp_path) as manifest:
        for number in range(4):
            manifest.note_outcome(finished(f"{number}"), "f")
    path = tmp_path / MANIFEST_FILE
    whole = path.read_bytes()
    ends = [index + 1 for index, byte in enumerate(whole) if byte == 0x0A]
    near = {max(0, end + step) for end in (0, *ends) for step in (-1, 0, 1)}
    for size in sorted(near | {*range(0, len(whole), 97)}):
        path.write_bytes(whole[:size])
        with opened(tmp_path) as manifest:
            complete = sum(end <= size for end in ends)
            known = [n for n in range(4) if manifest.record_of(f"{n}", "f")]
            assert known == list(range(max(0, complete - 1)))
            manifest.note_outcome(finished("new"), "f")
        for line in path.read_bytes().splitlines():
            json.loads(line)
        with opened(tmp_path) as manifest:
            assert manifest.record_of("new", "f") is not None


def test_a_damaged_line_in_the_middle_costs_what_it_said(tmp_path: Path) -> None:
    with opened(tmp_path) as manifest:
        for number in range(3):
            manifest.note_outcome(finished(f"{number}"), "f")
    path = tmp_path / MANIFEST_FILE
    lines = path.read_bytes().splitlines(keepends=True)
    for bad in (b"\xff\xfe\n", b"[]\n", b'{"kind": "video"}\n', b'{"kind": 7}\n', b"null\n"):
        path.write_bytes(b"".join([lines[0], lines[1], bad, lines[3]]))
        with opened(tmp_path) as manifest:
            known = [bool(manifest.record_of(f"{n}", "f")) for n in range(3)]
        assert known == [True, False, True]


def test_a_folder_from_a_manifest_is_never_a_way_out(tmp_path: Path) -> None:
    with opened(tmp_path):
        pass
    with (tmp_path / MANIFEST_FILE).open("a") as stream:
        for name in ("../elsewhere", "/etc", "..", "", ".hidden", "a/b"):
            line = {"kind": "folder", "sha256": f"sha of {name}", "folder": name}
            stream.write(json.dumps(line) + "\n")
    with opened(tmp_path) as manifest:
        assert dict(manifest.folders) == {}


@pytest.mark.parametrize("content", [b'{"kind": "head", "layout": 99}\n', b"some notes\n", b"{}\n"])
def test_another_file_of_that_name_is_not_touched(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / MANIFEST_FILE
    path.write_bytes(content)
    with pytest.raises(StoredReadingsError):
        Manifest(tmp_path)
    assert path.read_bytes() == content


def test_a_full_disk_leaves_whole_lines(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from emoreport.batch.manifest import Manifest\nfrom emoreport.errors import OutputError\n"
        "manifest = Manifest(Path(sys.argv[1]))\n"
        "try:\n"
        "    for number in range(1000): manifest.note_folder(str(number), f'folder{number}')\n"
        "except OutputError as error: print(error, '|', number)\n"
    )

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))

    run = subprocess.run(
        # -B: the limit would cut short what Python keeps of compiled modules.
        [sys.executable, "-B", "-c", code, str(tmp_path)],
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=True,
    )
    message, reached = run.stdout.split("|")
    assert "disk is full" in message
    with opened(tmp_path) as manifest:
        assert len(manifest.folders) == int(reached)
        manifest.note_folder("again", "again")
    with opened(tmp_path) as manifest:
        assert manifest.folders["again"] == "again"


def test_a_place_that_cannot_be_written_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / MANIFEST_FILE).mkdir()
    with pytest.raises(OutputError):
        Manifest(tmp_path)


def test_what_stat_says_makes_the_signature(tmp_path: Path) -> None:
    path = tmp_path / "talk.mp4"
    path.write_bytes(b"one")
    before = Signature.of(path.stat())
    facts = path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert Signature.of(path.stat()) != before  # the time of change cannot be set back
