"""The Aniemore voice models and any of their layout: wav2vec 2.0, WavLM and HuBERT checkpoints.

Nothing here imports torch or transformers before a model runs in them.
"""

from emoreport.models.families.aniemore.checkpoint import local_aniemore
from emoreport.models.families.aniemore.model import aniemore_source, open_aniemore

__all__ = ["aniemore_source", "local_aniemore", "open_aniemore"]
