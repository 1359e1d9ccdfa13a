"""Checks the documentation: links and paths lead somewhere, and generated pages say what the code says."""

import re
import subprocess
import sys
from pathlib import Path, PurePath

from docs.build import pages
from monitoring import reference

TOP = Path(__file__).parent.parent
_PATH = re.compile(r"`([a-z_]+/[\w./-]+)`")
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")


def broken_links() -> list[str]:
    """Every relative link in a Markdown file that leads nowhere."""
    found: list[str] = []
    for name in _listed("*.md"):
        file = TOP / name
        local = (t for t in _LINK.findall(file.read_text()) if not t.startswith(("http://", "https://", "mailto:")))
        found += [f"{name}: broken link {target}" for target in local if not (file.parent / target).exists()]
    return found


def lost_paths() -> list[str]:
    """Every file or folder of the code that a page names and that is not there."""
    files = _listed("*")
    there = {str(parent) for file in files for parent in (PurePath(file), *PurePath(file).parents)}
    tops = {file.partition("/")[0] for file in files if file.endswith("/__init__.py")}
    found: list[str] = []
    for name in _listed("*.md"):
        named = {path.rstrip("/") for path in _PATH.findall((TOP / name).read_text())}
        found += [f"{name}: there is no {path}" for path in sorted(named - there) if path.partition("/")[0] in tops]
    return found


def _listed(pattern: str) -> list[str]:
    asked = ["git", "ls-files", "--cached", "--others", "--exclude-standard", pattern]
    return subprocess.run(asked, cwd=TOP, capture_output=True, text=True, check=True).stdout.split()


def stale_pages() -> list[str]:
    """Every generated page that is not what its generator would write now."""
    wanted = {**pages(), reference.PAGE: reference.page(reference.PAGE.read_text())}
    stale = [path for path, content in wanted.items() if not path.exists() or path.read_text() != content]
    return [f"{path.relative_to(TOP)}: not what the code says any more: ./run docs" for path in stale]


if __name__ == "__main__":
    problems = broken_links() + lost_paths() + stale_pages()
    sys.stdout.write("".join(f"{problem}\n" for problem in problems))
    sys.exit(bool(problems))
