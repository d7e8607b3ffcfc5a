"""From readings to labelled rows of face and voice."""
