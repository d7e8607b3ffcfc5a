"""Actions of the face: from frames to pose, gaze, eyes, brows and mouth."""
