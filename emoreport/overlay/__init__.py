"""Draw on the video: the annotated video, clips, hidden faces."""
