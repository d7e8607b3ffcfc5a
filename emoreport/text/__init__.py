"""Text: from words on the time axis to what their clauses say, by text-emotion models."""
