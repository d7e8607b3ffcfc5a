"""Load the label bridge that a setting names, or the one that a run was made with."""

from __future__ import annotations

import tomllib
from pathlib import Path

from emoreport.analysis.rows.bridge import DEFAULT_BRIDGE, Bridge
from emoreport.errors import SettingsError, StoredReadingsError
from emoreport.records import RunRecord
from emoreport.run.run_json import RUN_FILE


def load_bridge(name: str) -> Bridge:
    """The label bridge that a setting names: ``default`` or a TOML file with a [bridge] table.

    Raises
    ------
    SettingsError
        When the file cannot be read or maps something that is no emotion.
    """
    if name == "default":
        return DEFAULT_BRIDGE
    try:
        # Opening a pipe would wait for a writer.
        if Path(name).exists() and not Path(name).is_file():
            raise OSError("it is no regular file")  # noqa: TRY301
        document = tomllib.loads(Path(name).read_text(encoding="utf-8-sig"))
        return Bridge.from_mapping(document["bridge"])
    except SettingsError as error:
        raise error.with_file(name) from error.__cause__
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError("bridge.unreadable", error=error, file=name) from error
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise SettingsError("bridge.unusable", error=error, file=name) from error


def bridge_of(run: RunRecord, folder: Path) -> Bridge | None:
    """The bridge of the run in a folder; None where run.json holds none.

    Raises
    ------
    StoredReadingsError
        When it cannot be used.
    """
    if run.bridge is None:
        return None
    try:
        return Bridge.from_mapping(dict(run.bridge))
    except (SettingsError, TypeError, ValueError) as error:
        raise StoredReadingsError("bridge.stored", error=error, file=folder / RUN_FILE) from error
