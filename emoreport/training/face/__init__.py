"""Training of the compact face-emotion model on FER+ and posed faces.

The rooms, in the order in which a picture passes through them:

- ``data``: FER+ archives → pictures, soft targets, majority labels, inner split
- ``augment``: what video does to a face, done to a batch of pictures
- ``network``: the residual net, with its normalisation inside
- ``optimise`` and ``train``: the optimiser; the loop with averaged weights
- ``metrics`` and ``calibrate``: figures; temperature and offsets of the classes
- ``graph``, ``quantise`` and ``model_files``: the ONNX file; ``released``: the net inside one
- ``framing``: how FER pictures frame a face, for the crop from a video frame
- ``package``: the shipped files with their figures

Run it with ``python -m emoreport.training.face --data DIR --out DIR``.
"""
