"""Build the image's recipe without an engine and try what the documentation promises.

    python -m docker.check
    python -m docker.check --build-arg EXTRAS=full

Needs Linux, root, debootstrap and the package indexes that pip is set up for. Every instruction
of the Dockerfile is carried out in roots made by debootstrap; the entry point is then started in
Linux namespaces, as the options of ``docker run`` and the service of compose.yaml would start it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from docker import recipe, sandbox
from docker.build import Builder, Built
from docker.compose import Service, read_service
from docker.recipe import RecipeError
from docker.sandbox import Container, Mount

ROOT: Final = Path(__file__).parents[1]
TALK: Final = ROOT / "samples" / "talk.mp4"
CALLER: Final = (1234, 2345)
"""User and group of the caller: numbers that the image does not know."""
EXPECTED: Final = {TALK.name, "recordings", "statistics"}
"""What a caller's folder may hold in the end."""
BUILD_TOOLS: Final = ("as", "c++", "cc", "clang", "g++", "gcc", "ld", "make", "pip", "pip3")
NOT_SHOWN: Final = (
    "an engine: its builder, layers, registry, seccomp and AppArmor profiles and control groups",
    "the published base image: debootstrap's minimal system stands for it",
    "compose itself: its file is read and its options are carried out as above",
    "other processors than this machine's, and a graphics card",
)


class CheckError(Exception):
    """Something that the documentation promises is not so."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run of the container came to."""

    code: int
    out: str
    err: str

    def expect(self, code: int) -> None:
        """Make sure of the exit code."""
        if self.code != code:
            raise CheckError(f"exit code {self.code}, not {code}\n{self.out}{self.err}")


class Trial:
    """Starts the built image as ``docker run`` would.

    Parameters
    ----------
    built
        The image.
    work
        Folder for the callers' folders.
    """

    def __init__(self, built: Built, work: Path) -> None:
        self.built = built
        self._work = work

    def container(self, **options: Any) -> Container:  # noqa: ANN401 (those of Container)
        """Container of the image; `options` are those of `Container`."""
        image = self.built.image
        home = "/root" if options.get("user") is None else "/"
        env = {"HOME": home} | image.env
        return Container(self.built.root, env, image.workdir, layer=True, **options)

    def words(self, arguments: Sequence[str]) -> list[str]:
        """Command line inside: entry point, then arguments or the image's own."""
        image = self.built.image
        return [*image.entrypoint, *(arguments or image.command)]

    def run(self, *arguments: str, **options: Any) -> Outcome:  # noqa: ANN401 (those of Container)
        """Run the image to its end."""
        return Outcome(*self.container(**options).run(self.words(arguments)))

    def folder(self, name: str, owner: tuple[int, int], *, below: str = "") -> Path:
        """Make a caller's folder, closed to others, with the sample recording in it."""
        folder = self._work / "callers" / name
        videos = folder / below
        videos.mkdir(parents=True)
        (videos / TALK.name).write_bytes(TALK.read_bytes())
        for path in (folder, *folder.rglob("*")):
            os.chown(path, *owner)
        folder.chmod(0o700)
        return folder

    def analyze(self, name: str, owner: tuple[int, int], **options: Any) -> Path:  # noqa: ANN401
        """Run the documented command in a folder of `owner` and look at what it left there."""
        folder = self.folder(name, owner)
        self.run("analyze", "/data/talk.mp4", mounts=[Mount(folder, "/data")], **options).expect(0)
        self.expect_results(folder, owner)
        return folder

    def expect_results(self, folder: Path, owner: tuple[int, int]) -> None:
        """Make sure that results are there, whole, and that all in `folder` is the owner's."""
        if not any((folder / "statistics").rglob("run.json")):
            raise CheckError(f"there are no results in {folder / 'statistics'}")
        strangers = {str(path) for path in folder.rglob("*") if _owner(path) != owner}
        if strangers:
            raise CheckError(f"not the caller's: {sorted(strangers)}")
        if left := sorted({path.name for path in folder.iterdir()} - EXPECTED):
            raise CheckError(f"left behind in the caller's folder: {left}")


def _owner(path: Path) -> tuple[int, int]:
    status = path.lstat()
    return status.st_uid, status.st_gid


def _tables(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*.csv")}


def no_build_tools(trial: Trial) -> str:
    """The image holds no compiler and no pip."""
    folders = trial.built.image.env["PATH"].split(":")
    names = [f"{folder}/{name}" for folder in folders for name in BUILD_TOOLS]
    if found := [name for name in names if (trial.built.root / name[1:]).exists()]:
        raise CheckError(f"the image holds {found}")
    return "no compiler, no make, no pip in the image"


def help_alone(trial: Trial) -> str:
    """Without arguments and mounts it prints its help."""
    outcome = trial.run()
    outcome.expect(0)
    if "analyze" not in outcome.out or outcome.err:
        raise CheckError(f"no clean help\n{outcome.out}{outcome.err}")
    return "without arguments: the help"


def no_network(trial: Trial) -> str:
    """A container without a network has a loop-back device only."""
    code, out, err = trial.container().run(["cat", "/proc/net/dev"])
    devices = [line.split(":")[0].strip() for line in out.splitlines() if ":" in line]
    if code or devices != ["lo"]:
        raise CheckError(f"devices {devices}\n{err}")
    return "--network none, which all runs here have: no device but lo"


def documented_command(trial: Trial) -> str:
    """The command of the documentation leaves files of the caller."""
    start = time.perf_counter()
    folder = trial.analyze("plain", CALLER)
    took = time.perf_counter() - start
    count = sum(path.is_file() for path in (folder / "statistics").rglob("*"))
    owner = f"{CALLER[0]}:{CALLER[1]}"
    return f"analyze /data/talk.mp4 in a folder of {owner}: {count} files of theirs, {took:.1f} s"


def read_only(trial: Trial) -> str:
    """``--read-only`` works with and without a folder in memory for /tmp, with equal tables."""
    code, _, err = trial.container(read_only=True).run(["touch", "/usr/written"])
    if not code or "Read-only" not in err:
        raise CheckError("the root was not read-only")
    with_tmp = trial.analyze("read-only-tmp", CALLER, read_only=True, tmpfs=["/tmp"])  # noqa: S108
    without = trial.analyze("read-only", CALLER, read_only=True)
    if _tables(with_tmp) != _tables(without) or not _tables(without):
        raise CheckError("the tables differ")
    return "--read-only, with --tmpfs /tmp and without: the same tables"


def given_user(trial: Trial) -> str:
    """``--user`` works without any capability."""
    user = CALLER[0]
    trial.analyze("user", (user, user), user=user, capabilities=frozenset())
    return f"--user {user}:{user} --cap-drop ALL: files of theirs"


def no_capabilities(trial: Trial) -> str:
    """Root that may not give itself up is refused."""
    folder = trial.folder("no-capabilities", (0, 0))
    folder.chmod(0o755)
    mounts = [Mount(folder, "/data")]
    outcome = trial.run("analyze", "/data/talk.mp4", mounts=mounts, capabilities=frozenset())
    outcome.expect(2)
    if "error: " not in outcome.err or (folder / "statistics").exists():
        raise CheckError(f"not refused\n{outcome.err}")
    return "--cap-drop ALL without --user: refused with a line that says so"


def folder_of_root(trial: Trial) -> str:
    """A folder of root stays untouched, and a line says why."""
    folder = trial.folder("root", (0, 0))
    folder.chmod(0o755)
    outcome = trial.run("analyze", "/data/talk.mp4", mounts=[Mount(folder, "/data")])
    if outcome.code == 0 or (folder / "statistics").exists():
        raise CheckError("something was written to a folder of root")
    if "warning: /data in the container belongs to root" not in outcome.err:
        raise CheckError(f"no line that says why\n{outcome.err}")
    return f"a folder of root: nothing written, exit code {outcome.code}, a line that says why"


def rootless(trial: Trial) -> str:
    """Under a rootless engine root in the container is the caller, and remains so."""
    user = CALLER[0]
    trial.analyze("rootless", (user, user), rootless_caller=user)
    return f"started by {user} in a user namespace (rootless engines): files of theirs"


def stopped(trial: Trial) -> str:
    """The process is an ordinary user without capabilities; the stop signal ends it with 130."""
    folder = trial.folder("stopped", CALLER)
    container = trial.container(mounts=[Mount(folder, "/data")])
    with container.start(trial.words(["analyze", "/data/talk.mp4"])) as process:
        first = Path(f"/proc/{sandbox.first_process(process)}")
        _wait_for(lambda: b"python" in (first / "cmdline").read_bytes().split(b"\0")[0])
        lines = (first / "status").read_text(encoding="ascii").splitlines()
        status = dict(line.split(":\t", 1) for line in lines)
        time.sleep(1.5)  # until it is at work
        os.kill(int(first.name), getattr(signal, trial.built.image.stop_signal))
        out, err = process.communicate(timeout=30)
        Outcome(process.returncode, out, err).expect(130)
    numbers = {*status["Uid"].split(), *status["Gid"].split()}
    powers = {int(status[name], 16) for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")}
    if (
        numbers != {str(number) for number in CALLER}
        or powers != {0}
        or status["NoNewPrivs"] != "1"
    ):
        raise CheckError(f"not an ordinary user: {status}")
    return "process 1 is the caller with no capabilities; the stop signal ends it with 130"


def compose(trial: Trial) -> str:
    """The service of compose.yaml works with its own options."""
    service = read_service(ROOT / "compose.yaml")
    folder = trial.folder("compose", CALLER, below="recordings")
    models = trial.built.root / "models"
    outside = folder.parent / "compose-models"
    outside.mkdir()
    outside.chmod(models.stat().st_mode & 0o7777)
    mounts = [Mount({"/data": folder, "/models": outside}[name], name) for name in service.mounts]
    outcome = trial.run(*service.command, mounts=mounts, **_options(service))
    outcome.expect(0)
    trial.expect_results(folder, CALLER)
    return f"the service of compose.yaml, {' '.join(service.command)}: files of the caller"


def _options(service: Service) -> Mapping[str, Any]:
    return {
        "read_only": service.read_only,
        "tmpfs": service.tmpfs,
        "network": service.network,
        "capabilities": service.capabilities,
    }


def _wait_for(condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            raise CheckError("the container did not come so far in time")
        time.sleep(0.02)


TRIALS: Final = (
    no_build_tools,
    no_network,
    help_alone,
    documented_command,
    read_only,
    given_user,
    no_capabilities,
    folder_of_root,
    rootless,
    stopped,
    compose,
)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m docker.check")
    parser.add_argument(
        "--build-arg", action="append", default=[], metavar="NAME=VALUE", help="as for docker build"
    )
    parser.add_argument("--mirror", help="Debian mirror for the base system")
    parser.add_argument("--keep", type=Path, help="work in this folder and leave it there")
    return parser.parse_args()


def main() -> int:
    """Build and try; 0 all is so, 1 something is not, 2 this machine cannot tell."""
    options = _arguments()
    if os.geteuid() != 0 or (lacking := sandbox.missing_tools()):
        why = "root is needed" if os.geteuid() else f"there is no {', '.join(lacking)}"
        print(f"error: {why}; the check runs as root on Linux with debootstrap", file=sys.stderr)
        return 2
    given = dict(item.split("=", 1) for item in options.build_arg)
    with sandbox.work_folder(options.keep) as work:
        try:
            plan = recipe.parse((ROOT / "Dockerfile").read_text(encoding="utf-8"), given)
            built = Builder(plan, ROOT, work, options.mirror).build()
            shutil.rmtree(work / "callers", ignore_errors=True)
            print(f"built in {built.seconds_s:.0f} s, {sandbox.size_mb(built.root):.0f} MB")
            for trial in TRIALS:
                print(f"  so: {trial(Trial(built, work))}", flush=True)
        except (CheckError, RecipeError, subprocess.SubprocessError) as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    print("not shown here:", *NOT_SHOWN, sep="\n  ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
