"""Many videos: what there is to do, the workers that do it, and the tables of all together."""
