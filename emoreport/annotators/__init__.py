"""Compare codings by people with the labels of the machine, or use them in its place."""
