"""Actions of the face: events, and means over the rows."""
