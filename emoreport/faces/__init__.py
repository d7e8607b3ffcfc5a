"""Detector, tracker and face-emotion models: from frames to face readings."""
