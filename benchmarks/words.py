"""Transcripts: the time that aligning takes against the length of the sound, memory of large files.

    python -m benchmarks.words align [MINUTES ...]   # a plain text; 10 and 60 minutes
    python -m benchmarks.words cues [NUMBER]         # a million cues for ten seconds

- align: the sound and the text of the sample again and again. Time is that of the processor, on one
  thread, so that other work on the machine matters little; finding the speech is not counted.
- cues: each format is read and placed in a process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path

import numpy as np

from emoreport.media import open_audio, probe
from emoreport.records import SAMPLE_RATE_HZ, Span
from emoreport.speech.activity import SileroDetector
from emoreport.words.placing import place_words
from emoreport.words.select import open_aligner, words_of_file
from emoreport.words.transcript_files import read_transcript

SAMPLES = Path(__file__).parents[1] / "samples"
MINUTES = (10.0, 60.0)
CUES = 1_000_000
CUE_S = 0.36
SAID = "сегодня я расскажу вам"
DURATION_S = 10.0


def sample_text() -> str:
    """What is said in the sample."""
    sys.path.insert(0, str(SAMPLES))
    from talk_script import SCENES

    return " ".join(scene.words for scene in SCENES)


def align(work: Path, minutes: float) -> None:
    """Print the processor time of aligning a plain text of some length."""
    source = SAMPLES / "talk.mp4"
    info = probe(source)
    track = open_audio(source, info, duration_s=info.duration_s)
    sound = np.asarray(track.read(Span(0.0, info.duration_s)))
    times = round(60 * minutes * SAMPLE_RATE_HZ / len(sound))
    talk, said = work / "talk.wav", work / "talk.txt"
    with wave.open(str(talk), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(SAMPLE_RATE_HZ)
        for _ in range(times):
            stream.writeframes(np.round(sound * 32767).astype("<i2").tobytes())
    said.write_text("\n".join([sample_text()] * times), encoding="utf-8")
    info = probe(talk)
    file, aligner = read_transcript(said), open_aligner()
    track = open_audio(talk, info, duration_s=info.duration_s)
    speech = SileroDetector(0.5).detect(track)
    start_s = time.process_time()
    words = words_of_file(file, info.duration_s, speech, lambda: track, aligner)
    taken_s = time.process_time() - start_s
    print(
        f"{info.duration_s / 60:.0f} min, {len(words.words) + words.lost} words,"
        f" {100 * words.share_unplaced:.0f} % without a place: {taken_s:.1f} s of the processor,"
        f" {taken_s / info.duration_s:.4f} of the length",
        flush=True,
    )


def _clock(time_s: float, point: str) -> str:
    whole, rest = divmod(round(1000 * time_s), 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}{point}{rest:03d}"


def write_cues(path: Path, count: int) -> None:
    """A transcript of some cues, one after the other, four words each; a CSV has single words."""
    with path.open("w", encoding="utf-8") as file:
        kind = path.suffix
        file.write({".vtt": "WEBVTT\n\n", ".csv": "word,start,end\n"}.get(kind, ""))
        file.write('{"segments": [' if kind == ".json" else "")
        for number in range(count):
            start_s, end_s = number * CUE_S, (number + 1) * CUE_S
            if kind == ".csv":
                file.write(f"сегодня,{start_s:.3f},{end_s:.3f}\n")
            elif kind == ".json":
                segment = {"start": start_s, "end": end_s, "text": SAID}
                file.write((", " if number else "") + json.dumps(segment, ensure_ascii=False))
            else:
                start, end = (
                    _clock(at_s, "." if kind == ".vtt" else ",") for at_s in (start_s, end_s)
                )
                file.write(f"{number + 1}\n{start} --> {end}\n{SAID}\n\n")
        file.write("]}" if kind == ".json" else "")


def cues(work: Path, count: int) -> None:
    """Print the memory that reading and placing takes, by format, above that of the imports."""
    for kind in (".srt", ".vtt", ".json", ".csv"):
        path = work / f"talk{kind}"
        write_cues(path, count)
        told = subprocess.run(
            [sys.executable, "-m", "benchmarks.words", "read", str(path)],
            capture_output=True,
            text=True,
            check=True,
        )
        print(f"{kind}: {path.stat().st_size / 2**20:.0f} MiB; {told.stdout.strip()}", flush=True)
        path.unlink()


def read(path: Path) -> None:
    """Print the peak of this process while it reads and places a transcript."""
    from resource import RUSAGE_SELF, getrusage

    before_kb = getrusage(RUSAGE_SELF).ru_maxrss
    words = place_words(read_transcript(path), DURATION_S)
    peak_kb = getrusage(RUSAGE_SELF).ru_maxrss
    print(
        f"{len(words.words)} words placed, {words.lost} not;"
        f" {(peak_kb - before_kb) / 1024:.0f} MB above {before_kb / 1024:.0f}"
    )


def main() -> None:
    """Read the arguments and measure."""
    what, *values = sys.argv[1:] or ("",)
    with tempfile.TemporaryDirectory() as folder:
        if what == "align":
            for minutes in map(float, values or MINUTES):
                align(Path(folder), minutes)
        elif what == "cues":
            cues(Path(folder), int(values[0]) if values else CUES)
        elif what == "read":
            read(Path(values[0]))
        else:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
