"""Keras weights without TensorFlow: the tensors of the file itself, and nothing from elsewhere."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from emoreport.errors import ModelError
from emoreport.models.runtimes.keras_files import read_keras_weights

h5py = pytest.importorskip("h5py", reason="the optional part keras is not installed")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights.h5"


def refused(path, said):
    with pytest.raises(ModelError, match=said):
        read_keras_weights(path)


def test_tensors_are_read_by_their_paths(path):
    kernel = np.arange(6, dtype=np.float32).reshape(2, 3)
    with h5py.File(path, "w") as file:
        file["dense/dense/kernel:0"] = kernel
        file.create_group("flatten")
    found = read_keras_weights(path)
    assert list(found) == ["dense/dense/kernel:0"]
    np.testing.assert_array_equal(found["dense/dense/kernel:0"], kernel, strict=True)


def test_other_files_are_not_followed(path, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(64))
    with h5py.File(path, "w") as file:
        file.create_dataset("kernel", (16,), "<f4", external=[(str(secret), 0, 64)])
    refused(path, "kernel is not stored as one piece in this file")
    with h5py.File(path, "w") as file:
        file["kernel"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "/kernel")
    refused(path, "kernel refers to somewhere else")


def test_a_few_bytes_do_not_swell(path):
    with h5py.File(path, "w") as file:
        file.create_dataset("kernel", (1 << 20,), "<f4", compression="gzip")
    refused(path, "kernel is not stored as one piece")
    with h5py.File(path, "w") as file:
        file.create_dataset("kernel", (1 << 40,), "<f4")
    refused(path, "larger than what the file holds")


def test_a_group_that_contains_itself_ends(path):
    with h5py.File(path, "w") as file:
        file["layer/kernel"] = np.zeros(2, np.float32)
        file["layer/again"] = file["layer"]
    refused(path, "groups inside groups")


def test_other_files_and_types_are_refused(path):
    path.write_bytes(b"no HDF5")
    refused(path, "cannot be read as a Keras file")
    refused(path.with_name("missing.h5"), "cannot be read")
    with h5py.File(path, "w") as file:
        file["kernel"] = np.zeros(3)
    refused(path, "float64, not float32")


def test_without_h5py_the_optional_part_is_named(path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError) as raised:
        read_keras_weights(path)
    assert raised.value.remedy == 'pip install "emoreport[keras]"'
