"""Measure face, voice, fusion, planted swaps and personal heads on acted clips.

python -m emoreport.training.acted --data ../shared/data --out docs/training.measured.json

The folder holds ``speech/labels.csv`` with ``ravdess.tar`` and ``nemo.tar`` beside it, and
``av/ravdess_openface_action_units.csv``. About ten minutes on one idle core.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Final

import numpy as np

import emoreport
from emoreport.training.acted import fusion, personal, swaps
from emoreport.training.acted.clips import ActedClips, read_acted

RAVDESS_NUMBERS: Final = (8, 16, 30)
NEMO_NUMBERS: Final = (12, 48, 240)
STATEMENT: Final = 4
"""Which part of a RAVDESS name says what is said."""


def measured(data: Path) -> dict[str, Any]:
    """All figures, as JSON values."""
    ravdess = read_acted(data, "ravdess")
    plain = fusion.compare(ravdess)
    by_speaker = fusion.compare(ravdess, by_speaker=True)
    return {
        "version": emoreport.__version__,
        "ravdess": about(ravdess),
        "fusion": fusion.figures(ravdess, plain),
        "fusion_by_speaker": fusion.figures(ravdess, by_speaker),
        "swaps": swaps.figures(ravdess, plain["face"].given, plain["voice"].given),
        "false_alarms": swaps.false_alarms(),
        "personal_ravdess": personal_ravdess(ravdess),
        "personal_nemo": personal_nemo(read_acted(data, "nemo")),
    }


def about(clips: ActedClips) -> dict[str, Any]:
    """What the clips are."""
    return {
        "clips": len(clips.classes),
        "speakers": len(np.unique(clips.speakers)),
        "emotions": list(clips.emotions),
        "heard_by_the_encoder": np.unique(clips.speakers[clips.heard]).tolist(),
    }


def personal_ravdess(clips: ActedClips) -> dict[str, Any]:
    """Heads for one actor: face, voice and both."""
    if clips.face is None:
        raise ValueError("these clips have no face")
    statements = [name.split("-")[STATEMENT] for name in clips.names]
    both = np.column_stack((clips.face, clips.voice))
    width = clips.face.shape[1]
    penalty = np.where(np.arange(both.shape[1]) < width, fusion.FACE_SHARES[1], 1.0)
    return {
        "face": personal.figures(clips, clips.face, statements, RAVDESS_NUMBERS),
        "voice": personal.figures(clips, clips.voice, statements, RAVDESS_NUMBERS),
        "both": personal.figures(clips, both, statements, RAVDESS_NUMBERS, penalty=penalty),
    }


def personal_nemo(clips: ActedClips) -> dict[str, Any]:
    """Heads for one actor of nEMO, voice only."""
    sentences = [name.rpartition("_")[2] for name in clips.names]
    return {
        **about(clips),
        "voice": personal.figures(clips, clips.voice, sentences, NEMO_NUMBERS),
    }


def main() -> None:
    """Read the options, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    document = json.dumps(measured(options.data), indent=1, ensure_ascii=False)
    options.out.write_text(f"{document}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
