"""Whether the statistics of face against voice hold what they promise, on simulated talks.

    python -m benchmarks.validity_agreement [--talks 500] [--only uniform,coverage,power,lag,speed]

Talks come from tests/fixtures/talks.py: semi-Markov face and voice behind the models' confusion,
with gaps and pauses. With readings, they pass the whole path of the program: probabilities per
frame and per window, segmentation, bridge. Prints one line per figure of docs/statistics.md.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kstest

from emoreport.analysis.mismatch.agreement import agreement
from emoreport.analysis.mismatch.bootstrap import FIGURES, block_bootstrap
from emoreport.analysis.mismatch.lag import (
    LagResult,
    boxcar,
    circular_correlations,
    lead_and_lag,
    resample,
)
from emoreport.analysis.mismatch.shift_test import (
    MIN_POSITIONS,
    label_excess,
    mismatch_statistics,
    severity_shift_test,
    shift_test,
)
from emoreport.analysis.rows.sequences import JointSequence, LabelSequence, join
from tests.fixtures.talks import (
    Design,
    Talk,
    clip_talk,
    face_readings,
    masked,
    simulate_talk,
    talking_chain,
    voice_readings,
)
from tests.fixtures.validity import (
    VALENCE,
    Maker,
    covered,
    hard_joint,
    joints,
    planted_lag,
    read_joint,
    sequence_of,
    true_figures,
)

Doubles = NDArray[np.float64]

CONTRAST = (4, 4, 4, 0, 5, 4, 2)  # happiness goes with anger, neutral with sadness, …
SLOW = {
    "face": talking_chain(neutral_s=15.0, other_s=8.0),
    "voice": talking_chain(neutral_s=20.0, other_s=12.0),
}
INDEPENDENT = {
    "usual": Design(),
    "slow": Design(**SLOW),
    "no errors": Design(errors=False),
    "sparse": Design(speech_s=20.0, pause_s=40.0, face_present_s=40.0, gap_s=20.0),
}
DEPENDENT = {
    "agree 0.3": Design(coupling=0.3),
    "agree 0.6": Design(coupling=0.6),
    "contrast 0.6": Design(coupling=0.6, mapping=CONTRAST),
    "long stretches": Design(coupling=0.5, errors=False),
}


# ----------------------------------------------------------------------------------------- the test


def by_overlap(joint: JointSequence, least_s: float = 0.0) -> float:
    """P-value of a test in which a position is as sure as its overlap is long.

    Shifts below `least_s` seconds are left out. Neither holds, which is shown here.
    """
    steps = max(MIN_POSITIONS, int(np.ceil(joint.duration_s / 0.25)))
    step_s = joint.duration_s / steps
    time_s = (np.arange(steps) + 0.5) * step_s
    places = np.searchsorted(joint.edges_s, time_s, side="right") - 1
    excess, overlap = label_excess(
        joint.face_label[places], joint.voice_label[places], joint.labels
    )
    skipped = max(1, int(least_s / step_s))
    scaled = excess * np.sqrt(overlap)
    others = scaled[skipped : steps - skipped + 1]
    others = others[~np.isnan(others)]
    more = (1 + np.count_nonzero(others >= scaled[0])) / (len(others) + 1)
    less = (1 + np.count_nonzero(others <= scaled[0])) / (len(others) + 1)
    return float(min(1.0, 2.0 * min(more, less)))


def one_presence(talk: Talk, _rng: np.random.Generator) -> JointSequence:
    """Speech only where a face is seen: the gaps hang together, the labels do not."""
    return join(
        sequence_of(masked(talk.face, talk.speech_presence)),
        sequence_of(masked(talk.voice, talk.face_presence)),
    )


def clips(talks: int, maker: Maker, *, in_common: bool) -> list[JointSequence]:
    """Recordings of 40 clips of 8 to 20 s with labels of pure chance."""
    made = []
    for number in range(talks):
        rng = np.random.default_rng([8, number])
        made.append(maker(clip_talk(rng, 40, in_common=in_common), rng))
    return made


def uniform(talks: int) -> None:
    """P-values of independent faces and voices."""
    print("\n# uniform: p-values of independent talks; KS p, share <= 0.05, share <= 0.01")
    cases: list[tuple[str, Design, float, Maker]] = [
        (name, design, length_s, hard_joint)
        for name, design in INDEPENDENT.items()
        for length_s in (120.0, 300.0, 600.0)
    ]
    cases += [("gaps in common", INDEPENDENT["usual"], 300.0, one_presence)]
    cases += [
        ("readings", INDEPENDENT["usual"], length_s, read_joint) for length_s in (180.0, 600.0)
    ]
    made_of = [
        (name, length_s, maker, joints(design, length_s, talks, maker, seed=1))
        for name, design, length_s, maker in cases
    ]
    made_of += [
        (name, 560.0, maker, clips(talks, maker, in_common=in_common))
        for name, in_common in (("clips", True), ("clips, own", False))
        for maker in (hard_joint, read_joint)
    ]
    for name, length_s, maker, made in made_of:
        columns = {
            "labels": [shift_test(joint).p_value for joint in made],
            "by overlap": [by_overlap(joint) for joint in made],
            "no shifts < 10 s": [by_overlap(joint, 10.0) for joint in made],
        }
        if maker is read_joint:
            columns["distances"] = [severity_shift_test(joint).p_value for joint in made]
        for column, values in columns.items():
            known = np.array([value for value in values if value is not None])
            if len(known) < 20:
                print(f"{name:15s} {length_s:5.0f} s  {column:17s} tested {len(known):4d}")
                continue
            print(
                f"{name:15s} {length_s:5.0f} s  {column:17s} tested {len(known):4d}  "
                f"KS {kstest(known, 'uniform').pvalue:.3f}  {np.mean(known <= 0.05):.3f}  "
                f"{np.mean(known <= 0.01):.3f}",
                flush=True,
            )


def power(talks: int) -> None:
    """Verdicts for planted agreement and disagreement."""
    print("\n# power: verdicts on labels / on distributions, from readings; mean kappa")
    for name, design in {"independent": Design(), **DEPENDENT}.items():
        for length_s in (180.0, 600.0, 1800.0):
            found = [
                mismatch_statistics(joint, draws=499)
                for joint in joints(design, length_s, talks, read_joint, seed=2)
            ]
            verdicts = Counter(one.verdict for one in found)
            soft = Counter(one.severity_verdict for one in found)
            kappa = np.mean([one.agreement.kappa or 0.0 for one in found])
            words = "  ".join(
                f"{word} {verdicts[word] / talks:.2f}/{soft[word] / talks:.2f}"
                for word in ("less", "as_much", "more", "not_enough_data")
            )
            print(f"{name:15s} {length_s:5.0f} s  {words}  kappa {kappa:+.3f}", flush=True)


# ------------------------------------------------------------------------------------ the intervals


def long_run(design: Design, maker: Maker, hours: int) -> dict[str, float]:
    """The figures of a talk of many hours."""
    parts = joints(design, 3600.0, hours, maker, seed=3)
    whole = agreement(join(*(_chain(side) for side in zip(*_sides(parts), strict=True))))
    return {name: float(getattr(whole, name)) for name in FIGURES}


def _sides(parts: Sequence[JointSequence]) -> list[tuple[LabelSequence, LabelSequence]]:
    return [(part.face, part.voice) for part in parts]


def _chain(parts: Sequence[LabelSequence]) -> LabelSequence:
    ends_s = np.cumsum([part.edges_s[-1] for part in parts])
    starts_s = np.append(0.0, ends_s[:-1])
    edges_s = [part.edges_s[:-1] + start for part, start in zip(parts, starts_s, strict=True)]
    return LabelSequence(
        np.append(np.concatenate(edges_s), ends_s[-1]),
        np.concatenate([part.label for part in parts]),
        np.concatenate([part.distribution for part in parts]),
    )


def coverage(talks: int, hours: int = 100) -> None:
    """How often the 95 % intervals hold the figures of the process."""
    print(f"\n# coverage: share of intervals with the true figure (width); {', '.join(FIGURES)}")
    designs = {"independent": Design(), **DEPENDENT}
    cases = [(hard_joint, name, (600.0, 900.0, 1800.0, 3600.0)) for name in designs]
    cases += [(read_joint, name, (600.0, 900.0, 1800.0)) for name in ("independent", "agree 0.6")]
    for maker, name, lengths_s in cases:
        design, read = designs[name], maker is read_joint
        true = long_run(design, maker, hours) if read else true_figures(design)
        words = " ".join(f"{true[key]:.4f}" for key in FIGURES)
        print(f"{'readings' if read else 'labels'}, {name}: true {words}")
        for length_s in lengths_s:
            print(coverage_line(design, true, length_s, talks, maker), flush=True)


def coverage_line(
    design: Design, true: dict[str, float], length_s: float, talks: int, maker: Maker
) -> str:
    """One line: talks with an interval, coverage and median width of each figure."""
    shares = covered(design, true, length_s, talks, maker)
    words = "  ".join(f"{share:.3f} ({width:.2f})" for share, width, _ in shares.values())
    given = {name: count for name, (_, _, count) in shares.items()}
    return f"  {length_s:5.0f} s  given {given['kappa'] / talks:.2f}  {words}"


# ----------------------------------------------------------------------------------- lead and lag


def lag(talks: int) -> None:
    """What is found of a planted lag of 0.8 s, and how often where there is none."""
    print("\n# lag: verdicts; where there is evidence: error, share within 0.1 s, coverage")
    planted = {
        "independent": Design(),
        "0.8 s, 0.4": Design(coupling=0.4, lag_s=0.8),
        "0.8 s, 0.8": Design(coupling=0.8, lag_s=0.8),
        "0.8 s, 0.8, no errors": Design(coupling=0.8, lag_s=0.8, errors=False),
    }
    for name, design in planted.items():
        for readings in (False, True):
            for length_s in (600.0, 1800.0, 3600.0):
                found = [
                    planted_lag(design, length_s, number, readings=readings)
                    for number in range(talks)
                ]
                kind = "readings" if readings else "fine"
                print(
                    f"{name:22s} {kind:8s} {length_s:5.0f} s  {lag_words(found, 0.8)}", flush=True
                )


def lag_words(found: Sequence[LagResult], true_s: float) -> str:
    """Sum up what was found."""
    leads = Counter(one.lead for one in found)
    words = "  ".join(f"{word} {count / len(found):.2f}" for word, count in leads.most_common())
    lags_s = np.array([one.lag_s for one in found if one.lag_s is not None])
    if not len(lags_s):
        return words
    bounds = np.array([one.interval_s for one in found if one.interval_s is not None])
    holds = (bounds[:, 0] <= true_s) & (true_s <= bounds[:, 1])
    error_s = np.abs(lags_s - true_s)
    return (
        f"{words}  median error {np.median(error_s):.3f} s  within 0.1 s "
        f"{np.mean(error_s <= 0.1):.2f}  covered {holds.mean():.3f}  "
        f"width {np.median(np.ptp(bounds, axis=1)):.2f} s"
    )


def surrogates(talks: int) -> None:
    """False findings at 5 %: circular shifts against random phases, valence from readings."""
    print("\n# surrogates: share of independent talks with p <= 0.05, circular / random phases")
    for name, design in (("usual", INDEPENDENT["usual"]), ("slow", INDEPENDENT["slow"])):
        for length_s in (600.0, 1200.0):
            circular, phases = [], []
            for number in range(talks):
                rng = np.random.default_rng([6, number])
                talk = simulate_talk(rng, length_s, design)
                time_s, rows = face_readings(rng, talk, rate_hz=10.0)
                start_s, end_s, _, heard = voice_readings(rng, talk)
                centre_s = 0.5 * (start_s + end_s)
                face, voice = rows @ VALENCE, heard @ VALENCE
                found = lead_and_lag(time_s, face, centre_s, voice, window_s=3.0, draws=1)
                circular.append(found.p_value)
                one = boxcar(resample(time_s, face, time_s, 0.1), 30.0)
                other = resample(centre_s, voice, time_s, 0.1)
                phases.append(random_phase_p(one, other, rng))
            shares = [np.mean(np.array(values) <= 0.05) for values in (circular, phases)]
            tests = [kstest(values, "uniform").pvalue for values in (circular, phases)]
            print(
                f"{name:8s} {length_s:5.0f} s  {shares[0]:.3f} / {shares[1]:.3f}  "
                f"KS {tests[0]:.3f} / {tests[1]:.3f}",
                flush=True,
            )


def random_phase_p(one: Doubles, other: Doubles, rng: np.random.Generator) -> float:
    """The same peak test with phase-randomised surrogates of the second series (99 of them)."""
    reach = 50
    near = np.arange(-reach, reach + 1)
    one, other = one - np.nanmean(one), other - np.nanmean(other)

    def peak(series: Doubles) -> float:
        correlation, overlap = circular_correlations(one, series, reach)
        return float(np.max(np.abs(np.nan_to_num(correlation[near])) * np.sqrt(overlap[near])))

    observed, spectrum = peak(other), np.abs(np.fft.rfft(np.nan_to_num(other)))
    count = 1
    for _ in range(99):
        turned = spectrum * np.exp(2j * np.pi * rng.uniform(size=len(spectrum)))
        surrogate = np.where(np.isnan(other), np.nan, np.fft.irfft(turned, len(other)))
        count += peak(surrogate - np.nanmean(surrogate)) >= observed
    return count / 100.0


# --------------------------------------------------------------------------------------- the price


def speed(_talks: int) -> None:
    """Time of everything for one hour at 25 frames per second."""
    print("\n# speed: one hour, seconds of one thread")
    rng = np.random.default_rng(7)
    talk = simulate_talk(rng, 3600.0, Design(coupling=0.3))
    joint = read_joint(talk, rng)
    time_s, rows = face_readings(rng, talk)
    start_s, end_s, _, heard = voice_readings(rng, talk)
    print(f"{len(time_s)} frames, {len(start_s)} windows, {len(joint.edges_s) - 1} cells")
    jobs: dict[str, Callable[[], object]] = {
        "agreement": lambda: agreement(joint),
        "shift test, labels": lambda: shift_test(joint),
        "shift test, distances": lambda: severity_shift_test(joint),
        "bootstrap, 1999 draws": lambda: block_bootstrap(joint),
        "all of them": lambda: mismatch_statistics(joint),
        "lead and lag": lambda: lead_and_lag(
            time_s, rows @ VALENCE, 0.5 * (start_s + end_s), heard @ VALENCE, window_s=3.0
        ),
    }
    for name, job in jobs.items():
        before = time.perf_counter()
        job()
        print(f"{name:22s} {time.perf_counter() - before:.2f} s")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


SECTIONS = {
    "uniform": uniform,
    "power": power,
    "coverage": coverage,
    "lag": lag,
    "surrogates": surrogates,
    "speed": speed,
}


def main() -> None:
    """Print the sections that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--talks", type=int, default=500)
    parser.add_argument("--only", default=",".join(SECTIONS))
    arguments = parser.parse_args()
    for name in arguments.only.split(","):
        SECTIONS[name](arguments.talks)


if __name__ == "__main__":
    main()
