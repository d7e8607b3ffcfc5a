"""Files of other programs, read and written: ELAN, Praat, BORIS, captions, BIDS, JSON."""
