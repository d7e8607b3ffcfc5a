"""Facts about the machine and the installation, gathered without running a model."""

from __future__ import annotations

import os
import platform
import re
import shutil
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from emoreport.settings.described import ENV_PREFIX

PACKAGE: Final = "emoreport"
MEGABYTE: Final = 1_000_000

DECODERS: Final[Mapping[str, tuple[str, ...]]] = {
    "h264": ("h264", "libopenh264"),
    "hevc": ("hevc",),
    # FFmpeg's own "av1" is only a front for hardware that may not be there.
    "av1": ("libdav1d", "libaom-av1"),
    "vp8": ("vp8", "libvpx"),
    "vp9": ("vp9", "libvpx-vp9"),
    "mpeg4": ("mpeg4",),
    "prores": ("prores",),
    "mjpeg": ("mjpeg",),
    "aac": ("aac", "aac_fixed", "libfdk_aac"),
    "mp3": ("mp3float", "mp3"),
    "opus": ("opus", "libopus"),
    "vorbis": ("vorbis", "libvorbis"),
    "ac3": ("ac3", "ac3_fixed"),
    "flac": ("flac",),
    "pcm": ("pcm_s16le",),
}
"""Codecs of recordings, and the decoders that read them without special hardware."""

ENCODERS: Final[Mapping[str, tuple[str, ...]]] = {
    "h264": ("libx264", "libopenh264"),
    "vp9": ("libvpx-vp9",),
    "aac": ("aac", "libfdk_aac"),
    "opus": ("libopus",),
    "png": ("png",),
}
"""Codecs of videos and pictures that the program may write."""

OPENCV_BUILDS: Final = (
    "opencv-contrib-python",
    "opencv-python",
    "opencv-contrib-python-headless",
    "opencv-python-headless",
)
"""Distributions that all write the module cv2; the first is the one that is asked for."""

VARIABLES: Final = frozenset(
    {
        "CUDA_VISIBLE_DEVICES",
        "HF_ENDPOINT",
        "HF_HOME",
        "HF_HUB_CACHE",
        "HF_HUB_OFFLINE",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "REQUESTS_CA_BUNDLE",
        "SSL_CERT_FILE",
        "XDG_CACHE_HOME",
        "all_proxy",
        "http_proxy",
        "https_proxy",
        "no_proxy",
    }
)
"""Variables of others that change what the program does; proxies count in capitals too."""


def version_of(distribution: str) -> str | None:
    """Version of an installed distribution; None if it is not there."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def requirements() -> dict[str, tuple[str, ...]]:
    """Names of the libraries that emoreport asks for, by extra; "" for the light install.

    Taken from the metadata of the installed package; empty where it is not installed.
    """
    try:
        lines = metadata.requires(PACKAGE) or []
    except metadata.PackageNotFoundError:
        return {}
    by_extra: dict[str, dict[str, None]] = {}
    for line in lines:
        name = re.match(r"[A-Za-z0-9._-]+", line)
        extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)['\"]", line)
        if name:
            by_extra.setdefault(extra[1] if extra else "", {})[name[0]] = None
    return {extra: tuple(names) for extra, names in by_extra.items()}


def versions() -> dict[str, Any]:
    """Versions of emoreport, Python, the platform and every library of the light install."""
    return {
        "emoreport": version_of(PACKAGE),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "libraries": {name: version_of(name) for name in sorted(requirements().get("", ()))},
    }


def extras() -> dict[str, dict[str, Any]]:
    """For every extra: whether it is installed, and which of its libraries are not."""
    states = {}
    for extra, names in sorted(requirements().items()):
        if extra:
            missing = [name for name in names if version_of(name) is None]
            states[extra] = {"installed": not missing, "missing": missing}
    return states


def opencv_builds() -> list[str]:
    """Distributions installed that write the module cv2; more than one overwrite each other."""
    return [name for name in OPENCV_BUILDS if version_of(name) is not None]


def machine() -> dict[str, Any]:
    """Processor, memory and graphics card."""
    total, available = memory_bytes()
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": usable_cores(),
        "memory_total_mb": None if total is None else total // MEGABYTE,
        "memory_available_mb": None if available is None else available // MEGABYTE,
        "nvidia_gpu": has_nvidia(),
        "onnxruntime_providers": _providers(),
    }


def usable_cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory_bytes() -> tuple[int | None, int | None]:
    """Memory in total and what of it is free to use; None where the system does not tell."""
    text = _read(Path("/proc/meminfo"))
    facts = {name: int(kb) * 1024 for name, kb in re.findall(r"(\w+):\s+(\d+) kB", text)}
    total, available = facts.get("MemTotal"), facts.get("MemAvailable")
    if total is None and hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = _read(Path("/sys/fs/cgroup/memory.max")).strip()
    if limit.isdigit() and total is not None:
        # A container sees the memory of the whole machine and is stopped at its own limit.
        total = min(total, int(limit))
        available = None if available is None else min(available, total)
    return total, available


def has_nvidia() -> bool:
    """Whether the driver of an NVIDIA card is loaded, or its tool is installed."""
    return Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None


def disk_free_bytes(folder: Path) -> int | None:
    """Free bytes where `folder` is or would be; None where that cannot be told."""
    for ancestor in (folder, *folder.parents):
        if ancestor.exists():
            try:
                return shutil.disk_usage(ancestor).free
            except OSError:
                return None
    return None


def is_writable(folder: Path) -> bool:
    """Whether files can be made in `folder`, or it can itself be made."""
    for ancestor in (folder, *folder.parents):
        if ancestor.exists():
            return ancestor.is_dir() and os.access(ancestor, os.W_OK | os.X_OK)
    return False


def media() -> dict[str, Any]:
    """Versions of PyAV and FFmpeg, and the codecs that it has, each with what does the work.

    All unknown where PyAV does not load; a trial says why.
    """
    try:
        import av
    except ImportError:
        nothing: dict[str, Any] = {"pyav": None, "ffmpeg": None, "libraries": {}}
        return nothing | {"decoders": dict.fromkeys(DECODERS), "encoders": dict.fromkeys(ENCODERS)}
    return {
        "pyav": av.__version__,
        "ffmpeg": av.ffmpeg_version_info,
        "libraries": {name: ".".join(map(str, at)) for name, at in av.library_versions.items()},
        "decoders": {codec: _codec(names, "r") for codec, names in DECODERS.items()},
        "encoders": {codec: _codec(names, "w") for codec, names in ENCODERS.items()},
    }


def variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Variables in force that change what the program does; passwords in addresses left out."""
    chosen = {
        name: value
        for name, value in environment.items()
        if name.startswith(ENV_PREFIX) or name in VARIABLES or name.lower() in VARIABLES
    }
    return {name: without_password(value) for name, value in sorted(chosen.items())}


def without_password(value: str) -> str:
    """Address without the user's name and password; any other text as it is."""
    try:
        parts = urlsplit(value)
        if not (parts.scheme and "@" in parts.netloc):
            return value
        return parts._replace(netloc="***@" + parts.netloc.rpartition("@")[2]).geturl()
    except ValueError:
        return value


def _codec(names: tuple[str, ...], mode: str) -> str | None:
    import av.codec

    for name in names:
        try:
            return str(av.codec.Codec(name, "r" if mode == "r" else "w").name)
        except ValueError:
            continue
    return None


def _providers() -> list[str]:
    try:
        import onnxruntime
    except ImportError:  # a trial says what is wrong with it
        return []
    return [str(name) for name in onnxruntime.get_available_providers()]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
