"""What the model commands print: the list of all models and the facts of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from emoreport.messages import text

if TYPE_CHECKING:
    from emoreport.models.store.model_store import ModelStore
    from emoreport.models.store.registry import ModelEntry

COLUMNS = ("name", "kind", "size", "state", "needs", "licence")


def size_text(size_bytes: int | None, entry: ModelEntry, lang: str) -> str:
    """Size in MB: the exact one, else about what the publisher states, else unknown."""
    if size_bytes is not None:
        return text("cli.models.size.exact", lang, size=f"{size_bytes / 1e6:.1f}")
    if entry.size_mb is not None:
        return text("cli.models.size.about", lang, size=f"{entry.size_mb:g}")
    return text("cli.line.unknown", lang)


def needs_text(entry: ModelEntry, lang: str) -> str:
    """Optional part that a model needs, or a dash."""
    return text("cli.models.needs", lang, extra=entry.extra) if entry.extra else "–"


def model_rows(
    store: ModelStore, entries: Sequence[ModelEntry], lang: str
) -> tuple[list[str], list[list[str]]]:
    """Heads and rows of the list of models.

    Raises
    ------
    ModelError
        When the store's lock file is damaged.
    """
    heads = [text(f"cli.models.column.{column}", lang) for column in COLUMNS]
    rows = [
        [
            entry.name,
            text(f"cli.models.kind.{entry.kind}", lang),
            size_text(store.size_bytes(entry), entry, lang),
            text(f"cli.models.state.{store.state(entry)}", lang),
            needs_text(entry, lang),
            entry.weights_licence,
        ]
        for entry in entries
    ]
    return heads, rows


def model_facts(store: ModelStore, entry: ModelEntry) -> dict[str, Any]:
    """What a program should know of a model, as JSON.

    Raises
    ------
    ModelError
        When the store's lock file is damaged.
    """
    record = store.record(entry)
    return {
        "name": entry.name,
        "kind": entry.kind,
        "summary": entry.summary,
        "state": str(store.state(entry)),
        "folder": str(store.folder(entry)),
        "size_bytes": store.size_bytes(entry),
        "labels": list(entry.labels),
        "input": entry.input,
        "extra": entry.extra,
        "source": "/".join(filter(None, (entry.source.base, entry.source.repository))),
        "revision": entry.source.revision if record is None else record.revision,
        "files": {
            name: {"size_bytes": file.size_bytes, "sha256": file.sha256}
            for name, file in (record.files if record else {}).items()
        },
        "pulled_at": record.pulled_at if record else None,
        "code_licence": entry.code_licence,
        "weights_licence": entry.weights_licence,
        "data_terms": entry.data_terms,
        "citation": entry.citation,
    }


def entry_rows(store: ModelStore, entry: ModelEntry, lang: str) -> list[tuple[str, str]]:
    """Label–value rows about a model: the registry's facts, then the store's.

    Raises
    ------
    ModelError
        When the store's lock file is damaged.
    """
    facts = model_facts(store, entry)
    values = {
        "name": entry.name,
        "kind": text(f"cli.models.kind.{entry.kind}", lang),
        "input": entry.input,
        "labels": ", ".join(entry.labels) or "–",
        "needs": needs_text(entry, lang),
        "code": entry.code_licence,
        "weights": entry.weights_licence,
        "data": entry.data_terms,
        "citation": entry.citation,
        "source": facts["source"],
        "revision": facts["revision"],
        "size": size_text(facts["size_bytes"], entry, lang),
        "state": text(f"cli.models.state.{facts['state']}", lang),
        "folder": facts["folder"],
    }
    rows = [(text(f"cli.models.fact.{key}", lang), str(value)) for key, value in values.items()]
    return rows + [(name, f"SHA-256 {file['sha256']}") for name, file in facts["files"].items()]
