"""The pages build into a site without a warning, which is whole with no network."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

from tests.fences import ROOT, pages

# What a browser fetches by itself, and where it is named.
_FETCHED = {"link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src", "object": "data"}


def build(config: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "--config-file",
        str(config),
        "--site-dir",
        str(folder),
    ]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT / "mkdocs.yml", folder)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


class Links(HTMLParser):
    """What a page of the site fetches, what it links to, and its anchors."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.linked: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.anchors.update(given[name] for name in ("id", "name") if given.get(name))
        if given.get(_FETCHED.get(tag, "")):
            self.fetched.append(given[_FETCHED[tag]])
        elif tag == "a" and given.get("href"):
            self.linked.append(given["href"])


def _place(site, page, target):
    path = target.partition("?")[0]
    # The page of what is not there may be shown in any folder.
    return site / path[1:] if path.startswith("/") and page.name == "404.html" else page.parent / path


def test_nothing_is_fetched_from_elsewhere(site):
    for page in site.rglob("*.html"):
        for target in Links(page).fetched:
            assert not re.match(r"(\w+:)?//", target), f"{page.name}: {target}"
            assert target.startswith("data:") or _place(site, page, target).is_file(), f"{page.name}: {target}"
    for style in [*site.rglob("*.css"), *site.rglob("*.svg")]:
        assert not re.search(r"(url\(|@import)\s*['\"]?(https?:)?//", style.read_text("utf-8")), style


def test_every_link_of_a_page_leads_somewhere(site):
    found = {page: Links(page) for page in site.rglob("*.html") if page.name != "404.html"}
    for page, links in found.items():
        for target in links.linked:
            path, anchor = urldefrag(target)
            if re.match(r"\w+:", path):
                continue
            other = (page.parent / unquote(path)).resolve() if path else page
            assert other.is_file(), f"{page.name}: {target}"
            if anchor and other in found:
                assert unquote(anchor) in found[other].anchors, f"{page.name}: {target}"


def test_every_page_and_lesson_is_in_the_site(site):
    for page in pages():
        place = {"README.md": "start"}.get(page.name, page.stem) if page.parent == ROOT else page.stem
        if page.parent.name == "sql_examples":
            place = "lessons/index"
        shown = (site / f"{place}.html").read_text("utf-8")
        title = re.search(r"^# (.*)$", page.read_text("utf-8"), re.MULTILINE)
        assert title is not None
        assert f">{title[1]}<" in shown, page
    lessons = sorted((ROOT / "sql_examples").glob("*.sql"))
    assert sorted(p.stem for p in (site / "lessons").glob("[0-9]*.html")) == [lesson.stem for lesson in lessons]
    assert "ml_predict" in (site / "search" / "search_index.json").read_text("utf-8")


def test_a_page_that_the_navigation_leaves_out_is_an_error(tmp_path):
    lines = (ROOT / "mkdocs.yml").read_text("utf-8").splitlines()
    left = [line for line in lines if "lifecycle.md" not in line]
    assert len(left) == len(lines) - 1
    text = "\n".join(left).replace("docs_dir: docs", f"docs_dir: {ROOT / 'docs'}").replace("[docs/", f"[{ROOT}/docs/")
    (tmp_path / "mkdocs.yml").write_text(text)
    done = build(tmp_path / "mkdocs.yml", tmp_path / "site")
    assert done.returncode == 1
    assert "lifecycle.md" in done.stderr
