"""Where the videos of a batch are analysed: on this machine or on a Ray cluster."""
