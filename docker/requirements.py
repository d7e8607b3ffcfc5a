"""Print what the package needs, one requirement per line, for `pip install -r`.

The image installs this list before the source is copied in, so that a change of the source does
not download everything again. The list is read from pyproject.toml; it stands nowhere else.

    python3 requirements.py pyproject.toml full,openvino
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path


def requirements(pyproject: Path, extras: str = "") -> list[str]:
    """Dependencies of the package and of the named extras.

    Parameters
    ----------
    pyproject
        The project's ``pyproject.toml``.
    extras
        Names of extras, separated by commas; empty for none.

    Raises
    ------
    SystemExit
        For an extra that does not exist, or one that names the package itself: pip would then
        fetch a package of that name from the index.
    """
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    known: dict[str, list[str]] = project.get("optional-dependencies", {})
    found = list(project["dependencies"])
    for name in filter(None, (part.strip() for part in extras.split(","))):
        if name not in known:
            raise SystemExit(f"error: no extra {name!r}; there are {', '.join(sorted(known))}")
        found += known[name]
    own = [line for line in found if line.lower().startswith(project["name"].lower() + "[")]
    if own:
        raise SystemExit(f"error: {own[0]!r} names the package itself; list its parts instead")
    return found


if __name__ == "__main__":
    print("\n".join(requirements(Path(sys.argv[1]), *sys.argv[2:3])))
