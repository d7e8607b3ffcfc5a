"""Decode frames and samples with presentation times; the only package that opens a container."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emoreport.media.audio import open_audio
    from emoreport.media.probing import probe
    from emoreport.media.video import open_video

__all__ = ["open_audio", "open_video", "probe"]

_HOMES = {
    "open_audio": "audio",
    "open_video": "video",
    "probe": "probing",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the signature that Python asks for
    """Load PyAV only when a recording is to be opened."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
