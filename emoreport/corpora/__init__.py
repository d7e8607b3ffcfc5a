"""Labelled data of other people, in the layouts in which they publish it, and scores against it."""
