"""``emoreport models …`` from the command line to the files, with a server on this machine."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from emoreport.cli.pull_display import PullDisplay
from emoreport.messages import keys
from emoreport.models.store.model_store import INCOMING
from emoreport.models.store.registry import registry
from tests.fixtures.server import ModelServer, closed_port, running_server
from tests.fixtures.stores import go_online_with_hub
from tests.integration.conftest import Emoreport

pytest.importorskip("huggingface_hub", reason="the extra full is not installed")

NAME = "aniemore/hubert-resd"
REPOSITORY = "Aniemore/hubert-emotion-russian-resd"
COMMIT = "a" * 40
FILES = {
    "config.json": b'{"model_type": "hubert"}',
    "preprocessor_config.json": b"{}",
    "model.safetensors": random.Random(7).randbytes(250_000),
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    go_online_with_hub(monkeypatch, tmp_path)
    folder = tmp_path / "store"
    monkeypatch.setenv("EMOREPORT_MODEL_DIR", str(folder))
    return folder


@pytest.fixture
def server(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    with running_server() as running:
        running.serve_hub(REPOSITORY, FILES, commit=COMMIT, large=("model.safetensors",))
        monkeypatch.setenv("EMOREPORT_MODEL_MIRROR", running.url)
        yield running


@pytest.fixture
def pulled(server: ModelServer, emoreport: Emoreport) -> ModelServer:
    assert emoreport("models", "pull", NAME, "--quiet").code == 0
    return server


def test_the_list_shows_every_model_and_its_state(
    root: Path, pulled: ModelServer, emoreport: Emoreport
) -> None:
    outcome = emoreport("models", "list")
    assert (outcome.code, outcome.err) == (0, "")
    head, *rows, folder = outcome.out.splitlines()
    assert head.split()[:5] == ["name", "for", "size", "state", "needs"]
    assert [row.split()[0] for row in rows] == list(registry())
    shown = {row.split()[0]: row for row in rows}
    assert "0.3 MB" in shown[NAME]
    assert "complete" in shown[NAME]
    assert "extra full" in shown[NAME]
    assert "≈ 16 MB" in shown["hsemotion/enet_b0_8_va_mtl"]
    assert "absent" in shown["hsemotion/enet_b0_8_va_mtl"]
    assert "not known" in shown["hsemotion/mbf_va_mtl"]
    assert "CC BY-NC-SA" in shown["compact-voice"]
    assert str(root) in folder


def test_the_list_speaks_russian_and_is_quiet_about_the_folder(
    root: Path, emoreport: Emoreport
) -> None:
    outcome = emoreport("models", "list", "--lang", "ru", "--quiet")
    assert outcome.out.startswith("название")
    assert "дополнение full" in outcome.out
    assert str(root) not in outcome.out


def test_programs_read_the_list_as_json(pulled: ModelServer, emoreport: Emoreport) -> None:
    facts = {
        entry["name"]: entry for entry in json.loads(emoreport("models", "list", "--json").out)
    }
    assert list(facts) == list(registry())
    assert facts[NAME]["state"] == "complete"
    assert facts[NAME]["revision"] == COMMIT
    digest = sha256(FILES["model.safetensors"]).hexdigest()
    assert facts[NAME]["files"]["model.safetensors"]["sha256"] == digest
    assert facts["dusha"]["state"] == "absent"
    assert facts["dusha"]["labels"] == ["anger", "sadness", "neutral", "positive"]
    assert facts["dusha"]["files"] == {}


def test_a_pull_says_what_came_and_its_terms(server: ModelServer, emoreport: Emoreport) -> None:
    outcome = emoreport("models", "pull", NAME)
    assert outcome.code == 0
    first, second = outcome.out.splitlines()
    assert first == f"{NAME}: complete (0.3 MB, revision {COMMIT})"
    assert "RESD" in second
    assert "not protected by https" in outcome.err
    server.requests.clear()
    again = emoreport("models", "pull", NAME)
    assert (again.code, again.err, server.requests) == (0, "", [])


def test_quiet_prints_nothing(server: ModelServer, emoreport: Emoreport) -> None:
    outcome = emoreport("models", "pull", NAME, "--quiet")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")


def test_a_family_is_pulled_by_a_pattern_and_one_failure_stops_no_other(
    server: ModelServer, emoreport: Emoreport
) -> None:
    outcome = emoreport("models", "pull", "aniemore/*", "compact-*")
    assert outcome.code == 1
    assert len(outcome.errors) == 4
    assert all("no such file" in line or "there is no" in line for line in outcome.errors)
    assert f"{NAME}: complete" in outcome.out
    assert "compact-face: complete" in outcome.out


def test_an_unknown_model_is_wrong_usage(emoreport: Emoreport) -> None:
    outcome = emoreport("models", "pull", "hsemotion/enet_b0_8_best_vgf")
    assert outcome.code == 2
    assert len(outcome.errors) == 1
    assert "did you mean hsemotion/enet_b0_8_best_vgaf?" in outcome.errors[0]
    assert emoreport("models", "show", "nothing").code == 2


def test_one_error_is_one_line_and_verbose_shows_where(
    server: ModelServer, emoreport: Emoreport
) -> None:
    server.resources.clear()
    outcome = emoreport("models", "pull", NAME)
    assert outcome.code == 1
    assert outcome.err.count("\n") == 1
    assert "Traceback" in emoreport("models", "pull", NAME, "--verbose").err
    assert "Traceback" in emoreport("models", "verify", NAME, "--verbose").err
    assert "Traceback" in emoreport("models", "show", "nothing", "--verbose").err


def test_offline_is_an_error_that_says_what_to_do(
    server: ModelServer, emoreport: Emoreport
) -> None:
    outcome = emoreport("models", "pull", "dusha", NAME, "--offline")
    assert outcome.code == 1
    assert len(outcome.errors) == 1
    assert "--offline" in outcome.errors[0]
    assert server.requests == []


def test_verify_names_what_is_damaged_and_what_mends_it(
    root: Path, pulled: ModelServer, emoreport: Emoreport
) -> None:
    outcome = emoreport("models", "verify")
    assert outcome.code == 0
    whole = ["compact-face", "compact-voice", "compact-text", NAME]
    assert outcome.out.splitlines() == [f"{name}: undamaged" for name in whole]
    weights = root / NAME / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    outcome = emoreport("models", "verify")
    assert outcome.code == 1
    assert len(outcome.errors) == 1
    assert str(weights) in outcome.errors[0]
    assert f"`emoreport models pull {NAME}`" in outcome.errors[0]
    assert emoreport("models", "verify", "compact-face").code == 0
    assert emoreport("models", "pull", NAME).code == 0
    assert emoreport("models", "verify", NAME).code == 0
    assert emoreport("models", "verify", "dusha").code == 1


def test_a_bundle_carries_models_to_another_store(
    root: Path,
    pulled: ModelServer,
    emoreport: Emoreport,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "models.tar"
    outcome = emoreport("models", "bundle", file)
    assert outcome.code == 0
    assert outcome.out == f"{file}: written (0.3 MB: {NAME})\n"
    assert emoreport("models", "bundle", file, NAME).code == 2
    assert emoreport("models", "bundle", file, NAME, "--overwrite").code == 0
    assert emoreport("models", "bundle", tmp_path / "other.tar", "dusha").code == 1

    monkeypatch.setenv("EMOREPORT_MODEL_DIR", str(tmp_path / "elsewhere"))
    outcome = emoreport("models", "import", file, "--offline")
    assert outcome.code == 0
    assert outcome.out == f"{file}: taken into the store (0.3 MB: {NAME})\n"
    assert emoreport("models", "verify", NAME).out == f"{NAME}: undamaged\n"


def test_a_bundle_of_nothing_is_wrong_usage(
    root: Path, emoreport: Emoreport, tmp_path: Path
) -> None:
    assert emoreport("models", "bundle", tmp_path / "models.tar").code == 2
    outcome = emoreport("models", "import", tmp_path / "models.tar")
    assert outcome.code == 1
    assert len(outcome.errors) == 1


@pytest.mark.parametrize("name", ["dusha", "compact-face", "hsemotion/mbf_va_mtl"])
def test_show_prints_the_card_and_the_facts(root: Path, emoreport: Emoreport, name: str) -> None:
    outcome = emoreport("models", "show", name)
    entry = registry()[name]
    assert outcome.code == 0
    assert outcome.out.startswith("# ")
    facts = dict(line.partition(": ")[::2] for line in outcome.out.splitlines()[-20:])
    assert facts["labels"] == ", ".join(entry.labels)
    assert facts["licence of the weights"] == entry.weights_licence
    assert facts["training data"] == entry.data_terms
    assert facts["state"] == ("complete" if name.startswith("compact") else "absent")


def test_show_says_where_there_is_no_card(
    root: Path, emoreport: Emoreport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emoreport.models.store.cards.card_text", lambda _: "")
    outcome = emoreport("models", "show", "dusha")
    assert outcome.code == 0
    assert outcome.out.startswith("name: dusha\n")
    assert outcome.err == "dusha: this installation has no model card\n"


def test_show_prints_the_digests_of_what_was_pulled(
    pulled: ModelServer, emoreport: Emoreport
) -> None:
    digest = sha256(FILES["config.json"]).hexdigest()
    assert f"config.json: SHA-256 {digest}\n" in emoreport("models", "show", NAME).out


def test_removing_frees_the_store(root: Path, pulled: ModelServer, emoreport: Emoreport) -> None:
    assert emoreport("models", "remove", NAME).out == f"{NAME}: removed\n"
    assert not (root / NAME).exists()
    assert emoreport("models", "remove", NAME).out == f"{NAME}: was not in the store\n"
    assert emoreport("models", "remove", "compact-face").code == 2


def test_progress_is_told_in_plain_lines_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emoreport.cli.pull_display.PLAIN_EVERY_S", 0.0)
    with PullDisplay(lang="en", quiet=False) as display:
        display("net.onnx", 1_500_000, 6_000_000)
        display("net.onnx", 2_000_000, None)
    assert capsys.readouterr().err.splitlines() == [
        "net.onnx: 25 % (1.5 of 6.0 MB)",
        "net.onnx: 2.0 MB",
    ]
    with PullDisplay(lang="ru", quiet=True) as display:
        display("net.onnx", 1_500_000, 6_000_000)
    assert capsys.readouterr().err == ""


def test_progress_is_a_bar_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with PullDisplay(lang="en", quiet=False) as display:
        display("net.onnx", 1_500_000, 6_000_000)
        display("net.onnx", 6_000_000, 6_000_000)
    shown = capsys.readouterr().err
    assert "net.onnx" in shown
    assert "6.0/6.0 MB" in shown


def test_all_words_are_there_in_every_language() -> None:
    models = {lang: {key for key in keys(lang) if ".models." in key} for lang in ("en", "ru")}
    assert models["en"] == models["ru"]
    assert {f"cli.models.kind.{entry.kind}" for entry in registry().values()} <= models["en"]


def environment(root: Path, **more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "SYSTEMROOT") if name in os.environ}
    return {**kept, "EMOREPORT_MODEL_DIR": str(root), **more}


@pytest.mark.parametrize("name", ["dusha", NAME])
def test_the_whole_command_answers_within_six_seconds_without_a_server(
    root: Path, tmp_path: Path, name: str
) -> None:
    started_s = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "emoreport", "models", "pull", name],
        env=environment(root, EMOREPORT_MODEL_MIRROR=f"http://127.0.0.1:{closed_port()}"),
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        check=False,
    )
    assert time.monotonic() - started_s < 6
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "no connection to 127.0.0.1" in done.stderr


def test_an_interrupted_pull_keeps_what_came_and_leaves_with_130(
    root: Path, server: ModelServer, tmp_path: Path, emoreport: Emoreport
) -> None:
    slow = next(r for r in server.resources.values() if r.content == FILES["model.safetensors"])
    slow.stall_at = 3 << 16
    # A shell that started the tests in the background leaves Ctrl-C switched off.
    script = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        f"from emoreport.cli.app import main; main(['models', 'pull', {NAME!r}])"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        env=environment(root, EMOREPORT_MODEL_MIRROR=server.url),
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    part = root / NAME / INCOMING / "model.safetensors.part"
    deadline_s = time.monotonic() + 30
    while not (part.exists() and part.stat().st_size == 3 << 16):
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert part.stat().st_size == 3 << 16
    slow.release.set()
    assert emoreport("models", "pull", NAME).code == 0
    assert server.requests[-1].sent == len(FILES["model.safetensors"]) - (3 << 16)
