"""Changes from one emotion to the next."""
