"""``emoreport setup`` with a server on this machine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from emoreport.models.store import model_choice
from emoreport.models.store.registry import find_entry
from tests.fixtures import known_models
from tests.fixtures.server import ModelServer, closed_port, running_server
from tests.fixtures.stores import go_online, go_online_with_hub
from tests.integration.conftest import Emoreport

FACE, VOICE = "hsemotion/enet_b0_8_va_mtl", "dusha"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "store"
    monkeypatch.setenv("EMOREPORT_MODEL_DIR", str(folder))
    without = dict.fromkeys(model_choice.EXTRA_MODULES, "no_such_module")
    monkeypatch.setattr(model_choice, "EXTRA_MODULES", without)
    return folder


@pytest.fixture
def server(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    files = {name: {find_entry(name).files[0].name: b"a graph"} for name in (FACE, VOICE)}
    go_online_with_hub(monkeypatch, tmp_path)
    with running_server() as running, known_models.served_models(running, tmp_path, files):
        monkeypatch.setenv("EMOREPORT_MODEL_MIRROR", running.url)
        yield running


def test_it_says_what_and_how_large_and_gets_it_all(
    server: ModelServer, root: Path, emoreport: Emoreport
) -> None:
    outcome = emoreport("setup")
    assert outcome.code == 0
    said = outcome.err.splitlines()[0]
    assert said.startswith(f"getting {FACE} (")
    assert f"{VOICE} (" in said
    assert "MB" in said
    assert said.endswith(str(root))
    assert [line.partition(":")[0] for line in outcome.out.splitlines()[::2]] == [FACE, VOICE]
    for name in (FACE, VOICE):
        assert (root / name / find_entry(name).files[0].name).read_bytes() == b"a graph"
    server.requests.clear()
    again = emoreport("setup")
    assert (again.code, again.out, server.requests) == (0, "", [])
    assert f"are here: {FACE}, {VOICE}" in again.err


def test_offline_it_ends_at_once_and_says_why(root: Path, emoreport: Emoreport) -> None:
    started_s = time.monotonic()
    outcome = emoreport("setup", "--offline")
    assert time.monotonic() - started_s < 1
    assert outcome.code == 1
    (error,) = outcome.errors
    assert FACE in error
    assert "network" in error


def test_without_a_connection_it_tries_one_model_only(
    root: Path, emoreport: Emoreport, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_online(monkeypatch)
    monkeypatch.setenv("EMOREPORT_MODEL_MIRROR", f"http://127.0.0.1:{closed_port()}")
    outcome = emoreport("setup")
    assert outcome.code == 1
    (error,) = outcome.errors
    assert "no connection to 127.0.0.1" in error
