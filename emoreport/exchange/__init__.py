"""Read and write files of other programs: ELAN, Praat, BORIS, captions, BIDS, JSON."""
