from __future__ import annotations

import numpy as np
import pytest

from emoreport.actions.pose import with_pose
from emoreport.records import ActionTrack, FaceTrack, HeadLimits

LIMITS = HeadLimits(30.0, 20.0)


def faces(seen: list[bool]) -> FaceTrack:
    count = len(seen)
    shares = np.where(np.array(seen)[:, None], np.float32([[0.5, 0.5]]), np.nan).astype(np.float32)
    angle = np.where(seen, 1.0, np.nan).astype(np.float32)
    return FaceTrack(
        labels=("anger", "neutral"),
        time_s=np.arange(count) / 25,
        frame=np.arange(count),
        faces=np.array(seen, np.int64),
        box=np.full((count, 4), 9.0, np.float32),
        detection_score=np.ones(count, np.float32),
        probabilities=shares,
        extra={"yaw_deg": angle, "pitch_deg": angle, "head_turn": angle / 30},
    )


def looks(time_s: list[float], yaw_deg: list[float]) -> ActionTrack:
    yaw = np.array(yaw_deg, np.float32)
    return ActionTrack(
        np.array(time_s), {"yaw_deg": yaw, "pitch_deg": 0 * yaw + 4, "roll_deg": -yaw}
    )


def test_frames_have_the_pose_of_the_nearest_look() -> None:
    posed = with_pose(faces([True] * 6), looks([0.0, 0.1, 0.2], [0.0, 30.0, 60.0]), LIMITS)
    assert posed.extra["yaw_deg"].tolist() == [0, 0, 30, 30, 60, 60]
    assert posed.extra["pitch_deg"].tolist() == [4.0] * 6
    assert posed.extra["roll_deg"].tolist() == [0, 0, -30, -30, -60, -60]
    assert posed.has_measured_pose
    assert posed.extra["head_turn"].tolist() == pytest.approx([0.2, 0.2, 1, 1, 2, 2])


def test_frames_without_a_face_or_a_look_keep_what_they_have() -> None:
    unseen = with_pose(faces([True, False, True]), looks([0.0, 0.1], [50.0, np.nan]), LIMITS)
    assert unseen.extra["yaw_deg"][0] == 50
    assert np.isnan(unseen.extra["yaw_deg"][1])
    late = with_pose(faces([True] * 25), looks([0.0, 0.1], [50.0, 50.0]), LIMITS)
    assert late.extra["yaw_deg"][-1] == 1


@pytest.mark.parametrize("track", [looks([], []), looks([0.0], [np.nan])])
def test_without_a_look_that_found_a_face_nothing_changes(track: ActionTrack) -> None:
    before = faces([True] * 3)
    assert with_pose(before, track, LIMITS) is before
