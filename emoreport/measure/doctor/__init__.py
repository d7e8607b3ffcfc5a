"""Diagnose the installation for `emoreport doctor`: what is here, what runs, what is missing.

Nothing here opens the network.
"""
