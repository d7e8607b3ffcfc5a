"""Open a checkpoint as a voice-emotion model."""

from __future__ import annotations

from typing import Any

from emoreport.models.families.aniemore.checkpoint import local_aniemore, read_checkpoint
from emoreport.models.families.voice_network import VoiceNetworkModel, VoiceSource, open_source
from emoreport.models.store.registry import PulledModel


def open_aniemore(pulled: PulledModel, **running: Any) -> VoiceNetworkModel:  # noqa: ANN401 - see `open_source`
    """Open a checkpoint of the Aniemore layout.

    Parameters
    ----------
    pulled
        Its files on this machine, or a local folder in the published layout.
    running
        How it is to run, as for `open_source`.

    Raises
    ------
    ModelError
        When the files do not fit together or the registry; else as for `open_source`.
    """
    if not pulled.files:
        pulled = local_aniemore(pulled.folder)
    return open_source(aniemore_source(pulled), pulled, **running)


def aniemore_source(pulled: PulledModel) -> VoiceSource:
    """Read what a checkpoint says of itself; its weights are read when the network is built.

    Raises
    ------
    ModelError
        When a file is missing, cannot be read, or says something that is not understood or that
        the registry contradicts.
    """
    checkpoint = read_checkpoint(pulled)

    def load() -> Any:  # noqa: ANN401 - torch is not typed here
        from emoreport.models.families.aniemore.network import load_network

        return load_network(checkpoint)

    return VoiceSource(checkpoint, load)
