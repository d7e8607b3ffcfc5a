"""The compact voice-emotion model: data, augmentation, network, training, calibration, export.

``python -m emoreport.training.voice --data DIR --out DIR`` makes the shipped weights again.
"""
