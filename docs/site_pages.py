"""A hook of MkDocs: pages of the site that do not stand in docs/, and links to them.

README.md, ARCHITECTURE.md, CHANGELOG.md and the lessons are pages as they are. Any other file or folder of the
repository that a page links to is shown as text, below sources/.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from pygments.formatters import HtmlFormatter

ROOT = Path(__file__).resolve().parents[1]
# Where files of the repository stand in the site. MkDocs would take a README.md for an index.
_PLACES = {
    "README.md": "start.md",
    "ARCHITECTURE.md": "architecture.md",
    "CHANGELOG.md": "changelog.md",
    "sql_examples/README.md": "lessons/index.md",
}
_LINK = re.compile(r"\]\((?P<target>[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")
_LANGUAGES = {".sql": "sql", ".yml": "yaml", ".py": "python"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages."""
    lessons = sorted((ROOT / "sql_examples").glob("*.sql"))
    own = [file.src_uri for file in files.documentation_pages()]
    for path, place in _PLACES.items():
        files.append(File.generated(config, place, content=(ROOT / path).read_text("utf-8")))
    linked = {path for page in own for path in _linked(f"docs/{page}")} | {p for page in _PLACES for p in _linked(page)}
    for path in sorted(linked - _PLACES.keys()):
        files.append(File.generated(config, _place(path), content=_shown(ROOT / path)))
    config.nav = _with_lessons(config.nav, [_place(f"sql_examples/{lesson.name}") for lesson in lessons])
    style = HtmlFormatter(style="default").get_style_defs(".codehilite")
    files.append(File.generated(config, "pygments.css", content=style))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Let links to files of the repository lead to their pages."""
    here = page.file.src_uri
    repository = {place: path for path, place in _PLACES.items()}.get(here, f"docs/{here}")

    def placed(found: re.Match[str]) -> str:
        path = _path(repository, found["target"])
        if path is None:
            return found[0]
        target = os.path.relpath(_place(path), PurePosixPath(here).parent)
        return f"]({PurePosixPath(target)}{found['anchor'] or ''})"

    return _LINK.sub(placed, markdown)


def _linked(page: str) -> set[str]:
    """What a page of the repository links to outside of docs/."""
    text = (ROOT / page).read_text("utf-8")
    paths = {_path(page, found["target"]) for found in _LINK.finditer(text)}
    return {path for path in paths if path is not None and not path.startswith("docs/")}


def _path(page: str, target: str) -> str | None:
    """The path in the repository of what a page links to; None where it leads elsewhere, or nowhere."""
    path = PurePosixPath(os.path.normpath(PurePosixPath(page).parent / target))
    is_ours = "://" not in target and ".." not in path.parts and (ROOT / path).exists()
    return str(path) if is_ours else None


def _place(path: str) -> str:
    """Where a file of the repository stands in the site."""
    if path in _PLACES:
        return _PLACES[path]
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    if path.startswith("sql_examples/"):
        return f"lessons/{PurePosixPath(path).stem}.md"
    return f"sources/{path}.md"


def _shown(path: Path) -> str:
    """A file, or the files of a folder, as a page."""
    name = path.relative_to(ROOT).as_posix()
    if path.is_dir():
        inside = sorted(p for p in path.rglob("*") if p.suffix in _LANGUAGES and "target" not in p.parts)
        return "\n\n".join([f"# {name}", *(f"## {p.relative_to(path).as_posix()}\n\n{_code(p)}" for p in inside)])
    text = path.read_text("utf-8")
    if path.parent.name == "sql_examples":
        title, _, text = text.partition("\n")
        return f"# {title.removeprefix('-- ').rstrip('.')}\n\n```sql\n{text}```\n"
    return f"# {name}\n\n{_code(path)}"


def _code(path: Path) -> str:
    return f"```{_LANGUAGES.get(path.suffix, 'text')}\n{path.read_text('utf-8').rstrip()}\n```\n"


def _with_lessons(nav: list[object] | None, lessons: list[str]) -> list[object]:
    """The navigation with the lessons below their index, by their own titles."""

    def inside(entry: object) -> object:
        if isinstance(entry, list):
            return [inside(each) for each in entry]
        if not isinstance(entry, dict):
            return entry
        return {
            title: [index, *lessons] if (index := value) == "lessons/index.md" else inside(value)
            for title, value in entry.items()
        }

    return [inside(entry) for entry in nav or []]
