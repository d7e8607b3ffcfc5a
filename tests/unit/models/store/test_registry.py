from __future__ import annotations

import re
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from emoreport.errors import SettingsError
from emoreport.messages import text
from emoreport.models.store import cards
from emoreport.models.store.integrity import Expected, check_file
from emoreport.models.store.lockfile import expected_file
from emoreport.models.store.model_store import ModelStore
from emoreport.models.store.registry import ModelEntry, find_entry, registry, weakness_of
from emoreport.records import ModelRecord
from emoreport.settings import LANGUAGES
from emoreport.vocabulary import EMOTIONS, VOICE_ONLY_EMOTIONS
from tests.fixtures.server import git_blob

SHARED = Path(__file__).parents[5] / "shared" / "data" / "models"
ENTRIES = list(registry().values())
each_entry = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
HSEMOTION = {
    "enet_b0_8_best_vgaf": ("49772db4e87ee6df57087fba131832a959e5c64d", 224, 8, False),
    "enet_b0_8_best_afew": ("d87faf71e8756d68c701ffd88b4cde4be460f57d", 224, 8, False),
    "enet_b0_8_va_mtl": ("7ce9d6dd5b82b260bc19bfe7822a6ffa1abb6011", 224, 8, True),
    "enet_b2_8": ("a7cb612cbab1ce3d50dd52e57285fb2c7ea6d0d9", 260, 8, False),
    "enet_b2_7": ("cdd6a6070b72ed2e59e15e810ae0ecdbcb0f7626", 260, 7, False),
    "mbf_va_mtl": ("194db927ec135679e5cd0a267c5605e2e9d68e7e", 112, 8, True),
    "mobilevit_va_mtl": ("bed5781a1af9924536638ac3786603e124ee900e", 224, 8, True),
}
ANIEMORE = (
    "aniemore/wav2vec2-xlsr-53",
    "aniemore/wav2vec2-resd",
    "aniemore/wavlm-resd",
    "aniemore/hubert-resd",
)
RECOGNISERS = (
    "gigaam-v3-e2e-rnnt",
    "gigaam-v3-ctc",
    "vosk-0.54",
    "parakeet-tdt-v3",
    "t-one",
    "whisper",
)


def test_the_models_that_results_may_name_stay() -> None:
    assert set(registry()) >= {
        "compact-face",
        "compact-voice",
        *(f"hsemotion/{name}" for name in HSEMOTION),
        *ANIEMORE,
        "dusha",
        "dusha/hubert-large",
        "gigaam/emo",
        *RECOGNISERS,
        "rubert-tiny2-cedr",
        "rubert-tiny2-ru-go-emotions",
        "aniemore/rubert-tiny2",
        "mediapipe/face_landmarker",
        "mediapipe/blaze_face_short_range",
        "sface",
    }


@each_entry
def test_every_entry_is_complete(entry: ModelEntry) -> None:
    for fact in ("summary", "input", "code_licence", "weights_licence", "data_terms", "citation"):
        assert getattr(entry, fact).strip(), fact
    assert entry.kind in {"face", "voice", "detector", "words", "text", "people"}
    assert re.fullmatch(r"[\w/.-]+\.md", entry.card)
    assert entry.extra in {"", "full", "words"}
    assert entry.files
    assert entry.source.repository
    assert entry.source.revision
    if entry.source.kind != "package":
        assert re.fullmatch(r"https://[a-z.]+", entry.source.base)


@each_entry
def test_what_a_model_is_bad_at_is_said_in_every_language(entry: ModelEntry) -> None:
    if entry.kind in {"detector", "people"}:
        assert entry.weakness == ""
        return
    for lang in LANGUAGES:
        assert text(f"cli.models.weakness.{entry.weakness}", lang)
    shown = ModelRecord(entry.name.removesuffix(f"-{entry.kind}"), entry.kind)
    assert weakness_of(shown) == entry.weakness
    assert weakness_of(replace(shown, name=f"{shown.name} (bias: acted)")) == entry.weakness
    assert weakness_of(replace(shown, name="my own")) == ""


@each_entry
def test_labels_are_in_the_vocabulary_and_in_alphabetical_order_as_published(
    entry: ModelEntry,
) -> None:
    assert set(entry.labels) <= {*EMOTIONS, *VOICE_ONLY_EMOTIONS}
    assert len(set(entry.labels)) == len(entry.labels)
    assert bool(entry.labels) == (entry.kind not in {"detector", "words", "people"})
    if "class_order" not in entry.details:
        assert list(entry.labels) == sorted(entry.labels)


@each_entry
def test_file_names_are_plain_and_alternatives_name_a_file(entry: ModelEntry) -> None:
    names = [file.name for file in entry.files]
    assert len(set(names)) == len(names)
    for file in entry.files:
        assert re.fullmatch(r"[A-Za-z0-9][\w.-]*", file.name)
        assert not file.path.startswith("/")
        assert ".." not in file.path.split("/")
        assert file.alternative_to in {"", *names}
    assert sum(map(len, entry.file_groups)) == len(names)


@each_entry
def test_sizes_and_digests_are_sane(entry: ModelEntry) -> None:
    for file in entry.files:
        assert file.size_bytes is None or 100_000 < file.size_bytes < 2_000_000_000
        assert file.sha256 is None or re.fullmatch(r"[0-9a-f]{64}", file.sha256)
        assert file.git_blob is None or re.fullmatch(r"[0-9a-f]{40}", file.git_blob)
        assert file.md5 is None or re.fullmatch(r"[0-9a-f]{32}", file.md5)
        # Only a hub says beforehand what a branch holds.
        assert file.has_digest == (entry.source.kind != "huggingface")
    assert entry.size_mb is None or 1 < entry.size_mb < 2000
    if entry.source.kind == "github":
        assert re.fullmatch(r"[0-9a-f]{40}", entry.source.revision)
    assert entry.pinned == (entry.source.revision != "main")


@pytest.mark.parametrize("name", HSEMOTION)
def test_face_models_are_pinned_and_described_as_published(name: str) -> None:
    blob, side_px, classes, valence_arousal = HSEMOTION[name]
    entry = find_entry(f"hsemotion/{name}")
    assert entry.source.repository == "sb-ai-lab/EmotiEffLib"
    assert entry.source.revision == "f1df0e8548c666d268826e50b7de107fd5553e9d"
    (file,) = entry.files
    assert (file.path, file.git_blob) == (f"models/affectnet_emotions/onnx/{name}.onnx", blob)
    assert entry.details["input_px"] == side_px
    assert entry.details["valence_arousal"] is valence_arousal
    expected = EMOTIONS if classes == 8 else tuple(e for e in EMOTIONS if e != "contempt")
    assert entry.labels == expected


def test_voice_models_have_the_published_order() -> None:
    for entry in map(find_entry, ANIEMORE):
        assert entry.labels == (
            "anger",
            "disgust",
            "enthusiasm",
            "fear",
            "happiness",
            "neutral",
            "sadness",
        )
        assert entry.extra == "full"
    dusha = find_entry("dusha")
    assert dusha.labels == ("anger", "sadness", "neutral", "positive")
    assert dusha.details["class_order"] == ["angry", "sad", "neutral", "positive"]
    gigaam = find_entry("gigaam/emo")
    assert (gigaam.labels, gigaam.extra) == (dusha.labels, "full")
    assert gigaam.details["class_order"] == dusha.details["class_order"]
    large = find_entry("dusha/hubert-large")
    assert large.labels == ("neutral", "anger", "positive", "sadness")
    assert large.details["class_order"] == ["neutral", "angry", "positive", "sad", "other"]


def test_the_shipped_models_are_the_registered_ones(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    for name in ("compact-face", "compact-voice"):
        pulled = store.open(find_entry(name))
        (file,) = pulled.files
        assert sha256((pulled.folder / file).read_bytes()).hexdigest() == pulled.files[file]


def test_an_unknown_name_is_an_error_that_says_where_to_look() -> None:
    with pytest.raises(SettingsError, match="models list"):
        find_entry("hsemotion/enet_b9")


@each_entry
def test_every_entry_has_its_card(entry: ModelEntry) -> None:
    assert cards.card_text(entry).startswith("# ")


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data folder is not here")
@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("dusha", "dusha_podcasts_finetune.pt"),
        ("mediapipe/face_landmarker", "face_landmarker.task"),
    ],
)
def test_real_files_have_the_registered_digests(name: str, file: str) -> None:
    (registered,) = find_entry(name).files
    expected = expected_file(registered, None)
    assert expected.size_bytes is not None
    found, problem = check_file(SHARED / file, expected)
    assert problem is None
    assert found.sha256 == registered.sha256


def test_a_git_blob_id_is_what_git_makes_of_a_file(tmp_path: Path) -> None:
    # `printf 'hello\n' | git hash-object --stdin`
    path = tmp_path / "hello"
    path.write_bytes(b"hello\n")
    expected = Expected(git_blob="ce013625030ba8dba906f756967f9e9ca394464a")
    assert git_blob(b"hello\n") == expected.git_blob
    assert check_file(path, expected)[1] is None
    path.write_bytes(b"hello!")
    assert "git blob id" in str(check_file(path, expected)[1])


def test_cards_of_an_installed_package_come_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "emoreport"
    for folder, words in ((package / "cards", "shipped"), (tmp_path / "site/docs/models", "here")):
        folder.mkdir(parents=True)
        (folder / "dusha.md").write_text(words)
    monkeypatch.setattr(cards.resources, "files", lambda _: package)
    entry = find_entry("dusha")
    assert cards.card_text(entry) == "shipped"
    (package / "cards" / "dusha.md").unlink()
    assert cards.card_text(entry) == "here"
    (tmp_path / "site/docs/models/dusha.md").unlink()
    assert cards.card_text(entry) == ""
