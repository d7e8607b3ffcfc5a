"""emoreport: which emotion face and voice showed when, and where the two disagree."""
