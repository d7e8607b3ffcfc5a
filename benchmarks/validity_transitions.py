"""Check the statistics of transitions, durations and comparisons on talks whose truth is known.

    python -m benchmarks.validity_transitions [--talks 500] [--seed 0] [--only NAME]

Prints the figures of docs/statistics.md: uniformity of the permutation p-values, coverage of the
intervals, bias of the duration estimates against the naive mean, time and memory for one hour.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats
from scipy.integrate import simpson

from emoreport.analysis.numeric.shuffling import shuffled_orders
from emoreport.analysis.rows.evidence import FrameEvidence
from emoreport.analysis.rows.firmness import firm_faces
from emoreport.analysis.rows.segmentation import segment_faces
from emoreport.analysis.talks.groups import compare_groups
from emoreport.analysis.talks.pairs import compare_pairs
from emoreport.analysis.talks.two import compare_talks
from emoreport.analysis.transitions.chains import (
    entropy_rate,
    pair_counts,
    poisson_rate,
    transition_counts,
    unbroken_chains,
)
from emoreport.analysis.transitions.durations import dwell_times, recovery_time
from emoreport.analysis.transitions.order import holm_correction, order_p_values
from emoreport.analysis.transitions.sensitivity import sensitivity
from emoreport.analysis.transitions.talk_figures import (
    EMOTION_SHARE,
    Talk,
    describe_talk,
    talk_measures,
)
from emoreport.analysis.transitions.transition_statistics import transition_statistics
from emoreport.records import FaceTrack
from emoreport.results import VideoInterval
from emoreport.settings import AnalysisSettings
from tests.fixtures import talks
from tests.fixtures.talk_rows import (
    WEIGHTS,
    compared,
    random_order,
    rows_of,
    talk_of,
    talk_with_words,
)
from tests.fixtures.talks import NEUTRAL, VOICE_LABELS, Chain, Design, Runs

HAPPINESS = VOICE_LABELS.index("happiness")
SADNESS = VOICE_LABELS.index("sadness")
SIGNIFICANT = 0.05
TALK_S = 600.0


def uniformity(p_values: Sequence[float]) -> str:
    """Kolmogorov–Smirnov test against the uniform distribution, and the share below 0.05."""
    found = stats.kstest(p_values, "uniform")
    small = np.mean(np.asarray(p_values) <= SIGNIFICANT)
    return f"{len(p_values)} talks: KS p = {found.pvalue:.3f}, p ≤ 0.05 in {small:.3f}"


def without_ties(rng: np.random.Generator, counts: np.ndarray) -> float:
    """P-value of the first of all counts with ties decided at random.

    Counts are whole numbers: a p-value that counts ties against the observed one, as the package
    does, is too large on purpose. Only this one can be uniform.
    """
    away = np.abs(counts - counts.mean())
    ties = np.isclose(away, away[0])
    return float((np.sum((away > away[0]) & ~ties) + rng.uniform() * ties.sum()) / len(away))


def order(rng: np.random.Generator, number: int) -> None:
    """Permutation test of the order: true null, planted order, and what models' errors do."""
    free = np.where(np.eye(len(WEIGHTS), dtype=bool), 0.0, WEIGHTS) / (1.0 - WEIGHTS)[:, np.newaxis]
    planted = free.copy()
    planted[HAPPINESS] *= 0.75
    planted[HAPPINESS, SADNESS] += 0.25
    mean_s = np.full(len(WEIGHTS), 4.0)
    null = Design(face=Chain(mean_s, free), errors=False)
    some = Design(face=Chain(mean_s, planted), errors=False)
    wrong = Design(face=Chain(mean_s, free))
    cases: dict[str, Callable[[], Runs]] = {
        "random order": lambda: random_order(rng, [5, 20, 3, 40, 1, 12, 60]),
        "memoryless, 10 min": lambda: talks.simulate_talk(rng, TALK_S, null).face,
        "a quarter of happiness planted to end in sadness, 10 min": lambda: (
            talks.simulate_talk(rng, TALK_S, some).face
        ),
        "the same, 30 min": lambda: talks.simulate_talk(rng, 3 * TALK_S, some).face,
        "memoryless behind models' errors, 10 min": lambda: (
            talks.simulate_talk(rng, TALK_S, wrong).face
        ),
    }
    for name, simulate in cases.items():
        _order_case(rng, name, simulate, number)


def _order_case(
    rng: np.random.Generator, name: str, simulate: Callable[[], Runs], number: int
) -> None:
    common, exact, given, corrected = [], [], [], []
    for _ in range(number):
        chains = unbroken_chains(rows_of(simulate()))
        observed = transition_counts(chains)
        orders = shuffled_orders(chains.label, chains.chain, 999, seed=int(rng.integers(2**31)))
        shuffled = pair_counts(orders, chains.linked, len(chains.labels))
        p_values, p_value = order_p_values(observed, shuffled)
        common.append(1.0 if p_value is None else p_value)
        place = tuple(chains.labels.index(VOICE_LABELS[label]) for label in (HAPPINESS, SADNESS))
        exact.append(without_ties(rng, np.append(observed[place], shuffled[:, *place])))
        given.append(p_values[place] <= SIGNIFICANT)
        known = p_values[~np.isnan(p_values)]
        corrected.append(holm_correction(known).min(initial=1.0) <= SIGNIFICANT)
    print(f"order, {name}")
    print(f"  all pairs together: {uniformity(common)}")
    print(f"  happiness → sadness alone, ties at random: {uniformity(exact)}")
    print(f"  the same as given: p ≤ 0.05 in {np.mean(given):.3f}")
    print(f"  any pair, Holm's correction: {np.mean(corrected):.3f}")


def rates(rng: np.random.Generator, number: int) -> None:
    """Coverage of the Poisson interval of the rate where it is exact, and where it is not."""
    equal = np.full(7, 5.0)
    for shape, name in ((1.0, "a Poisson process"), (2.0, "gamma visits of shape 2")):
        chain = Chain(equal, np.where(np.eye(7, dtype=bool), 0.0, 1.0 / 6.0), shape)
        hits = []
        for _ in range(4 * number):
            runs = talks.simulate_chain(rng, chain, TALK_S)
            rate = poisson_rate(len(runs.label) - 1, TALK_S)
            hits.append(rate.low <= 12.0 <= rate.high)
        print(f"rate, {name}: Garwood interval covers {np.mean(hits):.3f} of {len(hits)}")


def durations(rng: np.random.Generator, number: int) -> None:
    """Bias and coverage of the durations: Kaplan–Meier against naive means."""
    chain = talks.talking_chain(neutral_s=12.0, other_s=4.0)
    design = Design(face=chain, face_present_s=25.0, gap_s=3.0, errors=False)
    limit_s = 20.0
    scale = chain.mean_s[NEUTRAL] / chain.shape
    visit = stats.gamma(chain.shape, scale=scale)
    whole = np.linspace(0.0, limit_s, 20_001)
    truth = {"mean": simpson(visit.sf(whole), x=whole), "median": visit.median()}
    found = defaultdict(list)
    away_s = _true_recovery(rng, chain)
    home = {"mean": np.minimum(away_s, limit_s).mean(), "median": np.median(away_s)}
    for _ in range(number):
        rows = rows_of(talks.simulate_talk(rng, 1200.0, design).face)
        neutral = next(
            one for one in dwell_times(rows, limit_s=limit_s) if one.emotion == "neutral"
        )
        lengths = [row.span.duration_s for row in rows if row.emotion == "neutral"]
        found["naive mean"].append(np.mean(lengths))
        found["naive mean, cut"].append(np.minimum(lengths, limit_s).mean())
        _collect(found, "dwell", neutral.durations, truth)
        _collect(found, "recovery", recovery_time(rows, limit_s=limit_s), home)
    print(f"dwell in neutral, 20 min with gaps, true mean {visit.mean():.2f} s")
    print(f"  naive mean {np.mean(found['naive mean']):.2f} s")
    print(
        f"  up to {limit_s:.0f} s: true {truth['mean']:.2f} s, naive "
        f"{np.mean(found['naive mean, cut']):.2f} s"
    )
    for name, target in (("dwell", truth), ("recovery", home)):
        for kind in ("mean", "median"):
            values = found[name, kind]
            error = np.std(values, ddof=1) / np.sqrt(len(values))
            print(
                f"  {name}, {kind}: true {target[kind]:.3f} s, estimated {np.mean(values):.3f} s "
                f"(± {1.96 * error:.3f}), interval covers {np.mean(found[name, kind, 'hit']):.3f}"
            )


def _true_recovery(rng: np.random.Generator, chain: Chain) -> np.ndarray:
    runs = talks.simulate_chain(rng, chain, 1e6)
    visits = np.flatnonzero(runs.label == NEUTRAL)
    return runs.edges_s[visits[1:]] - runs.edges_s[visits[:-1] + 1]


def _collect(found: dict, name: str, estimate: object, truth: dict[str, float]) -> None:
    for kind in ("mean", "median"):
        value = getattr(estimate, f"{kind}_s")
        low, high = getattr(estimate, f"{kind}_low_s"), getattr(estimate, f"{kind}_high_s")
        if value is not None and low is not None:
            found[name, kind].append(value)
            found[name, kind, "hit"].append(
                low <= truth[kind] <= (np.inf if high is None else high)
            )


def entropy(rng: np.random.Generator, number: int) -> None:
    """Bias of the corrected entropy rate in short talks."""
    chain = talks.talking_chain()
    share = chain.visit_share
    logs = np.log2(chain.jump, out=np.zeros(chain.jump.shape), where=chain.jump > 0)
    truth = -(share[:, np.newaxis] * chain.jump * logs).sum()
    print(f"entropy rate, true {truth:.3f} bits")
    for minutes in (3, 5, 10, 30):
        values = []
        for _ in range(number):
            runs = talks.simulate_chain(rng, chain, 60.0 * minutes)
            result = entropy_rate(transition_counts(unbroken_chains(rows_of(runs))))
            if result.corrected_bits is not None:
                values.append(result.corrected_bits)
        if values:
            given = len(values) / number
            print(f"  {minutes} min: given in {given:.2f}, corrected {np.mean(values):.3f}")


def comparison(rng: np.random.Generator, number: int) -> None:
    """Coverage of the intervals of the difference of two talks."""
    _coverage(rng, number, talk_of)


def words(rng: np.random.Generator, number: int) -> None:
    """The same for talks with words that say something."""
    _coverage(rng, number, talk_with_words)


def _coverage(
    rng: np.random.Generator,
    number: int,
    make: Callable[[np.random.Generator, float, Design], Talk],
) -> None:
    one = Design(coupling=0.3)
    other = Design(face=talks.talking_chain(neutral_s=4.0, other_s=4.0, back=0.4), coupling=0.6)
    truth = [
        {
            (row.measure, row.emotion): row.course.value
            for row in talk_measures(make(rng, 1e6, design), VOICE_LABELS)
        }
        for design in (one, other)
    ]
    for duration_s in (180.0, 300.0, TALK_S, 1800.0):
        hits, given = defaultdict(list), defaultdict(list)
        for _ in range(number):
            first, second = (make(rng, duration_s, side) for side in (one, other))
            for row in compare_talks(first, second):
                key = (row.measure, row.emotion)
                given[row.measure].append(row.low is not None)
                if row.low is not None:
                    hits[row.measure].append(row.low <= truth[1][key] - truth[0][key] <= row.high)
        print(f"difference of two talks of {duration_s / 60:.0f} min, behind models' errors")
        for measure, values in given.items():
            text = f"{np.mean(hits[measure]):.3f}" if hits[measure] else "–"
            print(f"  {measure}: interval given in {np.mean(values):.2f}, covers {text}")


def groups(rng: np.random.Generator, number: int) -> None:
    """Coverage and p-values for two groups of eight talks whose speakers differ."""

    def speaker() -> Talk:
        return talk_of(rng, 300.0, _person(rng))

    hits, p_values = defaultdict(list), defaultdict(list)
    for _ in range(number):
        result = compare_groups(
            [speaker() for _ in range(8)],
            [speaker() for _ in range(8)],
            seed=int(rng.integers(2**31)),
            resamples=999,
        )
        for row in result:
            if row.measure == EMOTION_SHARE and row.emotion != "neutral":
                continue
            hits[row.measure].append(row.low <= 0.0 <= row.high)
            p_values[row.measure].append(row.p_value)
    print("two groups of eight talks of 5 min, no difference")
    for measure, values in hits.items():
        print(
            f"  {measure}: interval covers {np.mean(values):.3f}; {uniformity(p_values[measure])}"
        )


def paired(rng: np.random.Generator, number: int) -> None:
    """Coverage and p-values for eight people before and after; nobody changes."""
    hits, p_values = defaultdict(list), defaultdict(list)
    for _ in range(number):
        people = [_person(rng) for _ in range(8)]
        before, after = ([talk_of(rng, 300.0, person) for person in people] for _ in range(2))
        for row in compare_pairs(before, after):
            key = row.measure if row.emotion is None else f"{row.measure}, {row.emotion}"
            hits[key].append(row.low <= 0.0 <= row.high)
            # There are 128 possible p-values only: uniform with the tie of the talks as they are
            # decided at random.
            p_values[key].append(row.p_value - rng.uniform() * row.least_p)
    print("eight people before and after, talks of 5 min, no difference")
    for key, values in hits.items():
        print(f"  {key}: interval covers {np.mean(values):.3f}; {uniformity(p_values[key])}")


def _person(rng: np.random.Generator) -> Design:
    """How one speaker talks; speakers differ."""
    chain = talks.talking_chain(
        neutral_s=6.0 * rng.lognormal(0.0, 0.4), other_s=3.0 * rng.lognormal(0.0, 0.2)
    )
    return Design(face=chain, coupling=rng.uniform(0.1, 0.6))


def speed(rng: np.random.Generator, number: int) -> None:
    """Time and memory for all of it on one talk of an hour."""
    del number
    talk = talks.simulate_talk(rng, 3600.0)
    time_s, table = talks.face_readings(rng, talk)
    seen = ~np.isnan(table).any(axis=1)
    box = np.where(seen[:, np.newaxis], 120.0, np.nan) * np.ones((1, 4))
    faces = FaceTrack(
        labels=VOICE_LABELS,
        time_s=time_s,
        frame=np.arange(len(time_s)),
        faces=seen.astype(np.int64),
        box=box.astype(np.float32),
        detection_score=np.where(seen, 0.95, np.nan).astype(np.float32),
        probabilities=table.astype(np.float32),
        extra={"yaw_deg": np.zeros(len(time_s), np.float32)},
    )
    settings = AnalysisSettings()

    def relabel(rows: tuple[VideoInterval, ...]) -> tuple[VideoInterval, ...]:
        return firm_faces(FrameEvidence(faces, 3600.0), rows, "normal")

    def timed(name: str, work: Callable[[], object]) -> None:
        begin, used = time.perf_counter(), time.process_time()
        work()
        wall_s, processor_s = time.perf_counter() - begin, time.process_time() - used
        print(f"  {name}: {processor_s:.2f} s of processor time, {wall_s:.2f} s")

    rows = relabel(segment_faces(faces, 3600.0, settings))
    print(f"one hour, {len(faces)} frames, {len(rows)} intervals")
    both = Talk("", rows, compared(talk.face, talk.voice))
    work: dict[str, Callable[[], object]] = {
        "rows and abstention": lambda: relabel(segment_faces(faces, 3600.0, settings)),
        "transition statistics": lambda: transition_statistics(rows),
        "durations": lambda: (dwell_times(rows), recovery_time(rows)),
        "sensitivity": lambda: sensitivity(faces, 3600.0, settings, relabel=relabel),
        "figures with intervals": lambda: describe_talk(both),
    }
    for name, part in work.items():
        timed(name, part)
    timed("all of it", lambda: [part() for part in work.values()])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  peak of the process {peak:.0f} MB")


PARTS: dict[str, Callable[[np.random.Generator, int], None]] = {
    "speed": speed,
    "rates": rates,
    "durations": durations,
    "entropy": entropy,
    "comparison": comparison,
    "words": words,
    "groups": groups,
    "paired": paired,
    "order": order,
}


def main() -> None:
    """Run the parts asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--talks", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=sorted(PARTS))
    arguments = parser.parse_args()
    for name, part in PARTS.items():
        if arguments.only in {None, name}:
            part(np.random.default_rng(arguments.seed), arguments.talks)


if __name__ == "__main__":
    main()
