"""Voice activity and voice-emotion models: from samples to voice readings."""
