"""Carry out the instructions of a Dockerfile in roots of this machine."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from docker import recipe, sandbox
from docker.recipe import Ignored, Image, Instruction, Recipe, RecipeError, Stage
from docker.sandbox import Container, Mount

_SLIM: Final = re.compile(r"debian:([a-z]+)(?:-\d{8})?-slim")
_PIP_OPTION: Final = re.compile(r"(?:global|:env:)\.([a-z-]+)='(.*)'")
_PIP_PASSED: Final = frozenset(
    {
        "cert",
        "default-timeout",
        "extra-index-url",
        "find-links",
        "index-url",
        "no-index",
        "proxy",
        "timeout",
        "trusted-host",
    }
)
_HOST_FILES: Final = ("/etc/resolv.conf", "/etc/hosts")
"""What engines show to build steps and containers that have a network."""


@dataclass(frozen=True, slots=True)
class Built:
    """The finished image: its root, its settings, seconds that the build took."""

    root: Path
    image: Image
    seconds_s: float


@dataclass(frozen=True, slots=True)
class Network:
    """How this machine's pip reaches its packages: variables, and paths that they name."""

    env: Mapping[str, str]
    mounts: tuple[Mount, ...]


def pip_network() -> Network:
    """Read this machine's pip configuration, so that build steps reach what it reaches."""
    listing = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True
    ).stdout
    env: dict[str, str] = {}
    mounts: dict[str, Mount] = {}
    for line in listing.splitlines():
        match = _PIP_OPTION.fullmatch(line)
        if match is None or match[1] not in _PIP_PASSED:
            continue
        value = match[2]
        for word in value.split():
            parts = urlsplit(word)
            path = Path(parts.path)
            if parts.scheme not in {"", "file"} or not path.is_absolute() or not path.exists():
                continue
            if path.is_file():
                # Where no package puts its own: a certificate's place is one that Debian fills.
                target = f"/run/host/{path.name}"
                value = value.replace(word, target)
            else:
                # Pages of an index in a folder link to files beside it.
                path = path.parent if parts.scheme == "file" else path
                target = str(path)
            mounts[target] = Mount(path, target, read_only=True)
        env["PIP_" + match[1].upper().replace("-", "_")] = value
    return Network(env, tuple(mounts[target] for target in sorted(mounts)))


class Builder:
    """Builds the stages of a recipe below a folder.

    Parameters
    ----------
    plan
        The recipe.
    context
        Folder that COPY copies from.
    work
        Folder for the roots.
    mirror
        Debian mirror for debootstrap; None for its own.
    """

    def __init__(self, plan: Recipe, context: Path, work: Path, mirror: str | None = None) -> None:
        self._plan = plan
        self._context = context
        self._ignored = Ignored.read(context / ".dockerignore")
        self._work = work
        self._mirror = mirror
        self._network = pip_network()
        self._roots: dict[str, Path] = {}
        self._images: dict[str, Image] = {}

    def build(self) -> Built:
        """Build all stages; the last one is the image.

        Raises
        ------
        RecipeError
            For what the check cannot carry out, and for a step that fails.
        """
        start = time.perf_counter()
        for stage in self._plan.stages:
            self._build(stage)
        last = self._plan.stages[-1].name
        return Built(self._roots[last], self._images[last], time.perf_counter() - start)

    def _build(self, stage: Stage) -> None:
        root = self._work / f"stage-{stage.name}"
        if root.exists():
            shutil.rmtree(root)
        if stage.base in self._roots:
            sandbox.copy_root(self._roots[stage.base], root)
            image = self._images[stage.base].copy()
        else:
            sandbox.copy_root(self._debian(stage.base), root)
            image = Image(env={"PATH": sandbox.PATH})
        arguments: dict[str, str] = {}
        for step in stage.steps:
            began = time.perf_counter()
            self._carry_out(step, root, image, arguments)
            said = f"{stage.name}: {step.name} {step.value}"[:90]
            print(f"  {time.perf_counter() - began:6.1f} s  {said}", flush=True)
        self._roots[stage.name], self._images[stage.name] = root, image

    def _debian(self, base: str) -> Path:
        match = _SLIM.fullmatch(base)
        if match is None:
            raise RecipeError(f"only debian:<suite>-slim can be made here, not {base}")
        root = self._work / f"debian-{match[1]}"
        if not (root / "etc/debian_version").exists():
            began = time.perf_counter()
            sandbox.debian_root(match[1], root, self._mirror)
            print(f"  {time.perf_counter() - began:6.1f} s  debootstrap {match[1]}", flush=True)
        return root

    def _carry_out(
        self, step: Instruction, root: Path, image: Image, arguments: dict[str, str]
    ) -> None:
        known = arguments | image.env
        match step.name:
            case "ARG":
                name = step.value.partition("=")[0]
                arguments[name] = self._plan.arguments[name]
            case "ENV":
                image.env |= recipe.pairs(step, known)
            case "LABEL":
                image.labels |= recipe.pairs(step, known)
            case "WORKDIR":
                folder = recipe.expand(step.value, known, step.line)
                image.workdir = str(Path(image.workdir) / folder)
                (root / image.workdir.lstrip("/")).mkdir(parents=True, exist_ok=True)
            case "ENTRYPOINT":
                image.entrypoint = recipe.words(step)
            case "CMD":
                image.command = recipe.words(step)
            case "STOPSIGNAL":
                image.stop_signal = step.value
            case "COPY":
                self._copy(step, root, image, known)
            case "RUN":
                self._run(step, root, image, arguments)
            case _:
                raise RecipeError(f"line {step.line}: the check cannot carry out {step.name}")

    def _run(
        self, step: Instruction, root: Path, image: Image, arguments: Mapping[str, str]
    ) -> None:
        hosts = [Mount(Path(x), x, read_only=True) for x in _HOST_FILES if Path(x).is_file()]
        before = {
            mount.target: (root / mount.target[1:]).exists() for mount in self._network.mounts
        }
        container = Container(
            root,
            env={"HOME": "/root"} | dict(self._network.env) | dict(arguments) | image.env,
            workdir=image.workdir,
            mounts=[*hosts, *self._network.mounts],
            network=True,
        )
        code, out, err = container.run(["/bin/sh", "-c", step.value])
        if code:
            raise RecipeError(
                f"line {step.line}: RUN ended with {code}\n{out[-3000:]}{err[-3000:]}"
            )
        # What was mounted for this step is no part of the image.
        for target, existed in before.items():
            if not existed:
                _remove_empty(root / target[1:], root)

    def _copy(self, step: Instruction, root: Path, image: Image, known: Mapping[str, str]) -> None:
        job = recipe.copy(step, known)
        target = root / str(Path(image.workdir) / job.target).lstrip("/")
        into = job.target.endswith(("/", ".")) or len(job.sources) > 1
        for name in job.sources:
            if job.stage is not None:
                if job.stage not in self._roots:
                    raise RecipeError(f"line {step.line}: no earlier stage is named {job.stage}")
                source = self._roots[job.stage] / name.lstrip("/")
            else:
                source = self._context / name
            if not source.exists():
                raise RecipeError(f"line {step.line}: there is no {name}")
            if job.stage is None and source.is_file() and name in self._ignored:
                raise RecipeError(f"line {step.line}: .dockerignore leaves {name} out")
            if source.is_dir():
                self._copy_folder(source, target, from_context=job.stage is None)
            else:
                _copy_file(source, target / source.name if into else target, job.mode)

    def _copy_folder(self, source: Path, target: Path, *, from_context: bool) -> None:
        """Copy what is in a folder; what comes from the context belongs to root, as in an image."""
        target.mkdir(parents=True, exist_ok=True)
        if not from_context:
            subprocess.run(["cp", "-a", "--reflink=auto", f"{source}/.", str(target)], check=True)
            return
        for file in sorted(source.rglob("*")):
            if file.is_file() and str(file.relative_to(self._context)) not in self._ignored:
                _copy_file(file, target / file.relative_to(source), None)


def _copy_file(source: Path, target: Path, mode: int | None) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)
    if mode is not None:
        target.chmod(mode)


def _remove_empty(path: Path, root: Path) -> None:
    """Remove a mount's empty target and the empty folders above it."""
    if path.is_file():
        path.unlink()
    else:
        path.rmdir()
    for folder in path.parents:
        if folder == root or any(folder.iterdir()):
            return
        folder.rmdir()
