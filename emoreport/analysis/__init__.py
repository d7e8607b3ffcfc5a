"""Pure functions from readings to intervals, comparisons and transitions."""
