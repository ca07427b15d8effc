"""The repository around a directory, read from its own files: no git is run, and no credential of an address is kept."""

from __future__ import annotations

import re
from pathlib import Path

from auditor.model.findings import Origin

_SECTION = re.compile(r'^\s*\[remote "origin"\]\s*$')
_SCP = re.compile(r"^(?:[\w.-]+@)?([\w.-]+):(?!//)(.+)$")
_URL = re.compile(r"^(https?|ssh|git)://(?:[^@/]*@)?([^/]+)/(.+)$")
_REVISION = re.compile(r"^[0-9a-f]{40,64}$")


def origin_of(root: Path) -> Origin:
    """Where `root` lies in its repository, and which revision is checked out; empty where there is none."""
    found = repository_of(root)
    git = _git_directory(found[0] / ".git") if found else None
    if found is None or git is None:
        return Origin()
    return Origin(found[1], _repository(git), _revision(git))


def repository_of(root: Path) -> tuple[Path, str] | None:
    """The top directory of the repository around `root`, and the way from there to `root`."""
    real = root.resolve()
    for directory in (real, *real.parents):
        if _git_directory(directory / ".git") is not None:
            prefix = real.relative_to(directory).as_posix()
            return directory, "" if prefix == "." else prefix
    return None


def _git_directory(entry: Path) -> Path | None:
    """The directory behind `.git`, which in a second work tree is a file that names it."""
    if entry.is_dir():
        return entry
    told = _read(entry)
    return (entry.parent / told.removeprefix("gitdir:").strip()) if told.startswith("gitdir:") else None


def _common(git: Path) -> Path:
    told = _read(git / "commondir").strip()
    return git / told if told else git


def _repository(git: Path) -> str:
    """The address of `origin` as a browser opens it, without user and password; empty if it is a local path."""
    inside = False
    for line in _read(_common(git) / "config").splitlines():
        inside = bool(_SECTION.match(line)) if line.lstrip().startswith("[") else inside
        name, _, value = line.partition("=")
        if inside and name.strip() == "url":
            return _browsable(value.strip())
    return ""


def _browsable(address: str) -> str:
    url = _URL.match(address)
    host, path = (url[2], url[3]) if url else ("", "")
    if not url and (scp := _SCP.match(address)):
        host, path = scp[1], scp[2]
    if not host or not re.fullmatch(r"[\w./~%+-]+", path):
        return ""
    host = host if url and url[1].startswith("http") else host.partition(":")[0]
    return f"https://{host}/{path.strip('/').removesuffix('.git')}"


def _revision(git: Path) -> str:
    head = _read(git / "HEAD").strip()
    if not head.startswith("ref:"):
        return head if _REVISION.match(head) else ""
    name = head.removeprefix("ref:").strip()
    for place in (git, _common(git)):
        found = _read(place / name).strip()
        if _REVISION.match(found):
            return found
    packed = (line.split() for line in _read(_common(git) / "packed-refs").splitlines())
    return next((words[0] for words in packed if len(words) == 2 and words[1] == name), "")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
