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

from emoreport.analysis.numeric.scores import calibration_error  # noqa: E402
from emoreport.analysis.numeric.softmax import softmax  # noqa: E402
from emoreport.models.families.recording_level import RecordingLevel  # noqa: E402
from emoreport.training.voice import __main__ as command  # noqa: E402
from emoreport.training.voice import (  # noqa: E402
    augment,
    kept,
    leave_out,
    metrics,
    model_files,
    strange,
)
from emoreport.training.voice.__main__ import main  # noqa: E402
from emoreport.training.voice.changes import changed_stretch  # noqa: E402
from emoreport.training.voice.data import Clip, decode, read_corpora, speaker_folds  # noqa: E402
from emoreport.training.voice.distill import (  # noqa: E402
    DistillRecipe,
    distill,
    imitation_error,
)
from emoreport.training.voice.encoder import (  # noqa: E402
    Encoder,
    LogMel,
    slaney_filters,
)
from emoreport.training.voice.head import (  # noqa: E402
    FEATURES,
    TARGETS,
    HeadRecipe,
    Statistics,
    VoiceModel,
    embed,
    sampling_weights,
    train_head,
)
from emoreport.training.voice.labels import CLIP_LABELS, LABELS, TRAINED_LABELS  # noqa: E402
from emoreport.training.voice.pack import pack_graph, round_weights  # noqa: E402
from emoreport.training.voice.prosody import MEASURES, Prosody  # noqa: E402
from emoreport.training.voice.released import read_encoder  # noqa: E402
from emoreport.training.voice.stamps import read_stamps  # noqa: E402
from emoreport.training.voice.teacher import read_teacher  # noqa: E402

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


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    """An encoder with random 8-bit weights."""
    torch.manual_seed(0)
    made = Encoder().eval().requires_grad_(requires_grad=False)
    round_weights(made)
    return made


@pytest.fixture(scope="module")
def model(encoder: Encoder) -> VoiceModel:
    torch.manual_seed(1)
    return VoiceModel(encoder, [torch.nn.Linear(FEATURES, len(TRAINED_LABELS))]).eval()


class TestEncoder:
    def test_log_mel_ignores_gain_and_offset(self) -> None:
        audio = torch.from_numpy(buzz(150.0, 1.0))[None]
        seen = LogMel()(audio)
        assert seen.shape == (1, 80, 100)
        torch.testing.assert_close(LogMel()(audio * 0.05 + 0.1), seen, atol=2e-3, rtol=0)

    def test_log_mel_agrees_with_numpy(self) -> None:
        audio = buzz(150.0, 0.5)
        scaled = (audio - audio.mean()) / np.sqrt(audio.var() + 1e-7)
        padded = np.pad(scaled, 200, mode="reflect")
        window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
        frames = np.stack([padded[i : i + 400] for i in range(0, len(padded) - 399, 160)])
        power = slaney_filters() @ (np.abs(np.fft.rfft(frames * window)) ** 2).T
        level = np.log10(np.maximum(power[:, :-1], 1e-10))
        level = (np.maximum(level, level.max() - 8.0) + 4.0) / 4.0
        found = LogMel()(torch.from_numpy(audio)[None])[0].numpy()
        np.testing.assert_allclose(found, level, atol=2e-3)

    def test_filters_have_equal_area(self) -> None:
        # Bins lie 40 Hz apart; the narrowest low bands hold too few of them to sum up evenly.
        areas = slaney_filters()[45:].sum(axis=1) * 40.0
        np.testing.assert_allclose(areas, 1.0, atol=0.03)

    def test_a_long_clip_is_seen_in_pieces(self, encoder: Encoder) -> None:
        once = buzz(150.0, 8.0)  # the beat ends where it began, so that the seam is smooth
        with torch.no_grad():
            alone, twice, cut = (
                encoder(torch.from_numpy(audio)[None])
                for audio in (once, np.tile(once, 2), np.tile(once, 2)[: 13 * RATE_HZ])
            )
        torch.testing.assert_close(twice, alone, atol=0.01, rtol=0)
        assert torch.isfinite(cut).all()
        assert not torch.allclose(cut, alone, atol=1e-4)

    def test_another_file_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "other.onnx"
        path.write_bytes(b"something else")
        with pytest.raises(ValueError, match="not smart-turn"):
            read_teacher(path)


class TestGraph:
    def test_packed_graph_equals_torch_for_every_length_and_batch(
        self, model: VoiceModel, tmp_path: Path
    ) -> None:
        path = tmp_path / model_files.GRAPH_NAME
        model_files.export_graph(model, path)
        before = path.stat().st_size
        assert pack_graph(path) == 14  # two convolutions, six matrices in either layer
        assert path.stat().st_size < 0.5 * before
        assert model_files.difference_to_torch(model, path) < 1e-4
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        audio = np.stack([buzz(150.0 + 20 * i, 1.0, i) for i in range(3)])
        together = session.run(None, {"audio": audio})[0]
        alone = np.concatenate([session.run(None, {"audio": clip[None]})[0] for clip in audio])
        np.testing.assert_allclose(together, alone, atol=1e-4)
        silence = session.run(None, {"audio": np.zeros((1, 8000), np.float32)})[0]
        assert np.isfinite(silence).all()

    def test_weights_that_are_not_8_bit_are_left_alone(self, tmp_path: Path) -> None:
        torch.manual_seed(0)
        model = VoiceModel(Encoder(), [torch.nn.Linear(FEATURES, len(TRAINED_LABELS))])
        path = tmp_path / model_files.GRAPH_NAME
        model_files.export_graph(model, path)
        assert pack_graph(path) == 0
        assert model_files.difference_to_torch(model, path) < 1e-4

    def test_the_encoder_is_read_back_from_a_released_graph(
        self, model: VoiceModel, tmp_path: Path
    ) -> None:
        path = tmp_path / model_files.GRAPH_NAME
        model_files.export_graph(model, path)
        with pytest.raises(ValueError, match="no first"):
            read_encoder(_without(path, "encoder.first.weight", tmp_path / "less.onnx"))
        pack_graph(path)
        audio = torch.from_numpy(buzz(150.0, 1.0))[None]
        torch.testing.assert_close(
            read_encoder(path)(audio), model.encoder(audio), atol=1e-4, rtol=1e-4
        )


def _without(path: Path, name: str, target: Path) -> Path:
    """A copy of a graph without one of its tensors."""
    import onnx

    graph = onnx.load(str(path))
    kept = [tensor for tensor in graph.graph.initializer if tensor.name != name]
    assert len(kept) == len(graph.graph.initializer) - 1
    del graph.graph.initializer[:]
    graph.graph.initializer.extend(kept)
    onnx.save(graph, str(target))
    return target


class TestProsody:
    @staticmethod
    def measures(samples: np.ndarray) -> np.ndarray:
        audio = torch.from_numpy(samples)[None]
        return Prosody()(audio, LogMel()(audio))[0].numpy()

    @pytest.mark.parametrize("pitch_hz", [90.0, 140.0, 230.0, 380.0])
    def test_pitch_is_found_and_gain_does_not_matter(self, pitch_hz: float) -> None:
        found = self.measures(buzz(pitch_hz, 1.0))
        assert found.shape == (MEASURES,)
        assert 100.0 * 2.0 ** found[0] == pytest.approx(pitch_hz, rel=0.08)
        np.testing.assert_allclose(self.measures(buzz(pitch_hz, 1.0) * 0.05), found, atol=0.02)

    def test_noise_is_less_voiced_than_a_voice_and_silence_is_finite(self) -> None:
        noise = np.random.default_rng(0).normal(0, 0.1, RATE_HZ).astype(np.float32)
        assert self.measures(noise)[3] < self.measures(buzz(150.0, 1.0))[3] - 0.2
        assert np.isfinite(self.measures(np.zeros(RATE_HZ, np.float32))).all()


class TestHead:
    def test_a_level_of_arousal_teaches_all_its_labels(self) -> None:
        torch.testing.assert_close(TARGETS.sum(dim=1), torch.ones(len(CLIP_LABELS)))
        high = TARGETS[CLIP_LABELS.index("level2")]
        assert [name for name, share in zip(TRAINED_LABELS, high, strict=True) if share > 0] == [
            "anger", "fear", "happiness", "surprise",
        ]  # fmt: skip

    @staticmethod
    def separable(speakers: int = 4) -> Statistics:
        """Two emotions, told apart by some of the values, far from zero mean and unit scale."""
        generator = torch.Generator().manual_seed(0)
        labels = torch.tensor([0, 5] * (10 * speakers))
        values = torch.randn(2, len(labels), FEATURES, generator=generator)
        values[:, :, :200] += 1.0 * (labels == 5)[:, None]
        return Statistics(
            values=values * 3.0 + 50.0,
            labels=labels,
            speakers=tuple(f"one/{i // 20}" for i in range(len(labels))),
            corpora=("one",) * len(labels),
        )

    def test_a_head_learns_and_takes_raw_statistics(self) -> None:
        statistics = self.separable()
        heard = statistics.of_speakers(frozenset({"one/3"}), left_out=True)
        unheard = statistics.of_speakers(frozenset({"one/3"}), left_out=False)
        assert len(heard) == 60
        assert len(unheard) == 20
        head = train_head(statistics, heard, HeadRecipe(steps=150, batch=64, dropout=0.0))
        said = head(statistics.values[0, unheard]).argmax(dim=1)
        assert float((said == statistics.labels[unheard]).float().mean()) >= 0.9

    def test_training_is_repeatable(self) -> None:
        statistics, recipe = self.separable(), HeadRecipe(steps=3, batch=8)
        everybody = torch.arange(len(statistics.labels))
        first, second = (train_head(statistics, everybody, recipe) for _ in range(2))
        torch.testing.assert_close(first.weight, second.weight)

    def test_the_model_is_the_mean_of_its_heads(self, encoder: Encoder) -> None:
        heads = [torch.nn.Linear(FEATURES, len(TRAINED_LABELS)) for _ in range(3)]
        audio = torch.from_numpy(buzz(150.0, 0.6))[None]
        with torch.no_grad():
            together = VoiceModel(encoder, heads)(audio)[0]
            alone = [VoiceModel(encoder, [head])(audio)[0] for head in heads]
        assert together.shape == (1, len(LABELS))
        torch.testing.assert_close(together, torch.stack(alone).mean(dim=0), atol=1e-4, rtol=0)

    def test_copies_do_not_depend_on_other_clips(self, encoder: Encoder) -> None:
        def louder_noise(samples, rng):
            return samples + rng.normal(0, 0.01, len(samples)).astype(np.float32)

        clips = [
            Clip((buzz(pitch_hz, 0.5) * 32767).astype(np.int16), 0, "one/0", "one")
            for pitch_hz in (120.0, 240.0)
        ]
        both = embed(clips, encoder, [louder_noise], seed=3)
        first = embed(clips[:1], encoder, [louder_noise], seed=3)
        assert both.values.shape == (2, 2, FEATURES)
        torch.testing.assert_close(both.values[:, :1], first.values)
        assert not torch.equal(both.values[0], both.values[1])


def test_corpora_and_classes_are_balanced(clips: list[Clip]) -> None:
    statistics = Statistics(
        values=torch.zeros(1, len(clips), 1),
        labels=torch.tensor([clip.label for clip in clips]),
        speakers=tuple(clip.speaker for clip in clips),
        corpora=tuple(clip.corpus for clip in clips),
    )
    chosen = torch.tensor([0, 1, 2, 4, 6, 7])  # corpus one: three of class 0, one of class 5
    weights = sampling_weights(statistics, chosen)
    assert float(weights.sum()) == pytest.approx(1.0)
    own = [i for i, clip in enumerate(chosen) if clips[clip].corpus == "one"]
    per_class = [
        sum(float(weights[i]) for i in own if clips[chosen[i]].label == label) for label in (0, 5)
    ]
    assert per_class[0] == pytest.approx(per_class[1])


class TestDegradations:
    @pytest.mark.parametrize("seed", range(6))
    def test_a_random_chain_keeps_audio_usable(self, seed: int) -> None:
        for change in (augment.rerecord, augment.recut):
            heard = change(buzz(180.0, 1.0), np.random.default_rng(seed))
            assert heard.dtype == np.float32
            assert np.isfinite(heard).all()
            assert 0.8 * RATE_HZ < len(heard) < 3.6 * RATE_HZ
            assert heard.std() > 0.01

    def test_speed_moves_the_pitch(self) -> None:
        tone = np.sin(2 * np.pi * 200.0 * np.arange(RATE_HZ) / RATE_HZ).astype(np.float32)
        fast = augment.change_speed(tone, 1.1)
        assert len(fast) == round(RATE_HZ / 1.1)
        peak_hz = np.abs(np.fft.rfft(fast)).argmax() * RATE_HZ / len(fast)
        assert abs(peak_hz - 220.0) < 2.0

    def test_noise_and_music_have_the_ratio_asked_for(self) -> None:
        voice, rng = buzz(180.0, 1.0), np.random.default_rng(0)
        for add in (augment.add_noise, augment.add_white_noise, augment.add_music):
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
            augment.add_noise(silence, 10.0, rng),
            augment.add_room(silence, 0.3, 3.0, rng),
        ):
            assert np.array_equal(heard, silence)


class TestFigures:
    def test_macro_recall_counts_every_class_once(self) -> None:
        labels = np.array([0, 0, 0, 5])
        logits = np.zeros((4, len(LABELS)))
        logits[:, 0] = 1.0
        assert metrics.macro_recall(labels, logits) == pytest.approx(0.5)

    def test_temperature_undoes_overconfidence(self) -> None:
        rng = np.random.default_rng(0)
        true_logits = rng.normal(0, 1.5, (4000, len(LABELS)))
        shares = softmax(true_logits)
        labels = np.array([rng.choice(len(LABELS), p=share) for share in shares])
        fitted = metrics.fit_temperature(labels, true_logits * 3.0, np.ones(4000))
        assert fitted == pytest.approx(3.0, rel=0.1)
        calibrated = softmax(true_logits * 3.0, fitted)
        assert calibration_error(calibrated, labels) < 0.03
        assert calibration_error(softmax(true_logits * 3.0), labels) > 0.1


class TestLeavingCorporaOut:
    @staticmethod
    def two_corpora() -> Statistics:
        """Corpus b has another place, and only two of the three emotions of corpus a."""
        generator = torch.Generator().manual_seed(0)
        labels = torch.tensor([0, 4, 5] * 20 + [0, 4] * 20)
        values = torch.randn(1, 100, 12, generator=generator)
        values[0, torch.arange(100), labels] += 4.0
        return Statistics(
            values=values,
            labels=labels,
            speakers=tuple(f"a/{i % 4}" for i in range(60)) + ("b/0",) * 40,
            corpora=("a",) * 60 + ("b",) * 40,
        )

    def test_no_head_is_judged_on_a_corpus_that_it_heard(self) -> None:
        statistics = self.two_corpora()
        recipe = HeadRecipe(steps=120, batch=64, dropout=0.0, learning_rate=2e-2)
        table = leave_out.figures(leave_out.leave_corpora_out(statistics, recipe))
        # Sadness is in corpus a alone: the head that judges a has never met it.
        assert table["a"]["recall_per_class"]["sadness"] == 0.0
        assert table["a"]["recall_per_class"]["anger"] > 0.8
        assert table["b"]["macro_recall"] > 0.8
        assert table["b"]["clips"] == 40
        assert set(table["b"]["recall_per_class"]) == {"anger", "neutral"}

    def test_a_corpus_is_not_calibrated_on_itself(self) -> None:
        rng = np.random.default_rng(0)
        labels = rng.integers(0, 7, 400)
        logits = 6.0 * np.eye(7)[labels] + rng.normal(0, 0.5, (400, 7))
        logits[:200] = 6.0 * np.eye(7)[rng.integers(0, 7, 200)]  # corpus a is guessed
        corpora = np.array(["a"] * 200 + ["b"] * 200)
        said = metrics.LeftOut(logits, labels, corpora, corpora, np.zeros(400, np.int64))
        fitted = leave_out.temperatures(said)
        assert fitted["a"] < 1.0 < fitted["b"]
        rows = leave_out.markdown(leave_out.figures(said, fitted)).splitlines()
        assert len(rows) == 4
        assert rows[3].startswith("| b | 200 | 1.00 |")

    def test_surer_clips_come_first(self) -> None:
        logits = np.zeros((4, 7))
        logits[:, 0] = [4.0, 3.0, 2.0, 1.0]
        labels, corpora = np.array([0, 0, 1, 1]), np.array(["a"] * 4)
        said = metrics.LeftOut(logits, labels, corpora, corpora, np.zeros(4, np.int64))
        surest = leave_out.figures(said)["a"]["accuracy_of_surest"]
        assert surest == {"0.25": 1.0, "0.5": 1.0, "0.75": 0.667, "1": 0.5}

    def test_levels_of_arousal_are_ranked(self) -> None:
        labels = np.array([CLIP_LABELS.index(name) for name in ("level0", "level1", "level2")])
        logits = np.zeros((3, 7))
        logits[:, LABELS.index("anger")] = [0.0, 1.0, 2.0]
        corpora = np.array(["levels"] * 3)
        said = metrics.LeftOut(logits, labels, corpora, corpora, np.zeros(3, np.int64))
        assert leave_out.figures(said) == {"levels": {"arousal_auc": 1.0}}


def test_short_recordings_of_one_speaker_are_joined(tmp_path: Path) -> None:
    for number in range(8):
        path = tmp_path / "stamps" / f"{number}_desc_ru.wav"
        write_wav(path, buzz(120.0 + number, 1.0, number))
        path.rename(path.with_suffix(".ogg"))  # the container is told by its content
    write_wav(tmp_path / "stamps" / "quack.wav", buzz(400.0, 1.0))
    clips = read_stamps(tmp_path)
    assert clips
    assert {(clip.speaker, LABELS[clip.label]) for clip in clips} == {("tuxpaint/ru", "neutral")}
    assert all(1.5 * RATE_HZ < len(clip.samples) < 5.6 * RATE_HZ for clip in clips)
    with pytest.raises(FileNotFoundError, match="tuxpaint"):
        read_stamps(tmp_path / "none")


class TestImitation:
    SMALL = DistillRecipe(block_steps=8, joint_steps=4, tokens=160, warm_up_steps=2, seed=3)

    @staticmethod
    def sounds() -> list[np.ndarray]:
        return [to_int16(buzz(pitch_hz, 1.5, int(pitch_hz))) for pitch_hz in (110.0, 170.0, 260.0)]

    def test_stretches_have_the_length_asked_for_and_change_with_the_draw(self) -> None:
        rng = np.random.default_rng(0)
        for samples in (4_000, 60_000):
            drawn = [changed_stretch(self.sounds(), samples, rng) for _ in range(20)]
            assert {(len(sound), sound.dtype.name) for sound in drawn} == {(samples, "float32")}
            assert all(np.isfinite(sound).all() and sound.std() > 0.001 for sound in drawn)
            assert len({sound.tobytes() for sound in drawn}) == 20

    def test_the_student_comes_closer_to_its_teacher(
        self, encoder: Encoder, tmp_path: Path
    ) -> None:
        taught = distill(encoder, self.sounds(), self.SMALL, tmp_path / "state.pt")
        torch.manual_seed(self.SMALL.seed)
        untaught = Encoder().eval()
        before, after = (imitation_error(encoder, one, self.sounds()) for one in (untaught, taught))
        assert after < 0.7 * before
        assert imitation_error(encoder, encoder, self.sounds()) == 0.0

    def test_an_interrupted_run_goes_on_where_it_was(
        self, encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # A step takes ten seconds where the processor has no bfloat16.
        recipe = replace(self.SMALL, block_steps=2, joint_steps=2)
        whole = distill(encoder, self.sounds(), recipe, tmp_path / "whole.pt", every=1)
        store = tmp_path / "state.pt"
        kept = torch.save
        saved = []

        def stop_after_two(state: object, path: Path) -> None:
            kept(state, path)
            saved.append(path)
            if len(saved) == 2:
                raise KeyboardInterrupt

        monkeypatch.setattr(torch, "save", stop_after_two)
        with pytest.raises(KeyboardInterrupt):
            distill(encoder, self.sounds(), recipe, store, every=1)
        monkeypatch.undo()
        assert torch.load(store, weights_only=True)["step"] == 1  # the second never got its name
        again = distill(encoder, self.sounds(), recipe, store, every=1)
        for name, weight in whole.state_dict().items():
            torch.testing.assert_close(again.state_dict()[name], weight)

    def test_a_state_of_another_recipe_is_refused(self, encoder: Encoder, tmp_path: Path) -> None:
        store, recipe = tmp_path / "state.pt", replace(self.SMALL, block_steps=1, joint_steps=1)
        distill(encoder, self.sounds(), recipe, store)
        with pytest.raises(ValueError, match="another recipe"):
            distill(encoder, self.sounds(), replace(recipe, seed=4), store)


def test_the_command_writes_graph_and_metadata(
    data_folder: Path, encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "weights"
    small = replace(TestImitation.SMALL, block_steps=2, joint_steps=1)
    monkeypatch.setattr(kept, "read_teacher", lambda _: encoder)
    monkeypatch.setattr(command, "EVERY", 1)
    monkeypatch.setattr(kept, "ENCODER_CORPORA", ("packed", "loose"))
    monkeypatch.setattr(command, "DistillRecipe", lambda: small)
    monkeypatch.setattr(command, "HeadRecipe", lambda: HeadRecipe(steps=2))
    arguments = ["--data", str(data_folder), "--teacher", "any.onnx", "--out", str(out)]
    assert main([*arguments, "--conditions"]) == 0
    metadata = json.loads((out / model_files.METADATA_NAME).read_text(encoding="utf-8"))
    assert metadata["labels"] == list(LABELS)
    assert metadata["temperature"] > 0
    assert metadata["training"]["members"] == 7
    assert set(metadata["figures"]["left_out_corpora"]) == {"packed", "loose"}
    left_out = metadata["figures"]["left_out_speakers"]
    assert {name: figures["clips"] for name, figures in left_out.items()} == {
        "packed": 8,
        "loose": 6,
    }
    assert set(metadata["figures"]["macro_recall_by_window"]) == {"1 s", "2 s", "3 s", "all"}
    session = onnxruntime.InferenceSession(
        str(out / metadata["file"]), providers=["CPUExecutionProvider"]
    )
    outputs = ["logits", "distance", "intensity"]
    logits, distance, intensity = session.run(outputs, {"audio": buzz(200.0, 1.0)[None]})
    assert logits.shape == (1, len(LABELS))
    assert distance.shape == (1,)
    assert distance[0] > 0
    assert intensity.shape == (1,)
    assert 0 < intensity[0] < 1
    level = RecordingLevel.from_document(metadata["recording"], LABELS)
    assert np.exp(level.usual).sum() == pytest.approx(1.0, abs=0.3)  # a mean of logarithms
    assert set(metadata["figures"]["intensity_of_left_out_corpora"]) == {"packed", "loose"}
    for name in ("selective_on_left_out_corpora", "selective_on_left_out_speakers"):
        assert set(metadata["figures"][name]) == {"packed", "loose", "all"}
    assert strange.main(["--model", str(out)]) == 0
    # What is kept is taken up again: the graph of the second run is the same.
    graph = (out / metadata["file"]).read_bytes()
    monkeypatch.setattr(kept, "read_teacher", None)
    assert main(arguments) == 0
    assert (out / metadata["file"]).read_bytes() == graph


def test_a_speaker_is_judged_by_the_head_that_never_heard_him() -> None:
    speakers = tuple(f"one/{number}" for number in range(9))
    folds = speaker_folds(speakers, 3)
    heads = {fold: torch.nn.Linear(4, len(TRAINED_LABELS)) for fold in range(3)}
    for fold, head in heads.items():
        torch.nn.init.constant_(head.bias, float(fold))
        torch.nn.init.zeros_(head.weight)
    some = Statistics(
        values=torch.zeros(1, 3, 4),
        labels=torch.zeros(3, dtype=torch.long),
        speakers=(speakers[1], speakers[5], speakers[6]),
        corpora=("one",) * 3,
    )
    said = kept.left_out(some, heads, folds)
    own = [next(k for k, fold in enumerate(folds) if name in fold) for name in said.speakers]
    assert said.logits[:, 0].tolist() == [float(fold) for fold in own]
