"""Roots and containers without an engine: debootstrap, chroot and Linux namespaces.

A root is a folder with a system in it. A container is a process that sees that folder as ``/``,
with mount, process and, as a rule, network namespaces of its own, no more than the capabilities
that Docker leaves to root, and the settings of the image. What an engine does beyond this (layers,
seccomp and AppArmor profiles, control groups, its own network) is not made here.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""What engines give where the image sets none."""
CAPABILITIES: Final = frozenset(
    {
        "audit_write",
        "chown",
        "dac_override",
        "fowner",
        "fsetid",
        "kill",
        "mknod",
        "net_bind_service",
        "net_raw",
        "setfcap",
        "setgid",
        "setpcap",
        "setuid",
        "sys_chroot",
    }
)
"""What Docker's documentation lists as left to root by default."""
DEVICES: Final = ("null", "zero", "full", "random", "urandom")
TOOLS: Final = ("debootstrap", "unshare", "chroot", "setpriv", "mount", "env")


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder or file of this machine that a container sees; `target` begins with a slash."""

    source: Path
    target: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Container:
    """How a process is started in a root; the names are those of ``docker run``.

    Parameters
    ----------
    root
        The system's folder.
    env
        Its whole environment.
    workdir
        Folder to start in.
    mounts
        What it sees of this machine.
    read_only
        Nothing can be written but mounts, ``/dev/shm`` and `tmpfs`.
    tmpfs
        Folders in memory.
    network
        False gives it none at all.
    user
        Number of user and of group, None for root.
    capabilities
        What root keeps.
    rootless_caller
        None, or the number of an ordinary user of this machine who starts the container: root in
        it is then that user, as under a rootless engine.
    layer
        What it writes goes to a layer of its own, in memory, and is gone with it; otherwise it
        changes the root.
    """

    root: Path
    env: Mapping[str, str]
    workdir: str = "/"
    mounts: Sequence[Mount] = ()
    read_only: bool = False
    tmpfs: Sequence[str] = ()
    network: bool = False
    user: int | None = None
    capabilities: frozenset[str] = field(default=CAPABILITIES)
    rootless_caller: int | None = None
    layer: bool = False

    def command(self, words: Sequence[str]) -> list[str]:
        """Command line on this machine that starts `words` in the container."""
        given = [f"{name}={value}" for name, value in self.env.items()]
        inside = ["env", "-i", "-C", self.workdir, *given, *words]
        if self.rootless_caller is None:
            held = ",".join(["-all", *(f"+{name}" for name in sorted(self.capabilities))])
            number = str(self.user)
            user = ["--reuid", number, "--regid", number] if self.user is not None else []
            powers = ["--inh-caps", "-all", "--bounding-set", held]
            inside = ["setpriv", *powers, *user, *(["--clear-groups"] if user else []), *inside]
        enter = ["chroot", self._seen(), *inside]
        script = "\n".join(["set -e", *self._mounts(), "exec " + shlex.join(enter)])
        spaces = ["--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child"]
        if not self.network:
            spaces.append("--net")
        if self.rootless_caller is None:
            return ["unshare", *spaces, "sh", "-c", script]
        number = str(self.rootless_caller)
        caller = ["setpriv", "--reuid", number, "--regid", number, "--clear-groups"]
        return [*caller, "unshare", "--user", "--map-root-user", *spaces, "sh", "-c", script]

    def _seen(self) -> str:
        return f"{self._layer}/merged" if self.layer else str(self.root)

    @property
    def _layer(self) -> Path:
        return self.root.with_name(self.root.name + "-layer")

    def _mounts(self) -> Iterator[str]:
        lower, root = shlex.quote(str(self.root)), shlex.quote(self._seen())
        if self.layer:
            layer = shlex.quote(str(self._layer))
            yield f"mount -t tmpfs -o mode=755 tmpfs {layer}"
            yield f"mkdir {layer}/upper {layer}/work {layer}/merged"
            folders = f"lowerdir={lower},upperdir={layer}/upper,workdir={layer}/work"
            yield f"mount -t overlay -o {folders} overlay {root}"
        else:
            yield f"mount --rbind {root} {root}"
        yield f"mount -t proc proc {root}/proc"
        yield f"mount -t tmpfs -o mode=755 tmpfs {root}/dev"
        for name in DEVICES:
            yield f"touch {root}/dev/{name}; mount --bind /dev/{name} {root}/dev/{name}"
        yield f"ln -s /proc/self/fd {root}/dev/fd"
        yield f"cd {root}/dev; mkdir shm pts"
        yield "mount -t tmpfs -o mode=1777,size=64m tmpfs shm"
        yield "mount -t devpts -o newinstance,ptmxmode=666 none pts; ln -s pts/ptmx ptmx; cd /"
        for folder in self.tmpfs:
            yield f"mount -t tmpfs -o mode=1777 tmpfs {root}{shlex.quote(folder)}"
        for mount in self.mounts:
            source, target = shlex.quote(str(mount.source)), root + shlex.quote(mount.target)
            yield f"mount --bind {source} {target}"
            if mount.read_only:
                yield f"mount -o remount,bind,ro {target}"
        if self.read_only:
            yield f"mount -o remount,bind,ro {root}"

    def start(self, words: Sequence[str]) -> subprocess.Popen[str]:
        """Start a command; both its outputs are pipes."""
        self._make_targets()
        return subprocess.Popen(
            self.command(words),
            env={"PATH": PATH},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, words: Sequence[str]) -> tuple[int, str, str]:
        """Run a command to its end: exit code, what it printed, what it reported."""
        with self.start(words) as process:
            out, err = process.communicate()
            return process.returncode, out, err

    def _make_targets(self) -> None:
        """Make what mounts are put on, as an engine does."""
        if self.layer:
            self._layer.mkdir(exist_ok=True)
        for mount in self.mounts:
            target = self.root / mount.target.lstrip("/")
            if mount.source.is_dir():
                target.mkdir(parents=True, exist_ok=True)
            elif not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.touch()


def missing_tools() -> list[str]:
    """Programs that the check needs and this machine has not."""
    where = f"{os.environ.get('PATH', '')}:{PATH}"
    return [name for name in TOOLS if shutil.which(name, path=where) is None]


def debian_root(suite: str, root: Path, mirror: str | None) -> None:
    """Make a minimal Debian system, the nearest thing to the image ``debian:<suite>-slim``.

    Raises
    ------
    subprocess.CalledProcessError
        When debootstrap fails; it says why itself.
    """
    words = ["debootstrap", "--variant=minbase", suite, str(root), *([mirror] if mirror else [])]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    # debootstrap installs the release as it was; the image's list has the corrections as well.
    origin = mirror or "http://deb.debian.org/debian"
    lines = [f"deb {origin} {suite} main", f"deb {origin} {suite}-updates main"]
    if mirror is None:
        lines.append(f"deb {origin}-security {suite}-security main")
    sources = root / "etc/apt/sources.list"
    sources.write_text("\n".join([*lines, ""]), encoding="utf-8")


def copy_root(source: Path, target: Path) -> None:
    """Copy a root with owners, modes and links; shares the blocks where the disk can."""
    words = ["cp", "-a", "--reflink=auto", str(source), str(target)]
    subprocess.run(words, check=True)


def size_mb(root: Path) -> float:
    """Megabytes (10⁶ bytes) that the files of a root take on the disk."""
    out = subprocess.run(
        ["du", "--summarize", "--one-file-system", "--block-size=1", str(root)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return int(out.split()[0]) / 1e6


@contextmanager
def work_folder(keep: Path | None) -> Iterator[Path]:
    """Give a folder that any user can pass through: one of its own, or `keep`, which stays."""
    folder = keep or Path(tempfile.mkdtemp(prefix="docker-check-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    try:
        yield folder.resolve()
    finally:
        if keep is None:
            shutil.rmtree(folder)


def first_process(process: subprocess.Popen[str], timeout_s: float = 20.0) -> int:
    """Number, on this machine, of a container's first process.

    Raises
    ------
    TimeoutError
        When it does not start in time.
    """
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if found := children.read_text(encoding="ascii").split():
            return int(found[0])
        time.sleep(0.05)
    raise TimeoutError("the container did not start")
