"""The recipe's own machinery and its entry point, in a root of a few programs.

`make docker-check` builds the real image, for minutes and with a network. Here a small Dockerfile
is carried out, and the project's entry point starts a stand-in for emoreport that says who it is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from docker.build import Builder, Built
from docker.recipe import RecipeError, parse
from docker.sandbox import Container, Mount, work_folder
from tests.fixtures.tiny_root import make_tiny_root

ROOT = Path(__file__).parents[2]
CALLER = (1234, 2345)
DOCKERFILE = """\
ARG DEBIAN=bookworm-slim
FROM debian:${DEBIAN} AS base
RUN touch /base

FROM base AS build
ARG SAID="nothing much"
WORKDIR /source
COPY docs/ kept.txt ./
RUN touch "$SAID" && cat kept.txt page.txt > both.txt

FROM base AS runtime
LABEL title="tiny"
RUN install -d -m 1777 /models \\
    # the caller's
    && install -d -o 1000 -g 1000 /data
COPY --from=build /source /opt/source
COPY --chmod=755 entrypoint.sh /usr/local/bin/entry
COPY --chmod=755 emoreport /usr/local/bin/emoreport
ENV PATH=/usr/local/bin:/usr/bin GREETING="good day"
WORKDIR /data
STOPSIGNAL SIGINT
ENTRYPOINT ["entry"]
CMD ["--help"]
"""
STAND_IN = """\
#!/bin/sh
echo "$(id -u) $(id -g) $(id -G) $PWD $TMPDIR $HOME $GREETING: $*"
[ "$1" != write ] || echo result > result.txt
"""


def _can_start() -> bool:
    try:
        words = ["unshare", "--mount", "--pid", "--fork", "--net", "true"]
        return os.geteuid() == 0 and subprocess.run(words, check=False).returncode == 0
    except FileNotFoundError:
        return False


pytestmark = pytest.mark.skipif(not _can_start(), reason="needs root and Linux namespaces")


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("context")
    (folder / "docs").mkdir()
    (folder / "docs" / "page.txt").write_text("page\n", encoding="utf-8")
    (folder / "docs" / "secret.txt").write_text("secret\n", encoding="utf-8")
    (folder / "kept.txt").write_text("kept\n", encoding="utf-8")
    (folder / "emoreport").write_text(STAND_IN, encoding="utf-8")
    shutil.copy(ROOT / "docker" / "entrypoint.sh", folder)
    (folder / ".dockerignore").write_text("**/secret.txt\nunsent.txt\n", encoding="utf-8")
    (folder / "unsent.txt").touch()
    return folder


@pytest.fixture(scope="module")
def work() -> Iterator[Path]:
    """Folder for roots that every user can pass through, as pytest's own is not."""
    with work_folder(None) as folder:
        make_tiny_root(folder / "debian-bookworm")
        yield folder


@pytest.fixture(scope="module")
def built(context: Path, work: Path) -> Built:
    return Builder(parse(DOCKERFILE), context, work).build()


def fails(text: str, context: Path, work: Path, reason: str) -> None:
    with pytest.raises(RecipeError, match=reason):
        Builder(parse("FROM debian:bookworm-slim AS broken\n" + text), context, work).build()


class TestBuilding:
    def test_every_instruction_is_carried_out(self, built: Built) -> None:
        source = built.root / "opt" / "source"
        assert sorted(path.name for path in source.iterdir()) == [
            "both.txt",
            "kept.txt",
            "nothing much",
            "page.txt",
        ]
        assert (source / "both.txt").read_text(encoding="utf-8") == "kept\npage\n"
        assert (built.root / "base").exists()
        assert (built.root / "data").stat().st_uid == 1000
        assert (built.root / "models").stat().st_mode & 0o7777 == 0o1777
        assert built.image.env["GREETING"] == "good day"
        assert (built.image.entrypoint, built.image.command) == (["entry"], ["--help"])
        assert (built.image.labels, built.image.stop_signal) == ({"title": "tiny"}, "SIGINT")
        assert built.image.workdir == "/data"

    def test_what_belongs_to_this_machine_stays_out_of_the_image(self, built: Built) -> None:
        assert (built.root / "etc" / "hosts").read_text(encoding="utf-8") == ""
        assert not (built.root / "run" / "host").exists()
        assert list((built.root / "dev").iterdir()) == []

    def test_a_step_that_fails_ends_the_build(self, context: Path, work: Path) -> None:
        fails("RUN echo why >&2 && cat /nowhere", context, work, r"line 2: RUN ended with 1\n.*why")

    def test_a_source_that_the_engine_never_gets_ends_it(self, context: Path, work: Path) -> None:
        fails("COPY unsent.txt /x", context, work, "dockerignore leaves unsent.txt out")
        fails("COPY nowhere.txt /x", context, work, "there is no nowhere.txt")
        fails("COPY --from=later /x /x", context, work, "no earlier stage is named later")

    def test_another_base_is_refused(self, context: Path, work: Path) -> None:
        with pytest.raises(RecipeError, match="not alpine:3"):
            Builder(parse("FROM alpine:3 AS x\n"), context, work).build()


class TestEntryPoint:
    @pytest.fixture
    def folder(self, work: Path) -> Path:
        folder = Path(tempfile.mkdtemp(prefix="caller-", dir=work))
        os.chown(folder, *CALLER)
        folder.chmod(0o700)
        return folder

    def run(self, built: Built, folder: Path | None, *words: str, **options: object):
        mounts = [] if folder is None else [Mount(folder, "/data")]
        env = built.image.env
        container = Container(
            built.root,
            env,
            built.image.workdir,
            mounts=mounts,
            layer=True,
            **options,  # type: ignore[arg-type]
        )
        return container.run([*built.image.entrypoint, *words])

    def test_it_becomes_the_owner_of_the_folder(self, built: Built, folder: Path) -> None:
        code, out, err = self.run(built, folder, "write", "a b")
        assert (code, err) == (0, "")
        assert out == "1234 2345 2345 /data /tmp /tmp good day: write a b\n"
        status = (folder / "result.txt").stat()
        assert (status.st_uid, status.st_gid) == CALLER

    def test_a_user_that_was_asked_for_stays(self, built: Built, folder: Path) -> None:
        os.chown(folder, 777, 777)
        code, out, _ = self.run(built, folder, "x", user=777, capabilities=frozenset())
        assert (code, out.split()[:2]) == (0, ["777", "777"])

    def test_without_a_mount_it_is_the_user_of_the_image(self, built: Built) -> None:
        code, out, err = self.run(built, None)
        assert (code, out.split()[:3], err) == (0, ["1000", "1000", "1000"], "")

    def test_a_folder_of_root_gives_a_warning_and_no_root(self, built: Built, folder: Path) -> None:
        os.chown(folder, 0, 0)
        folder.chmod(0o755)
        _, out, err = self.run(built, folder, "write")
        assert out.split()[:2] == ["1000", "1000"]
        assert err.startswith("warning: /data in the container belongs to root")
        assert list(folder.iterdir()) == []

    def test_it_refuses_to_stay_root(self, built: Built, folder: Path) -> None:
        os.chown(folder, 0, 0)
        code, out, err = self.run(built, folder, "write", capabilities=frozenset())
        assert (code, out) == (2, "")
        assert err.splitlines()[-1].startswith("error: the container may not give up root")

    def test_under_a_rootless_engine_root_is_the_caller(self, built: Built, folder: Path) -> None:
        os.chown(folder, 1234, 1234)
        code, out, err = self.run(built, folder, "write", rootless_caller=1234)
        assert (code, out[:2], err) == (0, "0 ", "")
        assert (folder / "result.txt").stat().st_uid == 1234

    def test_a_read_only_root_leaves_it_another_scratch_folder(
        self, built: Built, folder: Path
    ) -> None:
        _, out, _ = self.run(built, folder, "x", read_only=True)
        assert out.split()[4:6] == ["/dev/shm", "/dev/shm"]
        _, out, _ = self.run(built, folder, "x", read_only=True, tmpfs=["/tmp"])
        assert out.split()[4:6] == ["/tmp", "/tmp"]


class TestContainer:
    def test_it_sees_no_network_and_no_other_process(self, built: Built) -> None:
        container = Container(built.root, built.image.env, layer=True)
        code, out, _ = container.run(["cat", "/proc/net/dev"])
        assert (code, out.count(":")) == (0, 1)
        assert "lo:" in out
        _, out, _ = container.run(["sh", "-c", "echo /proc/[0-9]*"])
        assert "/proc/1" in out.split()
        assert len(out.split()) <= 3

    def test_what_it_writes_goes_with_it(self, built: Built) -> None:
        container = Container(built.root, built.image.env, layer=True)
        assert container.run(["touch", "/written"])[0] == 0
        assert not (built.root / "written").exists()

    def test_a_read_only_one_cannot_write(self, built: Built, tmp_path: Path) -> None:
        mounts = [Mount(tmp_path, "/data", read_only=True)]
        container = Container(
            built.root, built.image.env, mounts=mounts, read_only=True, layer=True
        )
        for name in ("/written", "/data/written"):
            code, _, err = container.run(["touch", name])
            assert code
            assert "Read-only" in err
        assert container.run(["touch", "/dev/shm/written"])[0] == 0

    def test_it_keeps_no_more_capabilities_than_it_was_given(self, built: Built) -> None:
        env = built.image.env
        container = Container(built.root, env, capabilities=frozenset({"chown"}), layer=True)
        _, out, _ = container.run(["cat", "/proc/self/status"])
        held = {line.split()[1] for line in out.splitlines() if line.startswith(("CapEff", "CapB"))}
        assert held == {"0000000000000001"}
