"""``emoreport setup``: get the recommended models, all at once."""

from __future__ import annotations

from typing import Any

from emoreport.cli.console import note_line
from emoreport.cli.models import COMMON, open_store, pull_models
from emoreport.cli.options import Config, Quiet, Verbose, settings_from, with_settings
from emoreport.messages import text


@with_settings(COMMON)
def setup(
    *,
    config: Config = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    options: dict[str, Any],
) -> int:
    """Get the recommended models, so that `auto` finds them; nothing else is asked."""
    from emoreport.models.store.model_choice import recommended, size_text
    from emoreport.models.store.model_store import ModelState

    settings = settings_from(options, config)
    lang = settings.output.lang
    store = open_store(settings, quiet=quiet)
    models = recommended(store)
    missing = [model for model in models if store.state(model) is not ModelState.COMPLETE]
    if not quiet:
        sizes = [
            f"{model.name} ({size_text(store.size_bytes(model), model, lang)})" for model in missing
        ]
        key = "getting" if missing else "nothing"
        names = ", ".join(sizes if missing else [model.name for model in models])
        note_line(text(f"cli.setup.{key}", lang, models=names, folder=store.root))
    return pull_models(store, missing, settings, quiet=quiet, verbose=verbose)
