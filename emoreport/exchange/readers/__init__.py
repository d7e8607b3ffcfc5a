"""Read the labels that people gave to a recording from the files of annotation programs.

Modules: `boris`, `coding_table` (CSV), `labels` (from what people write to the labels of the
tables) and `reading` (`read_codings`: from a path to `Coding` records). ELAN and Praat are parsed
in `emoreport.tiers`. Whatever a file holds, nothing in it is executed, fetched or expanded.
"""

from emoreport.exchange.readers.reading import Coding, Tiers, read_codings

__all__ = ["Coding", "Tiers", "read_codings"]
