"""Checkpoints with settings beside the tensors: what they hold as data, and that nothing runs."""

import pickle
import random
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from emoreport.errors import ModelError
from emoreport.models.runtimes.torch_files import read_checkpoint, read_state_dict
from emoreport.models.runtimes.torch_pickle import Interpreter
from tests.fixtures.omegaconf_pickle import save, settings

VALUES = {
    "encoder": {"_target_": "package.Encoder", "layers": 2, "dropout": 0.5, "flash": False},
    "names": ["angry", "sad"],
    "by_number": {0: "angry", 1: None},
    "empty": {},
}


def test_settings_come_as_data_and_tensors_as_pytorch_reads_them(tmp_path):
    state = torch.nn.Linear(2, 3).state_dict()
    path = save(tmp_path / "weights.ckpt", cfg=settings(VALUES), state_dict=state)
    assert not [name for name in sys.modules if name.startswith("omegaconf")]
    found = read_checkpoint(path)
    assert found["cfg"] == VALUES
    assert list(found["state_dict"]) == ["weight", "bias"]
    for name, tensor in state.items():
        np.testing.assert_array_equal(found["state_dict"][name], tensor.numpy(), strict=True)
    assert not [name for name in sys.modules if name.startswith("omegaconf")]


def test_plain_parts_beside_them_are_read_too(tmp_path):
    path = save(tmp_path / "weights.ckpt", cfg={"layers": 2, "names": ("a", "b")}, epoch=3)
    assert read_checkpoint(path) == {"cfg": {"layers": 2, "names": ["a", "b"]}, "epoch": 3}


def test_settings_are_no_plain_state_dict(tmp_path):
    path = save(tmp_path / "weights.ckpt", cfg=settings(VALUES))
    with pytest.raises(ModelError, match="no checkpoint of plain tensors"):
        read_state_dict(path)


class Touch:
    """Unpickled by Python, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("wrapped", ["alone", "leaf", "key of settings", "beside"])
def test_a_pickle_that_would_run_code_runs_none(tmp_path, wrapped):
    trap = tmp_path / "trap"
    parts = {
        "alone": {"cfg": Touch(trap)},
        "leaf": {"cfg": settings({"layers": Touch(trap)})},
        "key of settings": {"cfg": settings({"encoder": {"layers": [Touch(trap)]}})},
        "beside": {"cfg": settings(VALUES), "more": Touch(trap)},
    }
    path = save(tmp_path / "weights.ckpt", **parts[wrapped])
    with pytest.raises(ModelError, match="nothing was run"):
        read_checkpoint(path)
    assert not trap.exists()


@pytest.mark.parametrize(
    "program",
    [
        b"\x80\x02comegaconf.dictconfig\nDictConfig\n)R.",
        b"\x80\x02c__builtin__\neval\n(X\x01\x00\x00\x001tR.",
        b"\x80\x02c__builtin__\ndict\n)\x81.",
        b"\x80\x02comegaconf.base\nMetadata\n(K\x01t\x81.",
        b"\x80\x02ccollections\ndefaultdict\nK\x01\x85R.",
        b"\x80\x02]K\x01K\x02s.",
        b"\x80\x02}K\x01a.",
    ],
    ids=["call", "eval", "a type", "arguments", "factory", "list as dictionary", "append"],
)
def test_names_are_never_called(program):
    def load(reference):
        raise AssertionError(reference)

    with pytest.raises(ValueError):  # noqa: PT011 - of several kinds
        Interpreter(load, settings=True).result(program)


def test_what_is_no_data_is_refused(tmp_path):
    for part in (torch.float32, {"a": torch.Size}, settings):
        with pytest.raises(ModelError, match="no checkpoint of plain tensors"):
            read_checkpoint(save(tmp_path / "weights.ckpt", cfg=part))


def test_what_contains_itself_is_refused(tmp_path):
    circle: dict[str, object] = {}
    circle["again"] = circle
    with pytest.raises(ModelError, match="contains itself"):
        read_checkpoint(save(tmp_path / "weights.ckpt", cfg=circle))


def test_many_references_to_one_object_stay_one(tmp_path):
    """Written out they would be 2^60 values."""
    value: list[object] = [1]
    for _ in range(60):
        value = [value, value]
    found = read_checkpoint(save(tmp_path / "weights.ckpt", cfg=value))["cfg"]
    assert found[0] is found[1]


def test_depth_without_end_is_refused(tmp_path):
    depth = 3000
    program = b"\x80\x02" + b"]" * depth + b"a" * (depth - 1) + b"."
    assert pickle.loads(program)
    path = tmp_path / "weights.ckpt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("top/data.pkl", b"\x80\x02}X\x03\x00\x00\x00cfg" + program[2:-1] + b"s.")
    with pytest.raises(ModelError, match="no checkpoint of plain tensors"):
        read_checkpoint(path)


def test_damage_anywhere_gives_a_model_error_or_data(tmp_path):
    state = {"weight": torch.arange(6.0)}
    path = save(tmp_path / "weights.ckpt", cfg=settings(VALUES), state_dict=state)
    content = path.read_bytes()
    chance = random.Random(7)
    read = 0
    for _ in range(400):
        damaged = bytearray(content)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged)
        try:
            read += isinstance(read_checkpoint(path), dict)
        except ModelError:
            continue
    assert 0 < read < 400


def test_a_pickle_changed_anywhere_runs_nothing(tmp_path):
    """The zip's own check is passed by here: what is left is what the pickle says."""
    path = save(tmp_path / "weights.ckpt", cfg=settings(VALUES))
    with zipfile.ZipFile(path) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("data.pkl")]
        program = archive.read(name)
    chance = random.Random(11)
    for _ in range(400):
        changed = bytearray(program)
        for _ in range(chance.randint(1, 3)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("top/data.pkl", bytes(changed))
        try:
            found = read_checkpoint(path)
        except ModelError:
            continue
        assert isinstance(found, dict)
