from __future__ import annotations

from pathlib import Path

import pytest

from emoreport.batch.lock import only_batch
from emoreport.batch.runner import BatchRequest, run_batch
from emoreport.batch.sharding import Shard
from emoreport.errors import SettingsError
from tests.unit.batch.inline import Batch, InlineEngine, Told, settings_for


def part(batch: Batch, shard: Shard) -> list[str]:
    """Do one part; return the names of what it did."""
    engines = []

    def make(settings, watcher) -> InlineEngine:
        engines.append(InlineEngine(settings))
        return engines[0]

    request = BatchRequest(batch.folder, settings_for(batch.out), shard=shard)
    run_batch(request, Told(), make)
    return [job.name for job in engines[0].jobs] if engines else []


def tables(out: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in out.rglob("*")
        if path.suffix in {".csv", ".parquet"}
    }


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "1/", "/2", "-1/2", "1/2/3", "a/b", "1 / 2"])
def test_what_is_no_part(text: str) -> None:
    with pytest.raises(SettingsError, match="--shard cannot be"):
        Shard.parse(text)


def test_every_video_is_in_exactly_one_part() -> None:
    videos = [Path(f"deep/Talk {number}.mp4") for number in range(200)]
    parts = [Shard.parse(f"{number}/7") for number in range(1, 8)]
    held = [[video for video in videos if one.holds(video)] for one in parts]
    assert sorted(video for some in held for video in some) == sorted(videos)
    assert min(map(len, held)) >= 10
    assert all(Shard(1, 1).holds(video) for video in videos)


def test_videos_of_one_stem_are_in_one_part() -> None:
    for video in (Path("a/Talk.mp4"), Path("b/talk.MOV"), Path("talk.mkv")):
        assert Shard(1, 5).holds(video) == Shard(1, 5).holds(Path("talk.mp4"))
    # One letter in two ways to write it.
    assert Shard(2, 3).holds(Path("\u0439.mp4")) == Shard(2, 3).holds(Path("\u0438\u0306.mp4"))


def test_parts_and_then_all_together_are_as_one_batch(batch: Batch, shorts: list[bytes]) -> None:
    names = ["a/talk.mp4", "b/talk.mp4", "one.mp4", "two.mp4"]
    for name, content in zip([*names, "bad.mp4"], [*shorts[:4], b"no"], strict=True):
        path = batch.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    parts = [Shard(number, 3) for number in (3, 1, 2)]
    done = [part(batch, shard) for shard in parts]
    assert sorted(name for some in done for name in some) == sorted([*names, "bad.mp4"])
    assert len([some for some in done if some]) >= 2
    assert not (batch.out / "summary.csv").exists()
    assert [part(batch, shard) for shard in parts] == [[], [], []]
    result = batch()
    assert batch.done == []
    assert batch.states(result)["bad.mp4"] == "failed"
    whole = Batch(batch.folder, batch.out.with_name("whole"))
    whole()
    assert tables(batch.out) == tables(whole.out)


def test_a_part_goes_on_where_a_batch_of_all_ended(batch: Batch, shorts: list[bytes]) -> None:
    (batch.folder / "one.mp4").write_bytes(shorts[0])
    batch()
    (batch.folder / "two.mp4").write_bytes(shorts[1])
    assert part(batch, Shard(1, 1)) == ["two.mp4"]
    assert batch.states(batch()) == {"one.mp4": "finished", "two.mp4": "finished"}
    assert batch.done == []


def test_a_failure_of_one_part_does_not_hide_what_another_finished(
    batch: Batch, shorts: list[bytes]
) -> None:
    (batch.folder / "one.mp4").write_bytes(shorts[0])

    def fail(job) -> None:
        (Path(job.folder).parent / "one").write_bytes(b"in the way")

    assert batch.states(batch(before=fail)) == {"one.mp4": "failed"}
    (batch.out / "one").unlink()
    assert part(batch, Shard(1, 2)) + part(batch, Shard(2, 2)) == ["one.mp4"]
    assert batch.states(batch()) == {"one.mp4": "finished"}


def test_parts_share_a_folder_and_a_batch_of_all_does_not(tmp_path: Path) -> None:
    with only_batch(tmp_path, "-1-of-2"), only_batch(tmp_path, "-2-of-2"):
        with pytest.raises(SettingsError, match=r"another batch .*process \d+"):
            only_batch(tmp_path).__enter__()
        with pytest.raises(SettingsError, match=r"another batch .*process \d+"):
            only_batch(tmp_path, "-2-of-2").__enter__()
    with only_batch(tmp_path):
        pass


def test_no_part_begins_while_a_batch_of_all_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emoreport.batch.lock.LOOK_S", 0.1)
    with only_batch(tmp_path), pytest.raises(SettingsError, match=r"process \d+"):
        only_batch(tmp_path, "-1-of-2").__enter__()
    with only_batch(tmp_path, "-1-of-2"):
        pass
