"""Pictures over the video: the annotated video, clips, hidden faces."""
