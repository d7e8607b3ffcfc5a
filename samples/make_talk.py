"""Make the sample recording ``talk.mp4`` and its script ``talk.script.csv``.

Needs, besides emoreport: the extra ``sample`` (``pip install -e ".[sample]"``: scikit-image,
pooch, praat-parselmouth), the FaceMesh model inside mediapipe 0.10.21 (Python 3.11 or 3.12), and
Festival with a Russian voice (``apt-get install festival festvox-ru``).

The person is the portrait of the astronaut Eileen Collins that scikit-image carries as
``skimage.data.astronaut`` (NASA Great Images, public domain), moved like a puppet; the voice is
synthetic and acted by a program; the words and the numbers on the slide are invented for this
sample. The script says what was intended, which is an illustration and no evidence of how well
anything recognises it.

    python samples/make_talk.py --out samples/talk.mp4
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
from talk_paint import RgbImage
from talk_render import HEIGHT_PX, WIDTH_PX, HeadPose, Portrait
from talk_rig import Expression, FloatArray
from talk_script import CALM, EXPRESSIONS, FRAME_RATE_HZ, SCENES, starts_s, write_script
from talk_slide import draw_slide
from talk_voice import SAMPLE_RATE_HZ, MissingProgramError, mouth_track, sound_track

AUDIO_RATE_HZ: Final = 44_100
ONSET_S: Final = 0.36
"""How long a change of expression takes."""
BLINK_S: Final = 0.28
BLINK_EVERY_S: Final = (2.2, 4.2)
GLANCE_EVERY_S: Final = (0.7, 2.0)
GLANCE: Final = (2.2, 0.9)
"""How far the eyes wander to the side and down, in percent of the distance between them."""
SEED: Final = 7


def blink_times_s(duration_s: float) -> list[float]:
    """Return when the eyes close: irregular, the same in every run."""
    chance = np.random.default_rng(SEED)
    times, now_s = [], 1.4
    while now_s < duration_s:
        times.append(now_s)
        now_s += float(chance.uniform(*BLINK_EVERY_S))
    return times


def glances(duration_s: float) -> list[tuple[float, float, float]]:
    """Return when the eyes jump and where to, (time, right, down): as people's do, never still."""
    chance = np.random.default_rng(SEED)
    jumps, now_s = [(0.0, 0.0, 0.0)], 0.9
    while now_s < duration_s:
        right, down = chance.uniform(-1.0, 1.0, 2) * GLANCE
        jumps.append((now_s, float(right), float(down)))
        now_s += float(chance.uniform(*GLANCE_EVERY_S))
    return jumps


def eased(value: float) -> float:
    """Return the smooth step 0 → 1 of a share, clipped."""
    share = min(max(value, 0.0), 1.0)
    return share * share * (3.0 - 2.0 * share)


def expression_at(time_s: float) -> Expression:
    """Return the scripted expression; each scene's expression sets in as the scene begins."""
    starts = starts_s()
    now = EXPRESSIONS.get(SCENES[0].face, CALM)
    for scene, start_s in zip(SCENES[1:], starts[1:], strict=False):
        if time_s < start_s:
            break
        aim = EXPRESSIONS.get(scene.face, CALM)
        now = now.mixed(aim, eased((time_s - start_s) / ONSET_S))
    return now


def speaking(base: Expression, opening: float, rounding: float) -> Expression:
    """Return an expression with the mouth moved by speech."""
    reach = 0.42 + (0.2 if base.brow_knit > 1.0 else 0.0)
    return replace(
        base,
        smile=base.smile * (1.0 - 0.15 * opening),
        jaw=max(base.jaw * (0.55 + 0.45 * opening), reach * opening),
        pucker=base.pucker + 0.5 * rounding * (1.0 - base.smile),
        press=base.press * (1.0 - opening),
        brow_inner=base.brow_inner + 0.06 * opening,
        brow_outer=base.brow_outer + 0.06 * opening,
    )


def blinking(base: Expression, time_s: float, blinks_s: list[float]) -> Expression:
    """Return an expression with the lids closed around the times of a blink."""
    away_s = min((abs(time_s - blink_s) for blink_s in blinks_s), default=BLINK_S)
    return base.mixed(replace(base, blink=1.0), eased(1.4 - 2.8 * away_s / BLINK_S))


def pose_at(time_s: float, opening: float, face: Expression) -> HeadPose:
    """Return the slow sway of the head, with small nods while it speaks.

    A sad head hangs a little, an angry one comes forward.
    """

    def wave(period_s: float, phase: float) -> float:
        return float(np.sin(2.0 * np.pi * (time_s / period_s + phase)))

    return HeadPose(
        right_px=5.0 * wave(7.3, 0.1) + 2.0 * wave(3.1, 0.6),
        down_px=2.5 * wave(5.1, 0.3) + 2.0 * opening + 8.0 * face.frown * (1.0 - face.brow_knit),
        roll_rad=np.deg2rad(1.8 * wave(6.1, 0.0) + 0.8 * wave(2.7, 0.4)),
        yaw_rad=np.deg2rad(6.0 * wave(8.7, 0.2) + 2.5 * wave(3.7, 0.8)),
        scale=1.0 + 0.012 * wave(9.7, 0.5) + 0.03 * face.brow_knit,
    )


def frames(portrait: Portrait, mouth: FloatArray) -> Iterator[RgbImage]:
    """Yield the frames of the sample, RGB uint8 (480, 640, 3)."""
    starts = starts_s()
    blinks_s, jumps = blink_times_s(starts[-1]), glances(starts[-1])
    for number, (opening, rounding) in enumerate(mouth):
        time_s = number / FRAME_RATE_HZ
        scene = max(place for place, start_s in enumerate(starts[:-1]) if time_s >= start_s - 1e-6)
        if SCENES[scene].face == "no_face":
            yield draw_slide(time_s - starts[scene])
            continue
        face = blinking(
            speaking(expression_at(time_s), float(opening), float(rounding)), time_s, blinks_s
        )
        gaze = [jump[1:] for jump in jumps if jump[0] <= time_s][-1]
        pose = replace(pose_at(time_s, float(opening), face), gaze=gaze)
        yield portrait.draw(face, pose)


def encode(path: Path, pictures: Iterator[RgbImage], track: FloatArray) -> None:
    """Write H.264 and AAC into an MP4 whose index comes first."""
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        video = container.add_stream("libx264", rate=FRAME_RATE_HZ)
        video.width, video.height, video.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        video.time_base = Fraction(1, FRAME_RATE_HZ)
        video.options = {"crf": "22", "preset": "slow"}
        # One thread: the number of threads would change the result.
        video.thread_count = 1
        audio = container.add_stream("aac", rate=AUDIO_RATE_HZ, layout="mono", bit_rate=80_000)
        sound, played = sound_frames(track), 0
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FRAME_RATE_HZ)
            container.mux(video.encode(frame))
            # Sound beside the picture it belongs to.
            while sound and played / AUDIO_RATE_HZ <= number / FRAME_RATE_HZ:
                played += sound[0].samples
                container.mux(audio.encode(sound.pop(0)))
        for left in sound:
            container.mux(audio.encode(left))
        container.mux(video.encode())
        container.mux(audio.encode())


def sound_frames(track: FloatArray) -> list[av.AudioFrame]:
    """Return the sound as frames of 1024 float samples at `AUDIO_RATE_HZ`."""
    whole = av.AudioFrame.from_ndarray(track.astype(np.float32)[None], format="fltp", layout="mono")
    whole.sample_rate, whole.pts = SAMPLE_RATE_HZ, 0
    resampler = av.AudioResampler("fltp", "mono", AUDIO_RATE_HZ, frame_size=1024)
    made = [*resampler.resample(whole), *resampler.resample(None)]
    position = 0
    for frame in made:
        frame.pts, frame.time_base = position, Fraction(1, AUDIO_RATE_HZ)
        position += frame.samples
    return made


def main() -> int:
    """Make the sample; return the exit code."""
    parser = argparse.ArgumentParser(description="Make the sample recording and its script.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "talk.mp4")
    out: Path = parser.parse_args().out
    try:
        from skimage import data

        track = sound_track()
        photo = data.astronaut()
    except (ImportError, MissingProgramError) as error:
        print(f"{error}\nsee the top of {Path(__file__).name} for what is needed", file=sys.stderr)
        return 1
    temporary = out.with_name(f".{out.stem}.part{out.suffix}")
    try:
        encode(temporary, frames(Portrait(photo), mouth_track(track)), track)
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)
    write_script(out.with_suffix(".script.csv"))
    print(f"{out}: {out.stat().st_size / 1e6:.2f} MB, {starts_s()[-1]:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
