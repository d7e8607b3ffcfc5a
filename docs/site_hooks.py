"""What mkdocs is told beyond mkdocs.yml: pages that are kept at the top of the repository."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).parents[1]
TOP: Final = ("SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md")
"""Pages of the site that GitHub and the package index look for at the top."""
CODE: Final = r"\[([^\]]+)\]\((?:\.\./)+(?:emoreport|examples|samples|benchmarks|tests)[^)]*\)"
"""Links from a page to a file or folder of code, which the site does not hold."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of `TOP`."""
    for name in TOP:
        files.append(File.generated(config, name, abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Turn the links of the repository into those of the site."""
    if page.file.src_uri in TOP:
        return re.sub(r"\]\(docs/", "](", markdown)
    names = "|".join(map(re.escape, TOP))
    up = "../" * page.file.src_uri.count("/")
    linked = re.sub(rf"\]\(\.\./{up}({names})", rf"]({up}\1", markdown)
    return re.sub(CODE, r"\1", linked)
