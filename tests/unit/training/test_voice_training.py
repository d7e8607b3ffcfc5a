"""Training the compact voice model: data, degradations, batches, figures, and the whole command.

All speech is replaced by generated sounds: what is tested is the machinery, not the accuracy.
"""

from __future__ import annotations

import csv
import json
import tarfile
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the train extra is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
pytest.importorskip("onnx", reason="the train extra is not installed")
pytest.importorskip("av", reason="PyAV is not installed")

from emoreport.training.voice import augment, evaluate, export, perturb  # noqa: E402
from emoreport.training.voice.__main__ import main  # noqa: E402
from emoreport.training.voice.bank import (  # noqa: E402
    build_bank,
    cut_out,
    mel_db,
    sampling_weights,
)
from emoreport.training.voice.data import Clip, decode, read_corpora, speaker_folds  # noqa: E402
from emoreport.training.voice.features import FrontEnd, MelPower, mel_filters  # noqa: E402
from emoreport.training.voice.labels import LABELS, TRAINED_LABELS  # noqa: E402
from emoreport.training.voice.network import Architecture, VoiceModel, VoiceNet  # noqa: E402
from emoreport.training.voice.train import BatchMaker, Recipe, train_network  # noqa: E402

RATE_HZ = 16_000


def buzz(pitch_hz: float, seconds: float, seed: int = 0) -> np.ndarray:
    """A voice-like sound: harmonics of a pitch, beating, in faint noise; (T,) float32."""
    time_s = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    tone = sum(np.sin(2 * np.pi * pitch_hz * k * time_s) / k for k in range(1, 9))
    beat = 0.6 + 0.4 * np.sin(2 * np.pi * 4.0 * time_s)
    noise = np.random.default_rng(seed).normal(0.0, 0.01, len(time_s))
    return (0.1 * tone * beat + noise).astype(np.float32)


def to_int16(samples: np.ndarray) -> np.ndarray:
    return np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Small tensors: more threads only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    """Two corpora, three speakers each, two emotions of different pitch."""
    return [
        Clip(to_int16(buzz(pitch_hz, 0.8 + 0.2 * speaker, speaker)), label, f"{corpus}/{speaker}",
             corpus)
        for corpus in ("one", "two")
        for speaker in range(3)
        for label, pitch_hz in ((0, 300.0), (5, 110.0))
    ]  # fmt: skip


@pytest.fixture(scope="module")
def bank(clips: list[Clip]):
    return build_bank(clips, MelPower(FrontEnd()), 1, augment.degrade, seed=3)


@pytest.fixture
def small_recipe() -> Recipe:
    return Recipe(
        architecture=Architecture(channels=(4, 4, 8, 8), hidden=8),
        epochs=1,
        cycles=2,
        steps_per_epoch=2,
        batch=8,
        shortest_s=0.6,
        longest_s=0.9,
        variants=1,
    )


def write_wav(path: Path, samples: np.ndarray, channels: int = 1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(channels)
        stream.setsampwidth(2)
        stream.setframerate(RATE_HZ)
        stream.writeframes(to_int16(samples).tobytes())


@pytest.fixture
def data_folder(tmp_path: Path) -> Path:
    """A data folder of 7 speakers × 2 emotions; one corpus is packed, the other is loose."""
    folder = tmp_path / "data"
    rows = []
    for number in range(7):
        for emotion, pitch_hz in (("anger", 260.0), ("sadness", 120.0)):
            corpus = ("packed", "loose")[number % 2]
            name = f"{corpus}/{number}_{emotion}.wav"
            write_wav(folder / name, buzz(pitch_hz + number, 0.7, number))
            rows.append([corpus, name, emotion, f"S{number}", "xx"])
    with tarfile.open(folder / "packed.tar", "w") as tar:
        tar.add(folder / "packed", arcname="packed")
    for path in (folder / "packed").iterdir():
        path.unlink()
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["corpus", "file", "emotion", "speaker", "language"], *rows])
    return folder


class TestData:
    def test_archives_and_loose_files_are_read_in_the_order_of_the_table(
        self, data_folder: Path, tmp_path: Path
    ) -> None:
        cache = tmp_path / "cache.npz"
        read = read_corpora(data_folder, cache)
        again = read_corpora(data_folder, cache)
        assert [clip.label for clip in read] == [0, 5] * 7
        assert read[0].speaker == "packed/S0"
        assert abs(len(read[0].samples) - 0.7 * RATE_HZ) < 2
        for first, second in zip(read, again, strict=True):
            np.testing.assert_array_equal(first.samples, second.samples)

    def test_unknown_emotion_and_missing_file_are_named(self, data_folder: Path) -> None:
        table = data_folder / "labels.csv"
        good = table.read_text(encoding="utf-8")
        table.write_text(good + "packed,packed/none.wav,anger,S9,xx\n", encoding="utf-8")
        with pytest.raises(FileNotFoundError, match=r"packed/none\.wav"):
            read_corpora(data_folder)
        table.write_text(good.replace("sadness,S0", "boredom,S0"), encoding="utf-8")
        with pytest.raises(ValueError, match="boredom"):
            read_corpora(data_folder)

    def test_channels_are_averaged(self, tmp_path: Path) -> None:
        tone = buzz(200.0, 0.5)
        write_wav(tmp_path / "two.wav", np.stack([tone, np.zeros_like(tone)], 1), channels=2)
        mono = decode(str(tmp_path / "two.wav")) / 32768.0
        assert np.corrcoef(mono, tone)[0, 1] > 0.999
        assert 0.4 < mono.std() / tone.std() < 0.8

    def test_each_speaker_is_left_out_once(self, clips: list[Clip]) -> None:
        folds = speaker_folds([clip.speaker for clip in clips], 3)
        assert sorted(name for fold in folds for name in fold) == sorted(
            {clip.speaker for clip in clips}
        )
        assert all({name.split("/")[0] for name in fold} == {"one", "two"} for fold in folds)
        with pytest.raises(ValueError, match="at least 2 folds"):
            speaker_folds(["one/0"], 1)


class TestFeatures:
    def test_a_tone_lands_in_its_band(self) -> None:
        front_end = FrontEnd()
        tone = np.sin(2 * np.pi * 1000.0 * np.arange(RATE_HZ) / RATE_HZ).astype(np.float32)
        spectrum = mel_db(MelPower(front_end), tone)
        found = int(spectrum.mean(dim=1).argmax())
        bins_hz = np.fft.rfftfreq(front_end.window_samples, 1 / RATE_HZ)
        assert abs(bins_hz[mel_filters(front_end)[found].argmax()] - 1000.0) < 60.0
        assert abs(float(spectrum.max())) < 3.0  # a full-scale sine has power 1, 0 dB

    def test_transform_agrees_with_numpy(self) -> None:
        front_end = FrontEnd()
        audio = np.random.default_rng(0).normal(0, 0.1, 4000).astype(np.float32)
        found = MelPower(front_end)(torch.from_numpy(audio)[None])[0].numpy()
        size, hop = front_end.window_samples, front_end.hop_samples
        window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
        frames = np.stack([audio[i : i + size] for i in range(0, len(audio) - size + 1, hop)])
        power = np.abs(np.fft.rfft(frames * window) * 2 / window.sum()) ** 2
        np.testing.assert_allclose(found, mel_filters(front_end) @ power.T, rtol=1e-3, atol=1e-9)


class TestDegradations:
    @pytest.mark.parametrize("seed", range(6))
    def test_a_random_chain_keeps_audio_usable(self, seed: int) -> None:
        heard = augment.degrade(buzz(180.0, 1.0), np.random.default_rng(seed))
        assert heard.dtype == np.float32
        assert np.isfinite(heard).all()
        assert 0.8 * RATE_HZ < len(heard) < 2.3 * RATE_HZ
        assert heard.std() > 0.01

    def test_speed_moves_the_pitch(self) -> None:
        tone = np.sin(2 * np.pi * 200.0 * np.arange(RATE_HZ) / RATE_HZ).astype(np.float32)
        fast = augment.change_speed(tone, 1.1)
        assert len(fast) == round(RATE_HZ / 1.1)
        peak_hz = np.abs(np.fft.rfft(fast)).argmax() * RATE_HZ / len(fast)
        assert abs(peak_hz - 220.0) < 2.0

    def test_noise_and_music_have_the_ratio_asked_for(self) -> None:
        voice, rng = buzz(180.0, 1.0), np.random.default_rng(0)
        for add in (augment.add_noise, augment.add_music):
            added = add(voice, 10.0, rng) - voice
            ratio_db = 10 * np.log10(np.mean(voice**2) / np.mean(added**2))
            assert abs(ratio_db - 10.0) < 0.1

    def test_a_room_rings_on_after_the_voice(self) -> None:
        click = np.zeros(RATE_HZ, np.float32)
        click[100] = 1.0
        heard = augment.add_room(click, 0.4, 0.0, np.random.default_rng(0))
        assert np.abs(heard[100 : 100 + RATE_HZ // 10]).sum() > 5 * heard[100]
        assert np.abs(heard[:100]).max() < 1e-4

    def test_the_telephone_cuts_the_band(self) -> None:
        noise = np.random.default_rng(0).normal(0, 0.1, RATE_HZ).astype(np.float32)
        power = np.abs(np.fft.rfft(augment.telephone(noise))) ** 2
        assert power[5000:].mean() < 0.01 * power[500:3000].mean()

    @pytest.mark.parametrize("codec", ["aac", "libopus"])
    def test_a_codec_returns_nearly_the_same_sound(self, codec: str) -> None:
        voice = buzz(180.0, 1.0)
        heard = augment.pass_codec(voice, codec, 32_000)
        assert abs(len(heard) - len(voice)) < 3000
        assert 0.7 < heard.std() / voice.std() < 1.4

    def test_silence_stays_silence(self) -> None:
        silence, rng = np.zeros(8000, np.float32), np.random.default_rng(0)
        for heard in (
            augment.telephone(silence),
            augment.overdrive(silence, 3.0),
            augment.add_noise(silence, 10.0, rng),
            augment.add_room(silence, 0.3, 3.0, rng),
        ):
            assert np.array_equal(heard, silence)


class TestBatches:
    def test_corpora_and_classes_are_balanced(self, bank) -> None:
        chosen = torch.tensor([0, 1, 2, 4, 6, 7])  # corpus one: three of class 0, one of class 5
        weights = sampling_weights(bank, chosen)
        assert float(weights.sum()) == pytest.approx(1.0)
        own = [i for i, clip in enumerate(chosen) if bank.corpora[clip] == "one"]
        per_class = [
            sum(float(weights[i]) for i in own if int(bank.labels[chosen[i]]) == label)
            for label in (0, 5)
        ]
        assert per_class[0] == pytest.approx(per_class[1])

    def test_short_clips_are_repeated(self, bank) -> None:
        n_frames = 3 * int(bank.lengths.max())
        spectra, labels = cut_out(bank, torch.tensor([0, 1]), n_frames, 0.5, torch.Generator())
        assert spectra.shape == (2, FrontEnd().n_mels, n_frames)
        assert labels.tolist() == [0, 5]
        period = set(bank.lengths[0].tolist())
        assert any(torch.equal(spectra[0, :, :10], spectra[0, :, p : p + 10]) for p in period)

    def test_warping_without_strength_changes_nothing(self, bank) -> None:
        still = replace(perturb.Perturbation(), frequency_warp=0.0, tempo=0.0)
        spectra = bank.spectrogram_db(0)[None]
        warped = perturb.warp(spectra, 20, still, FrontEnd(), torch.Generator())
        torch.testing.assert_close(warped, spectra[:, :, :20], rtol=0, atol=1e-3)

    def test_batches_are_finite_and_repeatable(self, bank, small_recipe: Recipe) -> None:
        everybody = torch.arange(len(bank.labels))
        first, second = (BatchMaker(bank, everybody, small_recipe).draw() for _ in range(2))
        assert torch.isfinite(first[0]).all()
        torch.testing.assert_close(first[0], second[0])
        torch.testing.assert_close(first[1].sum(dim=1), torch.ones(small_recipe.batch))


class TestFigures:
    def test_macro_recall_counts_every_class_once(self) -> None:
        labels = np.array([0, 0, 0, 5])
        logits = np.zeros((4, len(LABELS)))
        logits[:, 0] = 1.0
        assert evaluate.macro_recall(labels, logits) == pytest.approx(0.5)

    def test_temperature_undoes_overconfidence(self) -> None:
        rng = np.random.default_rng(0)
        true_logits = rng.normal(0, 1.5, (4000, len(LABELS)))
        shares = evaluate.softmax(true_logits)
        labels = np.array([rng.choice(len(LABELS), p=share) for share in shares])
        fitted = evaluate.fit_temperature(labels, true_logits * 3.0, np.ones(4000))
        assert fitted == pytest.approx(3.0, rel=0.1)
        calibrated = evaluate.softmax(true_logits * 3.0, fitted)
        assert evaluate.expected_calibration_error(labels, calibrated) < 0.03
        assert (
            evaluate.expected_calibration_error(labels, evaluate.softmax(true_logits * 3.0)) > 0.1
        )


class TestTrainingAndExport:
    def test_training_lowers_the_loss(self, bank, small_recipe: Recipe) -> None:
        recipe = replace(small_recipe, steps_per_epoch=25, batch=16)
        everybody = torch.arange(len(bank.labels))
        network = train_network(bank, everybody, recipe)
        maker = BatchMaker(bank, everybody, replace(recipe, seed=9))
        views, targets = maker.draw()
        untrained = VoiceNet(recipe.architecture, recipe.front_end.n_mels).eval()
        with torch.no_grad():
            before, after = (
                float(torch.nn.functional.cross_entropy(net(views), targets))
                for net in (untrained, network)
            )
        assert after < before - 0.2

    def test_graph_equals_torch_for_every_length_and_batch(
        self, tmp_path: Path, small_recipe: Recipe
    ) -> None:
        torch.manual_seed(0)
        networks = [
            VoiceNet(replace(small_recipe.architecture, views=views), 64)
            for views in (("band",), ("clip",), ("clip", "band"))
        ]
        model = VoiceModel(small_recipe.front_end, networks)
        path = tmp_path / export.GRAPH_NAME
        export.export_graph(model, path)
        assert export.difference_to_torch(model, path) < 1e-5
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        audio = np.stack([buzz(150.0 + 20 * i, 1.0, i) for i in range(3)])
        together = session.run(None, {"audio": audio})[0]
        alone = np.concatenate([session.run(None, {"audio": clip[None]})[0] for clip in audio])
        np.testing.assert_allclose(together, alone, atol=1e-5)
        quiet = session.run(None, {"audio": audio * np.float32(0.05)})[0]
        np.testing.assert_allclose(quiet, together, atol=1e-3)
        silence = session.run(None, {"audio": np.zeros((1, 8000), np.float32)})[0]
        assert np.isfinite(silence).all()

    def test_the_command_writes_graph_and_metadata(
        self,
        data_folder: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        small_recipe: Recipe,
    ) -> None:
        monkeypatch.setattr("emoreport.training.voice.__main__.Recipe", lambda: small_recipe)
        out = tmp_path / "weights"
        assert (
            main(["--data", str(data_folder), "--out", str(out), "--folds", "0,1", "--conditions"])
            == 0
        )
        metadata = json.loads((out / export.METADATA_NAME).read_text(encoding="utf-8"))
        assert metadata["labels"] == list(LABELS)
        assert metadata["temperature"] > 0
        assert set(metadata["figures"]["left_out_speakers"]) == {"packed", "loose"}
        assert metadata["training"]["members"] == 2
        assert len(list((out / "work").glob("fold*_cycle*.pt"))) == 4
        session = onnxruntime.InferenceSession(
            str(out / metadata["file"]), providers=["CPUExecutionProvider"]
        )
        logits = session.run(["logits"], {"audio": buzz(200.0, 1.0)[None]})[0]
        assert logits.shape == (1, len(LABELS))
        assert len(LABELS) < len(TRAINED_LABELS)
