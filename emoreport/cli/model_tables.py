"""Format what the model commands print: the list of all models and the facts of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from emoreport.messages import text
from emoreport.models.store.model_choice import size_text

if TYPE_CHECKING:
    from emoreport.models.store.model_store import ModelStore
    from emoreport.models.store.registry import ModelEntry

COLUMNS = ("name", "kind", "size", "state", "needs", "licence")


def needs_text(model: ModelEntry, lang: str) -> str:
    """Optional part that a model needs, or a dash."""
    return text("cli.models.needs", lang, extra=model.extra) if model.extra else "–"


def model_rows(
    store: ModelStore, models: Sequence[ModelEntry], lang: str
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
            model.name,
            text(f"cli.models.kind.{model.kind}", lang),
            size_text(store.size_bytes(model), model, lang),
            text(f"cli.models.state.{store.state(model)}", lang),
            needs_text(model, lang),
            model.weights_licence,
        ]
        for model in models
    ]
    return heads, rows


def model_facts(store: ModelStore, model: ModelEntry) -> dict[str, Any]:
    """What a program should know of a model, as JSON.

    Raises
    ------
    ModelError
        When the store's lock file is damaged.
    """
    record = store.record(model)
    return {
        "name": model.name,
        "kind": model.kind,
        "summary": model.summary,
        "state": str(store.state(model)),
        "folder": str(store.folder(model)),
        "size_bytes": store.size_bytes(model),
        "labels": list(model.labels),
        "input": model.input,
        "extra": model.extra,
        "weakness": _weakness(model, "en"),
        "source": "/".join(filter(None, (model.source.base, model.source.repository))),
        "revision": model.source.revision if record is None else record.revision,
        "files": {
            name: {"size_bytes": file.size_bytes, "sha256": file.sha256}
            for name, file in (record.files if record else {}).items()
        },
        "pulled_at": record.pulled_at if record else None,
        "code_licence": model.code_licence,
        "weights_licence": model.weights_licence,
        "data_terms": model.data_terms,
        "citation": model.citation,
    }


def _weakness(model: ModelEntry, lang: str) -> str:
    return text(f"cli.models.weakness.{model.weakness}", lang) if model.weakness else "–"


def fact_rows(store: ModelStore, model: ModelEntry, lang: str) -> list[tuple[str, str]]:
    """Label–value rows about a model: the registry's facts, then the store's.

    Raises
    ------
    ModelError
        When the store's lock file is damaged.
    """
    facts = model_facts(store, model)
    values = {
        "name": model.name,
        "kind": text(f"cli.models.kind.{model.kind}", lang),
        "input": model.input,
        "labels": ", ".join(model.labels) or "–",
        "needs": needs_text(model, lang),
        "weakness": _weakness(model, lang),
        "code": model.code_licence,
        "weights": model.weights_licence,
        "data": model.data_terms,
        "citation": model.citation,
        "source": facts["source"],
        "revision": facts["revision"],
        "size": size_text(facts["size_bytes"], model, lang),
        "state": text(f"cli.models.state.{facts['state']}", lang),
        "folder": facts["folder"],
    }
    rows = [(text(f"cli.models.fact.{key}", lang), str(value)) for key, value in values.items()]
    return rows + [(name, f"SHA-256 {file['sha256']}") for name, file in facts["files"].items()]
