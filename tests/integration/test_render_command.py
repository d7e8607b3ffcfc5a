from __future__ import annotations

from itertools import count
from pathlib import Path

import av
import numpy as np
import pytest
from av.codec.codec import UnknownCodecError

from emoreport.faces.detectors import has_solutions
from emoreport.media import encoding, open_video, probe
from emoreport.overlay.drawing import Overlay
from tests.fixtures import media
from tests.fixtures.media import Film, Sound, steady_times, tone, write_media
from tests.fixtures.rendered import (
    click_times,
    flash_times,
    flashes_and_clicks,
    frame_times,
    frames_of,
    results_for,
)
from tests.integration.conftest import Emoreport

UNEVEN_S = [0.0, 0.033, 0.05, 0.3, 0.301, 0.7, 1.1, 1.111, 1.9]
needs_solutions = pytest.mark.skipif(
    not has_solutions(), reason="this mediapipe carries no face models"
)


def rendered(emoreport: Emoreport, video: Path, *options: object, **values) -> Path:
    """The annotated video of a recording."""
    folder = results_for(video, Path("results") / video.stem.lstrip("-"), **values)
    outcome = emoreport("render", *options, folder, "--", video)
    assert outcome.code == 0, outcome.err
    return folder / "annotated.mp4"


# --------------------------------------------------------------------------- words


def test_what_is_said_is_drawn_where_it_is_asked_for(emoreport: Emoreport) -> None:
    video = media.constant_rate(Path("talk.mp4"), seconds=2.0, sound=tone(2.0))
    folder = results_for(video, Path("results"))
    outcome = emoreport("render", folder, video, "--words")
    assert outcome.code == 2
    assert "--transcript" in outcome.err
    assert not (folder / "annotated.mp4").exists()
    Path("talk.srt").write_text("1\n00:00:00,500 --> 00:00:01,000\nслова\n", encoding="utf-8")
    assert emoreport("retable", folder, "--transcript", "talk.srt").code == 0
    assert emoreport("render", folder, video, "--out", "plain.mp4").code == 0
    assert emoreport("render", folder, video, "--words", "--out", "said.mp4").code == 0
    pairs = zip(frames_of(Path("plain.mp4")), frames_of(Path("said.mp4")), strict=True)
    far = [int(np.abs(one.astype(int) - other).max()) for one, other in pairs]
    assert min(far[13:24]) > 60
    assert max(far[:12]) < 60


# --------------------------------------------------------------------------- time


@pytest.mark.parametrize("name", ["vfr.mkv", "vfr.mp4"])
def test_frame_times_of_a_variable_rate_are_kept(emoreport: Emoreport, name: str) -> None:
    video = media.variable_rate(Path(name), UNEVEN_S)
    assert frame_times(rendered(emoreport, video)) == pytest.approx(frame_times(video), abs=1e-3)


def test_the_hidden_part_before_an_edit_list_stays_hidden(emoreport: Emoreport) -> None:
    video = media.edit_list(Path("cut.mp4"), start_s=0.42)
    path = rendered(emoreport, video)
    assert frame_times(path) == pytest.approx(frame_times(video), abs=1e-3)
    numbers = [media.read_number(rgb) for rgb in frames_of(path)]
    assert numbers == [media.read_number(rgb) for rgb in frames_of(video)]


@pytest.mark.parametrize("late_s", [0.0, 0.4])
@pytest.mark.parametrize("steady", [True, False])
def test_sound_and_picture_stay_together(emoreport: Emoreport, late_s: float, steady: bool) -> None:
    times_s = steady_times(3.0) if steady else [0.05 * n + 0.013 * (n % 3) for n in range(60)]
    at_s = (times_s[16], times_s[40])
    video = flashes_and_clicks(Path("sync.mp4"), at_s, times_s, late_s=late_s)
    path = rendered(emoreport, video)
    seen, heard = flash_times(path), click_times(path)
    assert seen == pytest.approx(at_s, abs=1e-3)
    assert heard == pytest.approx(seen, abs=0.01)


def test_a_joined_clock_gives_the_times_of_the_analysis(emoreport: Emoreport) -> None:
    video = media.joined_clocks(Path("joined.ts"))
    assert frame_times(rendered(emoreport, video)) == pytest.approx(frame_times(video), abs=1e-3)


@pytest.mark.shared
@pytest.mark.parametrize(
    "name",
    [
        "av1.mkv",
        "face_then_none_vfr_hevc.mov",
        "h264_10bit.mp4",
        "no_audio_track_vfr.mp4",
        "none_then_face_vfr_hevc.mov",
        "two_video_two_audio_streams.mp4",
    ],
)
@pytest.mark.slow
def test_real_recordings_of_many_kinds_keep_their_times(emoreport: Emoreport, name: str) -> None:
    video = media.shared_video(name)
    path = rendered(emoreport, video)
    assert frame_times(path) == pytest.approx(frame_times(video), abs=1e-3)
    assert probe(path).has_audio == probe(video).has_audio


# --------------------------------------------------------------------------- form


def test_it_is_written_in_the_form_that_every_player_reads(emoreport: Emoreport) -> None:
    video = media.constant_rate(Path("talk.mp4"), sound=tone(2.0))
    with av.open(str(rendered(emoreport, video))) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        assert (picture.codec_context.name, picture.pix_fmt) == ("h264", "yuv420p")
        assert (picture.width, picture.height) == media.SIZE_PX
        assert sound.codec_context.name == "aac"
        assert len(container.streams) == 2


def test_without_h264_it_takes_what_there_is_and_says_so(
    emoreport: Emoreport, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = encoding.Codec

    def without_x264(name: str, mode: str) -> av.Codec:
        if name == "libx264":
            raise UnknownCodecError(name)
        return known(name, mode)

    monkeypatch.setattr(encoding, "Codec", without_x264)
    video = media.variable_rate(Path("vfr.mkv"), UNEVEN_S)
    folder = results_for(video, Path("results"))
    outcome = emoreport("render", folder, video)
    assert outcome.code == 0
    assert "mpeg4" in outcome.warnings[0]
    assert frame_times(folder / "annotated.mp4") == pytest.approx(frame_times(video), abs=1e-3)


@pytest.mark.parametrize("turn_deg", [90, 180, 270])
def test_a_turned_recording_is_upright(emoreport: Emoreport, turn_deg: int) -> None:
    video = media.rotated(Path("turned.mp4"), turn_deg)
    path = rendered(emoreport, video)
    info = probe(path)
    assert info.rotation_deg == 0
    assert (info.width_px, info.height_px) == (probe(video).width_px, probe(video).height_px)
    assert all(media.is_upright(rgb) for rgb in frames_of(path))


@pytest.mark.parametrize("size_px", [(161, 121), (162, 121)])
def test_odd_sides_are_rounded_up(emoreport: Emoreport, size_px: tuple[int, int]) -> None:
    film = Film(steady_times(0.4), size_px=size_px, pixel_format="yuv444p")
    path = rendered(emoreport, write_media(Path("odd.mkv"), [film]))
    assert frames_of(path)[0].shape[:2] == (122, 162)


def test_a_recording_without_sound_stays_without(emoreport: Emoreport) -> None:
    assert not probe(rendered(emoreport, media.no_audio(Path("mute.mp4")))).has_audio


def test_sound_that_goes_on_after_the_pictures_is_kept(emoreport: Emoreport) -> None:
    film, sound = Film(steady_times(1.0)), Sound(tone(1.8), codec="pcm_s16le")
    path = rendered(emoreport, write_media(Path("long.mkv"), [film], [sound]))
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        assert float(stream.duration * stream.time_base) == pytest.approx(1.8, abs=0.05)


@pytest.mark.parametrize("name", ["a b.mp4", "речь №1.mp4", "-dash.mp4", "=1+1.mp4"])
def test_names_of_any_kind_work(emoreport: Emoreport, name: str) -> None:
    video = media.no_audio(Path(name), seconds=0.4)
    target = Path(f"of {name}")
    rendered(emoreport, video, f"--out={target}")
    assert len(frames_of(target)) == 10


def test_damage_is_passed_over_and_told(emoreport: Emoreport) -> None:
    whole = media.constant_rate(Path("whole.mp4"), seconds=2.0, sound=tone(2.0))
    video = media.damage_packets(whole, Path("broken.mp4"), "video", span_s=(0.8, 1.0))
    folder = results_for(video, Path("results"))
    outcome = emoreport("render", folder, video)
    assert outcome.code == 0
    assert "could not be decoded" in outcome.warnings[0]
    assert frame_times(folder / "annotated.mp4") == pytest.approx(frame_times(video), abs=1e-3)


# --------------------------------------------------------------------------- what is drawn


def test_box_flag_and_language_show(emoreport: Emoreport) -> None:
    film = Film(steady_times(2.0), size_px=(640, 360))
    video = write_media(Path("talk.mp4"), [film], [Sound(tone(2.0))])
    pictures = {}
    for lang in ("en", "ru"):
        folder = results_for(video, Path("results") / lang, box=(350.0, 100.0, 90.0, 90.0))
        assert emoreport("render", folder, video, "--lang", lang).code == 0
        pictures[lang] = frames_of(folder / "annotated.mp4")
    before, after = pictures["en"][5].astype(int), pictures["en"][-5].astype(int)
    first, second = (np.abs(shown - (176, 0, 32)).max(axis=2) < 40 for shown in (before, after))
    assert (second & ~first).sum() > 500  # the flag comes up in the second half
    assert np.abs(pictures["ru"][-5].astype(int) - after).max() > 80
    plain = frames_of(video)[5].astype(int)
    assert np.abs(before - plain)[98:104, 360:380].max() > 60  # upper edge of the box
    assert np.abs(before - plain)[130:160, 370:420].mean() < 6  # the face stays as it is


# --------------------------------------------------------------------------- refusals


def test_another_video_is_refused_unless_forced(emoreport: Emoreport) -> None:
    video = media.no_audio(Path("talk.mp4"), seconds=0.4)
    other = media.no_audio(Path("other.mp4"), seconds=0.8)
    folder = results_for(video, Path("results"))
    outcome = emoreport("render", folder, other)
    assert outcome.code == 2
    assert "talk.mp4" in outcome.errors[0]
    assert "--force" in outcome.errors[0]
    assert not (folder / "annotated.mp4").exists()
    outcome = emoreport("render", folder, other, "--force")
    assert outcome.code == 0
    assert "not the video that was analysed" in outcome.warnings[0]
    assert len(frames_of(folder / "annotated.mp4")) == 20


def test_the_recording_itself_is_never_written_over(emoreport: Emoreport) -> None:
    video = media.no_audio(Path("talk.mp4"), seconds=0.4)
    before = video.read_bytes()
    folder = results_for(video, Path("results"))
    link = Path("link.mp4")
    link.symlink_to(video)
    for target in (video, link):
        outcome = emoreport("render", folder, video, "--out", target, "--overwrite")
        assert outcome.code == 2
        assert "the recording itself" in outcome.errors[0]
    assert video.read_bytes() == before


def test_a_file_that_is_there_is_replaced_only_when_asked(emoreport: Emoreport) -> None:
    video = media.no_audio(Path("talk.mp4"), seconds=0.4)
    target = rendered(emoreport, video)
    first = target.read_bytes()
    outcome = emoreport("render", "results/talk", video, "--lang", "ru")
    assert outcome.code == 1
    assert "ошибка: " in outcome.err
    assert "--overwrite" in outcome.err
    assert target.read_bytes() == first
    assert emoreport("render", "results/talk", video, "--overwrite").code == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--blur-face", "--mesh-only"], "exclude each other"),
        (["--out", "a.avi"], ".mp4"),
        (["--out", "folder.mp4"], "is a folder"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    emoreport: Emoreport, options: list[str], words: str
) -> None:
    Path("folder.mp4").mkdir()
    video = media.no_audio(Path("talk.mp4"), seconds=0.4)
    outcome = emoreport("render", results_for(video, Path("results")), video, *options)
    assert outcome.code == 2
    assert words in outcome.errors[0]


def test_a_missing_video_and_a_folder_without_results_are_named(emoreport: Emoreport) -> None:
    video = media.no_audio(Path("talk.mp4"), seconds=0.4)
    folder = results_for(video, Path("results"))
    outcome = emoreport("render", folder, "gone.mp4")
    assert (outcome.code, "gone.mp4" in outcome.errors[0]) == (2, True)
    Path("empty").mkdir()
    assert emoreport("render", "empty", video).code == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_an_interruption_leaves_what_was_there(
    emoreport: Emoreport, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    video = media.constant_rate(Path("talk.mp4"), sound=tone(2.0))
    target = rendered(emoreport, video)
    before, names = target.read_bytes(), sorted(path.name for path in target.parent.iterdir())
    calls, draw = count(), Overlay.draw

    def failing(self: Overlay, rgb: np.ndarray, time_s: float) -> np.ndarray:
        if next(calls) == 20:
            raise error
        return draw(self, rgb, time_s)

    monkeypatch.setattr(Overlay, "draw", failing)
    if error is KeyboardInterrupt:
        assert emoreport("render", "results/talk", video, "--overwrite").code == 130
    else:
        with pytest.raises(error):
            emoreport("render", "results/talk", video, "--overwrite")
    assert target.read_bytes() == before
    assert sorted(path.name for path in target.parent.iterdir()) == names


# --------------------------------------------------------------------------- privacy


@needs_solutions
@pytest.mark.slow
def test_with_blur_face_no_face_is_left_to_be_found(emoreport: Emoreport, clip: Path) -> None:
    from emoreport.faces.detectors import SolutionsDetector

    assert emoreport("analyze", clip, "--offline", "--fps", "5").code == 0
    folder = Path("statistics") / clip.stem
    outcome = emoreport("render", folder, clip, "--blur-face", "--out", "blurred.mp4")
    assert outcome.code == 0
    assert "Watch the video" in outcome.err
    detector = SolutionsDetector(min_score=0.5, thorough=True)
    originals = frames_of(clip)[::10]
    hidden = frames_of(Path("blurred.mp4"))[::10]
    assert all(detector.detect(rgb) for rgb in originals)
    assert not any(detector.detect(rgb) for rgb in hidden)
    for before, after in zip(originals, hidden, strict=True):
        box = detector.detect(before)[0].box
        inner = np.s_[
            int(box.y + 0.3 * box.height) : int(box.y + 0.9 * box.height),
            int(box.x + 0.1 * box.width) : int(box.x + 0.9 * box.width),
        ]
        # Steps between neighbours: a mosaic has them at a few edges only.
        steps = [np.abs(np.diff(one[inner].astype(int), axis=0)).mean() for one in (before, after)]
        assert steps[1] < 0.35 * steps[0]
    detector.close()


@needs_solutions
@pytest.mark.slow
def test_with_blur_face_pictures_without_a_known_face_are_hidden_whole(
    emoreport: Emoreport,
) -> None:
    # Stripes of black and white, 64 px wide, across the top; nothing in it is a face.
    film = Film(steady_times(0.2), size_px=(640, 480), first_number=0b10_1010_1010)
    video = write_media(Path("plain.mp4"), [film])
    folder = results_for(video, Path("results"), faceless=True)
    assert emoreport("render", folder, video, "--blur-face").code == 0
    stripes = np.s_[20:100, 390:506]
    for before, after in zip(frames_of(video), frames_of(folder / "annotated.mp4"), strict=True):
        assert before[stripes].std() > 100
        assert after[stripes].std() < 6


@needs_solutions
@pytest.mark.slow
def test_with_mesh_only_no_pixel_of_the_picture_is_left(emoreport: Emoreport, clip: Path) -> None:
    assert emoreport("analyze", clip, "--offline", "--fps", "5").code == 0
    folder = Path("statistics") / clip.stem
    outcome = emoreport("render", folder, clip, "--mesh-only", "--out", "mesh.mp4")
    assert outcome.code == 0
    assert frame_times(Path("mesh.mp4")) == pytest.approx(frame_times(clip), abs=1e-3)
    with open_video(Path("mesh.mp4")) as source:
        for frame in source:
            rgb = frame.rgb.astype(int)
            ground = np.abs(rgb - (24, 26, 30)).max(axis=2) < 14
            assert ground[200:400, :120].all()  # the person's shoulders and the wall are there
            assert ground[200:400, -120:].all()


# --------------------------------------------------------------------------- the recording


@pytest.mark.parametrize("command", ["render", "clips", "summary-sheet"])
def test_the_recording_is_found_through_the_run(emoreport: Emoreport, command: str) -> None:
    video = media.no_audio(Path("talk.mp4"), seconds=0.4)
    folder = results_for(video, Path("results") / "talk")
    assert emoreport(command, folder, "--quiet").code == 0
    moved = video.rename(video.with_name("elsewhere.mp4"))
    outcome = emoreport(command, folder, "--overwrite")
    assert outcome.code == 2
    assert "talk.mp4" in outcome.errors[0]
    assert "--video FILE" in outcome.errors[0]
    assert emoreport(command, folder, "--video", moved, "--overwrite").code == 0
    outcome = emoreport(command, folder, moved, "--video", moved, "--overwrite")
    assert outcome.code == 2
    assert "--video" in outcome.errors[0]
