"""Checkpoints without PyTorch: what a plain one holds, and that nothing of another one is run."""

import pickle
import random
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from emoreport.errors import ModelError
from emoreport.models.runtimes.torch_files import read_state_dict


def stored(path, state):
    torch.save(state, path)
    return path


def small_network():
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Linear(4, 2))


@pytest.fixture
def plain(tmp_path):
    return stored(tmp_path / "plain.pt", small_network().state_dict())


# ------------------------------------------------------------------------------- plain files


def test_a_state_dict_is_read_as_pytorch_reads_it(plain):
    expected = torch.load(plain, weights_only=True)
    found = read_state_dict(plain)
    assert list(found) == list(expected)
    for name, tensor in expected.items():
        assert found[name].shape == tuple(tensor.shape)
        np.testing.assert_array_equal(found[name], tensor.numpy(), strict=True)


@pytest.mark.parametrize(
    "tensor",
    [
        torch.arange(12.0).reshape(3, 4).t(),
        torch.arange(12.0).reshape(3, 4)[1:, ::2],
        torch.arange(5, dtype=torch.float64),
        torch.arange(5, dtype=torch.float16),
        torch.arange(5, dtype=torch.int64),
        torch.arange(5, dtype=torch.int32),
        torch.tensor(7),
        torch.zeros(0, 3),
        torch.tensor([float("nan"), float("inf")]),
    ],
    ids=["turned", "cut", "double", "half", "long", "int", "scalar", "empty", "not finite"],
)
def test_tensors_of_any_layout_and_plain_type_are_read(tmp_path, tensor):
    found = read_state_dict(stored(tmp_path / "one.pt", {"it": tensor}))["it"]
    np.testing.assert_array_equal(found, tensor.numpy(), strict=True)


def test_tensors_that_share_a_storage_are_read(tmp_path):
    whole = torch.arange(10.0)
    found = read_state_dict(stored(tmp_path / "two.pt", {"whole": whole, "end": whole[6:]}))
    np.testing.assert_array_equal(found["whole"], np.arange(10.0))
    np.testing.assert_array_equal(found["end"], np.arange(6.0, 10.0))


def test_the_tensors_cannot_be_written_to(plain):
    tensor = next(iter(read_state_dict(plain).values()))
    with pytest.raises(ValueError, match="read-only"):
        tensor[...] = 0


# ------------------------------------------------------------------------------- other files


@pytest.mark.parametrize(
    "content",
    [
        small_network(),
        {"state_dict": {"weight": torch.zeros(2)}},
        {"weight": torch.zeros(2), "epoch": 3},
        {1: torch.zeros(2)},
        [torch.zeros(2)],
        torch.zeros(2),
        {"weight": nn.Parameter(torch.zeros(2))},
        {"weight": torch.zeros(2, dtype=torch.complex64)},
        {"weight": torch.zeros(2).to_sparse()},
    ],
    ids=[
        "a whole module",
        "a nested dictionary",
        "a number among tensors",
        "a key that is no text",
        "a list",
        "a tensor alone",
        "a parameter",
        "complex values",
        "a sparse tensor",
    ],
)
def test_what_is_no_plain_state_dict_is_refused(tmp_path, content):
    with pytest.raises(ModelError, match="no checkpoint of plain tensors"):
        read_state_dict(stored(tmp_path / "other.pt", content))


def test_the_older_format_is_refused(tmp_path):
    path = tmp_path / "old.pt"
    torch.save({"it": torch.zeros(2)}, path, _use_new_zipfile_serialization=False)
    with pytest.raises(ModelError, match="cannot be read as a PyTorch checkpoint"):
        read_state_dict(path)


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x05\x06" + bytes(18), b"\0" * 1000])
def test_what_is_no_checkpoint_is_refused(tmp_path, content):
    path = tmp_path / "none.pt"
    path.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        read_state_dict(path)
    assert caught.value.file == str(path)
    assert caught.value.remedy


def test_a_file_that_is_not_there_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "absent.pt", tmp_path):
        with pytest.raises(ModelError, match="cannot be read"):
            read_state_dict(path)


def test_a_truncated_file_is_refused_wherever_it_ends(plain):
    content = plain.read_bytes()
    for end in range(0, len(content), 7):
        plain.write_bytes(content[:end])
        with pytest.raises(ModelError):
            read_state_dict(plain)


def test_a_changed_value_is_noticed(plain):
    with zipfile.ZipFile(plain) as archive:
        entry = archive.getinfo(next(n for n in archive.namelist() if n.endswith("data/0")))
    content = bytearray(plain.read_bytes())
    content[entry.header_offset + 30 + len(entry.filename) + 200] ^= 1
    plain.write_bytes(content)
    with pytest.raises(ModelError):
        read_state_dict(plain)


def test_damage_anywhere_gives_a_model_error_or_tensors(plain):
    content = plain.read_bytes()
    chance = random.Random(5)
    for _ in range(600):
        damaged = bytearray(content)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        plain.write_bytes(damaged)
        try:
            found = read_state_dict(plain)
        except ModelError:
            continue
        for tensor in found.values():
            assert tensor.copy().nbytes <= len(content)


# ------------------------------------------------------------------------------- hostile files


def archive(path, program, storages=None, *, compression=zipfile.ZIP_STORED, **others):
    """A checkpoint from the bytes of its pickle and of its storages."""
    with zipfile.ZipFile(path, "w", compression) as target:
        target.writestr("top/data.pkl", program)
        for key, content in (storages or {}).items():
            target.writestr(f"top/data/{key}", content)
        for name, content in others.items():
            target.writestr(f"top/{name}", content)
    return path


class Touch:
    """Unpickled by Python, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("wrapped", [False, True])
def test_a_pickle_that_would_run_code_runs_none(tmp_path, protocol, wrapped):
    trap = tmp_path / "trap"
    content = {"weight": Touch(trap)} if wrapped else Touch(trap)
    program = pickle.dumps(content, protocol=protocol)
    with pytest.raises(ModelError, match="no checkpoint of plain tensors"):
        read_state_dict(archive(tmp_path / "hostile.pt", program))
    assert not trap.exists()
    pickle.loads(program)
    assert trap.exists(), "the trap is no trap"


STORAGE = (
    b"((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQ"
)
EMPTY = b"ccollections\nOrderedDict\n)R"


def tensor_program(
    offset=b"K\x00", size=b"K\x04\x85", stride=b"K\x01\x85", storage=STORAGE[1:], hooks=EMPTY
):
    """A pickle of ``{"w": tensor}`` over a storage of four numbers."""
    call = b"ctorch._utils\n_rebuild_tensor_v2\n("
    return (
        b"\x80\x02}X\x01\x00\x00\x00w"
        + call
        + storage
        + offset
        + size
        + stride
        + b"\x89"
        + hooks
        + b"tRs."
    )


FOUR = {"0": np.arange(4, dtype="<f4").tobytes()}


def test_the_hand_made_pickle_is_a_good_one(tmp_path):
    found = read_state_dict(archive(tmp_path / "good.pt", tensor_program(), FOUR))
    np.testing.assert_array_equal(found["w"], [0, 1, 2, 3])


HUGE = b"\x8a\x08" + (2**62).to_bytes(8, "little")
HOSTILE = {
    "an offset beyond the end": tensor_program(offset=b"K\x01"),
    "a negative offset": tensor_program(offset=b"J\xff\xff\xff\xff"),
    "more values than there are": tensor_program(size=b"K\x05\x85"),
    "a long stride": tensor_program(stride=b"K\x02\x85"),
    "a negative stride": tensor_program(stride=b"J\xff\xff\xff\xff\x85"),
    "a stride of zero": tensor_program(size=b"M\xff\xff\x85", stride=b"K\x00\x85"),
    "a huge size": tensor_program(size=HUGE + b"\x85", stride=b"K\x00\x85"),
    "a huge offset": tensor_program(offset=HUGE),
    "a size of another length": tensor_program(size=b"K\x02K\x02\x86"),
    "a size that is no number": tensor_program(size=b"X\x01\x00\x00\x004\x85"),
    "a size that is no tuple": tensor_program(size=b"K\x04"),
    "hooks": tensor_program(hooks=EMPTY + b"X\x01\x00\x00\x00hK\x01s"),
    "no storage": tensor_program(storage=b"K\x00"),
    "a tensor as a storage": tensor_program(
        storage=b"ctorch._utils\n_rebuild_tensor_v2\n("
        + STORAGE[1:]
        + b"K\x03K\x04\x85K\x00\x85\x89"
        + EMPTY
        + b"tR"
    ),
    "a storage of an unknown type": tensor_program(
        storage=STORAGE[1:].replace(b"FloatStorage", b"QInt8Storage")
    ),
    "a storage that is missing": tensor_program(storage=STORAGE[1:].replace(b"\x000X", b"\x001X")),
    "a storage outside the archive": tensor_program(
        storage=STORAGE[1:].replace(b"\x01\x00\x00\x000X", b"\x06\x00\x00\x00../../X")
    ),
    "a storage of another length": tensor_program(storage=STORAGE[1:].replace(b"K\x04", b"K\x05")),
    "a storage of negative length": tensor_program(
        storage=STORAGE[1:].replace(b"K\x04", b"J\xff\xff\xff\xff")
    ),
    "state for a class": b"\x80\x02ccollections\nOrderedDict\n}X\x01\x00\x00\x00aK\x01sb.",
    "a call with arguments": b"\x80\x02ccollections\nOrderedDict\n}\x85R.",
    "a call of a number": b"\x80\x02K\x01)R.",
    "eval": b"\x80\x02cbuiltins\neval\nX\x01\x00\x00\x001\x85R.",
    "an extension": b"\x80\x02\x82\x01.",
    "an instance": b"\x80\x02(iposix\nsystem\n.",
    "a new object": b"\x80\x02ccollections\nOrderedDict\n)\x81.",
    "a list that holds itself": b"\x80\x02]q\x00h\x00a.",
    "a text of huge claimed length": b"\x80\x02X\xff\xff\xff\xffw.",
    "bytes of huge claimed length": b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7fw.",
    "a number of huge claimed length": b"\x80\x02\x8b\xff\xff\xff\x7f1.",
    "a memo that was never filled": b"\x80\x02h\x05.",
    "an empty stack": b"\x80\x02s.",
    "two values at the end": b"\x80\x02K\x01K\x02.",
    "no end": b"\x80\x02}",
    "no mark": b"\x80\x02K\x01t.",
    "a key without a value": b"\x80\x02}(X\x01\x00\x00\x00wu.",
    "a key that is a tuple": b"\x80\x02})K\x01s.",
    "nothing": b"",
    "no pickle": b"\xff\xfe\xfd",
    "a name in another alphabet": "\x80\x02cжуть\nя\n.".encode(),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_descriptions_are_refused(tmp_path, name):
    path = archive(tmp_path / "hostile.pt", HOSTILE[name], FOUR)
    with pytest.raises(ModelError, match="no checkpoint of plain tensors"):
        read_state_dict(path)


def test_deep_nesting_is_no_danger(tmp_path):
    program = b"\x80\x02)" + b"\x85" * 200_000 + b"."
    with pytest.raises(ModelError, match="holds no dictionary"):
        read_state_dict(archive(tmp_path / "deep.pt", program))


def test_a_compressed_archive_is_refused_before_it_swells(tmp_path):
    bomb = {"0": bytes(50_000_000)}
    path = archive(tmp_path / "bomb.pt", tensor_program(), bomb, compression=zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 100_000
    with pytest.raises(ModelError, match="more bytes than the file has"):
        read_state_dict(path)


def test_a_compressed_entry_is_refused(tmp_path):
    noise = {"0": np.random.default_rng(0).bytes(16)}
    path = archive(
        tmp_path / "packed.pt", tensor_program(), noise, compression=zipfile.ZIP_DEFLATED
    )
    with pytest.raises(ModelError, match="is compressed"):
        read_state_dict(path)


def test_an_entry_that_claims_too_many_bytes_is_refused(tmp_path):
    path = archive(tmp_path / "claim.pt", tensor_program(), FOUR)
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\x01\x02")
    content[at + 20 : at + 28] = struct.pack("<II", 2**31, 2**31)
    path.write_bytes(content)
    with pytest.raises(ModelError, match="more bytes than the file has"):
        read_state_dict(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name_are_refused(tmp_path):
    path = archive(tmp_path / "twice.pt", tensor_program(), FOUR)
    with zipfile.ZipFile(path, "a") as target:
        target.writestr("top/data/0", FOUR["0"])
    with pytest.raises(ModelError, match="one name"):
        read_state_dict(path)


def test_two_descriptions_are_refused(tmp_path):
    path = archive(tmp_path / "two.pt", tensor_program(), FOUR)
    with zipfile.ZipFile(path, "a") as target:
        target.writestr("other/data.pkl", tensor_program())
    with pytest.raises(ModelError, match=r"2 entries data\.pkl"):
        read_state_dict(path)


def test_another_byte_order_is_refused(tmp_path):
    path = archive(tmp_path / "big.pt", tensor_program(), FOUR, byteorder=b"big")
    with pytest.raises(ModelError, match="byte order"):
        read_state_dict(path)


def test_one_storage_described_in_two_ways_is_refused(tmp_path):
    other = STORAGE[1:].replace(b"FloatStorage", b"IntStorage")
    first = tensor_program()[3:-1]
    second = tensor_program(storage=other)[3:-1].replace(b"\x01\x00\x00\x00w", b"\x01\x00\x00\x00v")
    program = b"\x80\x02}" + first + second + b"."
    with pytest.raises(ModelError, match="two ways"):
        read_state_dict(archive(tmp_path / "ways.pt", program, FOUR))
