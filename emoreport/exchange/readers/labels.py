"""Turn what people write in a coding into the labels of the tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from emoreport.errors import SettingsError
from emoreport.records import LabelledSpan, Span
from emoreport.tiers.raw import FormatError, RawSpan
from emoreport.vocabulary import ALL_LABELS, label_named, plain_name

SHOWN: Final = 8
"""So many unknown labels a message lists."""


def parse_map(renamings: Iterable[str], labels: Sequence[str]) -> dict[str, str]:
    """Renamings of labels: ``irritated=anger``.

    Parameters
    ----------
    renamings
        As they were given on the command line.
    labels
        Labels that there are.

    Returns
    -------
    New label by what is written, in the form that `plain_name` gives.

    Raises
    ------
    SettingsError
        When an entry has no equals sign, leads to no known label, or gives one text two meanings.
    """
    plain_labels = {plain_name(label) for label in labels}
    mapping: dict[str, str] = {}
    for renaming in renamings:
        old, sign, new = renaming.partition("=")
        if not sign or not plain_name(old) or not plain_name(new):
            raise SettingsError("coding.map", renaming=renaming)
        if plain_name(new) not in plain_labels:
            raise SettingsError(
                "coding.map_to_nothing", label=new.strip(), labels=", ".join(labels)
            )
        if mapping.setdefault(plain_name(old), plain_name(new)) != plain_name(new):
            raise SettingsError("coding.map_twice", label=old)
    return mapping


def standard_label(text: str, mapping: Mapping[str, str], allowed: Sequence[str]) -> str | None:
    """The label that a text means; None if it means none of those allowed.

    A text may be a label of the tables, one of the names that `label_named` knows, or what
    `mapping` renames to one of these.
    """
    written = plain_name(text)
    written = mapping.get(written, written)
    for allowed_label in allowed:
        if plain_name(allowed_label) == written:
            return allowed_label
    label = label_named(written)
    label = None if label is None else mapping.get(label, label)
    return label if label in allowed else None


def coded_spans(
    spans: Iterable[RawSpan], mapping: Mapping[str, str], allowed: Sequence[str]
) -> tuple[LabelledSpan, ...]:
    """Annotations of one tier as labels in order of time.

    Empty texts are time that was not coded. Spans of one label that touch or overlap become one.

    Raises
    ------
    SettingsError
        Naming the labels that are not in the vocabulary.
    FormatError
        When two labels are given for one time.
    """
    merged: list[tuple[int, int, str]] = []
    unknown: dict[str, None] = {}
    for span in sorted(spans, key=lambda span: (span.start_ms, span.end_ms)):
        if not span.text.strip() or span.end_ms == span.start_ms:
            continue
        label = standard_label(span.text, mapping, allowed)
        if label is None:
            unknown[" ".join(span.text.split())[:60]] = None
        else:
            _append(merged, span, label)
    if unknown:
        raise _unknown(tuple(unknown), allowed)
    return tuple(
        LabelledSpan(Span(start_ms / 1000, end_ms / 1000), label)
        for start_ms, end_ms, label in merged
    )


def _append(merged: list[tuple[int, int, str]], span: RawSpan, label: str) -> None:
    if merged and span.start_ms <= merged[-1][1] and merged[-1][2] == label:
        start_ms, end_ms, _ = merged[-1]
        merged[-1] = start_ms, max(end_ms, span.end_ms), label
    elif merged and span.start_ms < merged[-1][1]:
        raise FormatError(
            "coding.two_labels", first=merged[-1][2], second=label, time_s=span.start_ms / 1000
        )
    else:
        merged.append((span.start_ms, span.end_ms, label))


def _unknown(unknown: Sequence[str], allowed: Sequence[str]) -> SettingsError:
    listed = ", ".join(map(repr, unknown[:SHOWN]))
    ours = ", ".join(label for label in allowed if label in ALL_LABELS)
    if len(unknown) <= SHOWN:
        return SettingsError("coding.unknown_labels", names=listed, labels=ours)
    more = len(unknown) - SHOWN
    return SettingsError("coding.more_unknown_labels", names=listed, more=more, labels=ours)
