"""Train small heads over features: expressions, action units, valence and arousal, clips."""
