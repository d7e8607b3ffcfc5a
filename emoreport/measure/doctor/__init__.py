"""What `emoreport doctor` finds out: what is here, what really runs, what is missing.

Nothing here opens the network.
"""
