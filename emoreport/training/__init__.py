"""How the shipped weights were made, and the trainable systems.

Nothing here is needed to analyse a video; the ``train`` extra installs what these packages import.
"""
