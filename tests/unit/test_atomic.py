import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from emoreport import atomic
from emoreport.atomic import (
    Staging,
    make_store_folder,
    move_into_place,
    output_error,
    remove_leftovers,
    write_file,
    write_store_file,
)
from emoreport.errors import ModelError, OutputError

POSIX = pytest.mark.skipif(os.name != "posix", reason="needs POSIX processes")


def text(content):
    return lambda stream: stream.write(content.encode())


def broken(error):
    def write(stream):
        stream.write(b"half")
        stream.flush()
        raise error

    return write


def write_both(folder, first, second):
    with Staging(folder) as staging:
        staging.add("1.txt", first)
        staging.add("2.txt", second)
        staging.commit()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_files_appear_on_commit_in_their_order(tmp_path):
    with Staging(tmp_path / "a" / "b") as staging:
        staging.add("2.txt", text("two"))
        staging.add("1.txt", text("one"))
        assert all(name.startswith(".") for name in names(tmp_path / "a" / "b"))
        done = staging.commit()
    assert [path.name for path in done] == ["2.txt", "1.txt"]
    assert [path.read_text() for path in done] == ["two", "one"]
    assert names(tmp_path / "a" / "b") == ["1.txt", "2.txt"]


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), SystemExit(1), ValueError("x"), MemoryError()]
)
def test_an_interruption_leaves_the_old_files_and_nothing_else(tmp_path, error):
    (tmp_path / "1.txt").write_text("old")
    with pytest.raises(type(error)):
        write_both(tmp_path, text("new"), broken(error))
    assert names(tmp_path) == ["1.txt"]
    assert (tmp_path / "1.txt").read_text() == "old"


def test_a_failure_of_the_system_is_an_output_error(tmp_path):
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(OutputError, match=r"disk is full.*free some space") as caught:
        write_both(tmp_path / "new", text("one"), broken(full))
    assert caught.value.file == str(tmp_path / "new" / "2.txt")
    assert caught.value.__cause__ is full
    assert names(tmp_path) == []


def test_without_a_commit_nothing_is_left_not_even_the_folders(tmp_path):
    with Staging(tmp_path / "a" / "b") as staging:
        staging.add("1.txt", text("one"))
    assert names(tmp_path) == []


def test_folders_that_hold_something_else_stay(tmp_path):
    with Staging(tmp_path / "a" / "b") as staging:
        (tmp_path / "a" / "other.txt").write_text("mine")
        staging.add("1.txt", text("one"))
    assert names(tmp_path / "a") == ["other.txt"]


def test_a_file_in_the_place_of_a_folder(tmp_path):
    (tmp_path / "file").write_text("x")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OutputError, match="where a file should be"):
            write_file(folder / "1.txt", b"x")
    assert names(tmp_path) == ["file"]


def test_a_folder_in_the_place_of_a_file(tmp_path):
    (tmp_path / "1.txt").mkdir()
    with pytest.raises(OutputError, match=r"1\.txt: output: is a folder; name a file"):
        write_file(tmp_path / "1.txt", b"x")
    assert names(tmp_path) == ["1.txt"]


def test_the_model_store_is_named_where_a_file_of_it_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("x")
    for write in (
        lambda path: write_store_file(path, b"x"),
        lambda path: make_store_folder(path.parent),
        lambda path: move_into_place(tmp_path / "file", path),
    ):
        with pytest.raises(ModelError, match="name another folder in EMOREPORT_MODEL_DIR"):
            write(tmp_path / "file" / "1.txt")
    assert names(tmp_path) == ["file"]


@POSIX
def test_a_folder_that_may_not_be_written(tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o555)
    if os.access(folder, os.W_OK):
        pytest.skip("this user may write everywhere")
    with pytest.raises(OutputError, match="may not be written"):
        write_file(folder / "1.txt", b"x")


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs /proc")
def test_a_file_system_that_takes_no_files():
    with pytest.raises(OutputError, match=r"output: .*--out"):
        write_file(Path("/proc/self/1.txt"), b"x")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EDQUOT, "disk is full"),
        (errno.EFBIG, "disk is full"),
        (errno.EACCES, "may not be written"),
        (errno.EROFS, "may not be written"),
        (errno.ENOTDIR, "where a file should be"),
        (errno.EIO, "cannot be written"),
    ],
)
def test_every_system_error_has_a_remedy(number, words):
    error = output_error(OSError(number, os.strerror(number)), "x.csv")
    assert words in str(error)
    assert os.strerror(number) in error.cause
    assert "--out" in error.remedy


def test_a_very_long_name_with_letters_of_two_bytes(tmp_path):
    name = "я" * 120 + ".json"
    write_file(tmp_path / name, b"x")
    assert names(tmp_path) == [name]


@POSIX
def test_files_have_the_rights_that_the_user_set(tmp_path):
    before = os.umask(0o027)
    try:
        write_file(tmp_path / "1.txt", b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "1.txt").stat().st_mode & 0o777 == 0o640


def dead_pid():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@POSIX
def test_leftovers_of_a_killed_run_are_cleared_away(tmp_path):
    kept = [
        f".1.txt.tmp-{os.getpid()}-0123abcd",
        f".1.txt.tmp-{os.getppid()}-0123abcd",
        ".1.txt.tmp-x-0123abcd",
        ".hidden",
        "1.txt",
    ]
    gone = f".1.txt.tmp-{dead_pid()}-0123abcd"
    for name in (*kept, gone):
        (tmp_path / name).write_text("x")
    remove_leftovers(tmp_path)
    assert names(tmp_path) == sorted(kept)


def test_old_leftovers_are_cleared_away_whoever_has_their_number(tmp_path):
    path = tmp_path / f".1.txt.tmp-{os.getpid()}-0123abcd"
    path.write_text("x")
    long_ago = time.time() - 2 * atomic._ABANDONED_AFTER_S
    os.utime(path, (long_ago, long_ago))
    remove_leftovers(tmp_path)
    assert names(tmp_path) == []
    remove_leftovers(tmp_path / "nowhere")


WAITING = """
import sys, time
from pathlib import Path
from emoreport.atomic import Staging

def write(stream):
    stream.write(b"half")
    stream.flush()
    print("ready", flush=True)
    time.sleep(60)

with Staging(Path(sys.argv[1])) as staging:
    staging.add("1.txt", write)
    staging.commit()
"""


def stopped(folder, number):
    """A process that was in the middle of a file when the signal came."""
    process = subprocess.Popen(
        [sys.executable, "-c", WAITING, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        process.wait(timeout=60)


@POSIX
def test_ctrl_c_leaves_nothing(tmp_path):
    (tmp_path / "1.txt").write_text("old")
    stopped(tmp_path, signal.SIGINT)
    assert names(tmp_path) == ["1.txt"]
    assert (tmp_path / "1.txt").read_text() == "old"


@POSIX
def test_kill_leaves_no_half_file_and_the_next_run_starts_cleanly(tmp_path):
    (tmp_path / "1.txt").write_text("old")
    stopped(tmp_path, signal.SIGKILL)
    assert [name for name in names(tmp_path) if not name.startswith(".")] == ["1.txt"]
    assert len(names(tmp_path)) == 2
    assert (tmp_path / "1.txt").read_text() == "old"
    write_file(tmp_path / "1.txt", b"new")
    assert names(tmp_path) == ["1.txt"]
    assert (tmp_path / "1.txt").read_text() == "new"


def test_temporary_files_of_another_computer_stay_until_they_are_old(tmp_path):
    gone = 2**22 + 1
    other = tmp_path / f".1.txt.tmp-01234567-{gone}-0123abcd"
    own = tmp_path / f".1.txt.tmp-{atomic._computer()}-{gone}-0123abcd"
    for path in (other, own):
        path.write_bytes(b"x")
    atomic.remove_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == [other]
    os.utime(other, (0, time.time() - 7200))
    atomic.remove_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == []
