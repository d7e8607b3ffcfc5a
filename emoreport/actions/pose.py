"""Put the measured pose of the head in the place of the one that six points of a detector give."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from emoreport.records import POSE, ActionTrack, FaceTrack, HeadLimits

NEAR_STEPS: Final = 1.5
"""A look this many of the usual steps away, or nearer, tells the pose of a frame."""


def with_pose(faces: FaceTrack, actions: ActionTrack, limits: HeadLimits | None) -> FaceTrack:
    """Face readings with the pose of the nearest look.

    Parameters
    ----------
    faces
        Readings; frames without a face, and those that no look is near to, keep what they have.
    actions
        The looks.
    limits
        How far a head may turn for the face model; None: the defaults.

    Returns
    -------
    Readings whose yaw, pitch, roll and ``head_turn`` are those of the looks.
    """
    seen = np.flatnonzero(actions.seen) if len(actions) else np.zeros(0, np.int64)
    if not len(seen) or not len(faces):
        return faces
    time_s = actions.time_s[seen]
    after = np.clip(np.searchsorted(time_s, faces.time_s), 1, max(len(seen) - 1, 1))
    before = after - 1
    after = np.minimum(after, len(seen) - 1)
    is_after = np.abs(time_s[after] - faces.time_s) < np.abs(time_s[before] - faces.time_s)
    nearest = np.where(is_after, after, before)
    step_s = float(np.median(np.diff(actions.time_s))) if len(actions) > 1 else 0.0
    near = np.abs(time_s[nearest] - faces.time_s) <= max(NEAR_STEPS * step_s, 1e-6)
    near &= faces.valid
    look = seen[nearest]
    extra = dict(faces.extra)
    unknown = np.full(len(faces), np.nan, np.float32)
    for name in POSE:
        before_it = extra.get(name, unknown)
        extra[name] = np.where(near, actions.values[name][look], before_it).astype(np.float32)
    extra["head_turn"] = (limits or HeadLimits()).head_turn(extra["yaw_deg"], extra["pitch_deg"])
    return replace(faces, extra=extra)
