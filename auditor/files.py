"""The files of a run, read from a directory or from a git revision. Nothing outside the root is ever read, nothing is written.

A front end sees a `Tree` and paths relative to it; it never touches the operating system itself.
"""

from __future__ import annotations

import codecs
import os
import posixpath
import stat
import subprocess
import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Protocol

from auditor.model.source import Source

MAX_BYTES = 128 * 1024 * 1024
SKIPPED_DIRECTORIES = frozenset({".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", ".tox", ".mypy_cache", ".ruff_cache"})


_OUTSIDE = "leads out of the directory that is being checked"
_BUILT = "/nix/store/"  # a link there is what Nix built from the files that are read
_LOCK = ".#"  # Emacs says with a link who edits a file
_LINK = "120000"  # git's mode of a symbolic link
_MOST_WAYS = 64  # to one directory: links behind links would multiply
_MOST_STEPS = 512  # on the way a link leads
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class Unreadable(Exception):
    """A file that cannot be read as text; the message is fit for a user and names no path."""


class Tree(Protocol):
    """Files below one root. Paths are relative to it, with forward slashes, and never lead out of it."""

    def paths(self) -> Sequence[str]:
        """Every regular file below the root, sorted; version-control and tool directories are left out."""
        ...

    def exists(self, path: str) -> bool:
        """Whether `path` is a file of the tree."""
        ...

    def read_bytes(self, path: str) -> bytes:
        """The content of `path`. Raises `Unreadable` if it is missing, too large, or leads out of the root."""
        ...

    def read_head(self, path: str, size: int) -> bytes:
        """The first `size` bytes of `path`. Raises `Unreadable` as `read_bytes` does, but for its size."""
        ...


def normalise(path: str) -> str:
    """`path` without `.` and `..`. Raises `Unreadable` where it would leave the root."""
    clean = posixpath.normpath(path.replace(os.sep, "/"))
    if clean == ".." or clean.startswith(("../", "/")):
        raise Unreadable(_OUTSIDE)
    return clean


def read_text(tree: Tree, path: str) -> Source:
    """`path` as text: UTF-8, or UTF-16 with a byte-order mark. Raises `Unreadable` for binary content."""
    data, encoding = _unmarked(tree.read_bytes(path))
    if encoding == "utf-8" and b"\0" in data:
        raise Unreadable("is binary: it has NUL bytes")
    try:
        return Source(path, data.decode(encoding))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unreadable(f"is not {encoding} text (line {line})") from None


def as_utf8(head: bytes) -> bytes:
    """The beginning of a file as UTF-8 without a byte-order mark, as which file it is does not depend on how it is encoded."""
    data, encoding = _unmarked(head)
    return data if encoding == "utf-8" else data[: len(data) & ~1].decode(encoding, errors="replace").encode()


def _unmarked(data: bytes) -> tuple[bytes, str]:
    mark, encoding = next((pair for pair in _MARKS if data.startswith(pair[0])), (b"", "utf-8"))
    return data[len(mark) :], encoding


class DirectoryTree:
    """The files of a directory on disk. Links are followed only to places inside the root."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._plain: set[str] = set()  # files that were found without following a link
        self._closed: dict[str, Unreadable] = {}
        self._shown: Counter[str] = Counter()  # by how many ways each directory is reached

    @cached_property
    def _paths(self) -> tuple[str, ...]:
        root = str(self.root)
        return tuple(sorted(self._walk(root, "", root, frozenset())))

    def _walk(self, directory: str, prefix: str, real: str, seen: frozenset[str]) -> Iterator[str]:
        """The files below `directory`, which is `prefix` in the tree and `real` without links."""
        if real in seen:
            return
        if not self._inside(real):
            if not real.startswith(_BUILT):
                self._closed[prefix] = Unreadable(_OUTSIDE)
            return
        self._shown[real] += 1
        if self._shown[real] > _MOST_WAYS:
            self._closed[prefix] = Unreadable(f"is reached by more than {_MOST_WAYS} links")
            return
        try:
            entries = list(os.scandir(directory))
        except OSError as error:
            self._closed[prefix] = Unreadable(f"cannot be read: {error.strerror}")
            return
        for entry in entries:
            linked = entry.is_symlink()
            inner = os.path.realpath(entry.path) if linked else os.path.join(real, entry.name)
            if _is(entry.is_dir):
                if entry.name not in SKIPPED_DIRECTORIES:
                    yield from self._walk(entry.path, f"{prefix}{entry.name}/", inner, seen | {real})
            elif _is(entry.is_file):
                if linked and not self._inside(inner):
                    self._closed[prefix + entry.name] = Unreadable(_OUTSIDE)
                    continue
                if not linked and real == directory:
                    self._plain.add(prefix + entry.name)
                yield prefix + entry.name
            elif linked and not entry.name.startswith(_LOCK):
                self._closed[prefix + entry.name] = Unreadable("is a link that leads nowhere")

    def _inside(self, real: str) -> bool:
        root = str(self.root)
        return real == root or real.startswith(root if root.endswith(os.sep) else root + os.sep)

    def paths(self) -> Sequence[str]:
        return self._paths

    def closed(self) -> Mapping[str, Unreadable]:
        """What is there and not among `paths`, and why: directories (`name/`) that may not be looked into, and links to files outside."""
        self.paths()
        return self._closed

    def exists(self, path: str) -> bool:
        try:
            full = os.path.realpath(self.root / normalise(path))
        except Unreadable:
            return False
        return self._inside(full) and os.path.isfile(full)

    def read_bytes(self, path: str) -> bytes:
        return self._read(path, MAX_BYTES, whole=True)

    def read_head(self, path: str, size: int) -> bytes:
        return self._read(path, size, whole=False)

    def _read(self, path: str, most: int, whole: bool) -> bytes:
        full = os.path.join(self.root, path) if path in self._plain else ""
        if not full or os.path.islink(full):
            full = os.path.realpath(self.root / normalise(path))
        if not self._inside(full):
            raise Unreadable(_OUTSIDE)
        try:
            status = os.stat(full)
            if not stat.S_ISREG(status.st_mode):
                raise Unreadable("is not a regular file")
            if whole and status.st_size > most:
                raise Unreadable(f"is larger than {most // 1024 // 1024} MiB")
            with open(full, "rb") as file:
                return file.read(most)
        except OSError as error:
            raise Unreadable(f"cannot be read: {error.strerror}") from None


def _is(kind: Callable[[], bool]) -> bool:
    """Whether an entry of a directory is of the kind that is asked for; a link that leads in circles is of none."""
    try:
        return kind()
    except OSError:
        return False


class GitTree:
    """The files of one git revision, read through git; the work tree is not touched."""

    def __init__(self, repository: Path, revision: str) -> None:
        self.repository = repository
        self.revision = revision

    def _git(self, *arguments: str) -> bytes:
        try:
            return subprocess.run(["git", "-C", str(self.repository), *arguments], check=True, capture_output=True).stdout
        except (subprocess.CalledProcessError, FileNotFoundError) as error:
            detail = (
                error.stderr.decode(errors="replace").strip()
                if isinstance(error, subprocess.CalledProcessError)
                else "git is not installed"
            )
            raise Unreadable(f"git cannot read {self.revision}: {detail}") from None

    @cached_property
    def _blobs(self) -> dict[str, str]:
        """Path → blob, of files and of links to files within the tree."""
        listing = self._git("ls-tree", "-r", "-z", self.revision).decode("utf-8", errors="surrogateescape")
        files: dict[str, str] = {}
        links: dict[str, str] = {}
        for meta, path in (line.split("\t", 1) for line in listing.split("\0") if line):
            mode, kind, blob = meta.split()
            if kind == "blob":
                (links if mode == _LINK else files)[path] = blob
        led = {path: self._content(blob).decode("utf-8", errors="surrogateescape") for path, blob in links.items()}
        return _followed(files, led) if led else files

    def paths(self) -> Sequence[str]:
        return sorted(path for path in self._blobs if not SKIPPED_DIRECTORIES & set(path.split("/")[:-1]))

    def exists(self, path: str) -> bool:
        try:
            return normalise(path) in self._blobs
        except Unreadable:
            return False

    def read_bytes(self, path: str) -> bytes:
        blob = self._blobs.get(normalise(path))
        if blob is None:
            raise Unreadable("does not exist")
        return self._content(blob)

    @cached_property
    def _reader(self) -> subprocess.Popen[bytes]:
        """One git for all files: starting one for each costs more than reading them."""
        process = subprocess.Popen(
            ["git", "-C", str(self.repository), "cat-file", "--batch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        weakref.finalize(self, _end, process)
        return process

    def _content(self, blob: str) -> bytes:
        source, sink = self._reader.stdout, self._reader.stdin
        assert source is not None and sink is not None, "both ends are pipes"
        try:
            sink.write(f"{blob}\n".encode())
            sink.flush()
        except BrokenPipeError:
            raise Unreadable("cannot be read: git ended") from None
        header = source.readline().split()
        if len(header) != 3:
            raise Unreadable("cannot be read from git")
        data = source.read(int(header[2]))
        source.read(1)
        if len(data) > MAX_BYTES:
            raise Unreadable(f"is larger than {MAX_BYTES // 1024 // 1024} MiB")
        return data

    def read_head(self, path: str, size: int) -> bytes:
        return self.read_bytes(path)[:size]


def _followed(files: Mapping[str, str], links: Mapping[str, str]) -> dict[str, str]:
    """`files` and what `links` (path → what the link says) lead to, by the paths at which a checkout shows them."""
    children: dict[str, set[str]] = {}
    for path in (*files, *links):
        while path:
            directory = posixpath.dirname(path)
            children.setdefault(directory, set()).add(path)
            path = directory

    shown: Counter[str] = Counter()

    def walk(prefix: str, real: str, seen: frozenset[str]) -> Iterator[tuple[str, str]]:
        shown[real] += real not in seen
        for path in sorted(children[real]) if real not in seen and shown[real] <= _MOST_WAYS else ():
            target, name = _behind(path, links) if path in links else path, prefix + posixpath.basename(path)
            if target is None:
                continue
            if target in files:
                yield name, files[target]
            elif target in children:
                yield from walk(f"{name}/", target, seen | {real})

    return dict(walk("", "", frozenset()))


def _behind(path: str, links: Mapping[str, str]) -> str | None:
    """Where a link leads, by way of others; None where that is outside of the tree, or goes in circles."""
    reached, left = "", path.split("/")
    for _ in range(_MOST_STEPS):
        if not left:
            return reached
        step = posixpath.normpath(posixpath.join(reached, left.pop(0)))
        if step == ".." or step.startswith(("../", "/")):
            return None
        told = links.get(step)
        if told is None:
            reached = "" if step == "." else step
        elif told.startswith("/"):
            return None
        else:
            left = [*told.split("/"), *left]
    return None


def _end(process: subprocess.Popen[bytes]) -> None:
    """Close both pipes, on which git ends, and take leave of it."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    process.wait()


class MemoryTree:
    """Files given as a mapping of path → content, for tests and for trying a change before it is written."""

    def __init__(self, files: dict[str, str | bytes], under: Tree | None = None) -> None:
        self.files = files
        self.under = under

    def paths(self) -> Sequence[str]:
        return sorted({*self.files, *(self.under.paths() if self.under else ())})

    def exists(self, path: str) -> bool:
        return path in self.files or (self.under is not None and self.under.exists(path))

    def read_bytes(self, path: str) -> bytes:
        content = self.files.get(normalise(path))
        if content is not None:
            return content.encode() if isinstance(content, str) else content
        if self.under is None:
            raise Unreadable("does not exist")
        return self.under.read_bytes(path)

    def read_head(self, path: str, size: int) -> bytes:
        return self.read_bytes(path)[:size]
