"""Files of other programs: ELAN, Praat, BORIS, captions, BIDS, JSON."""
