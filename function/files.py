"""Find and read the manifests that people name: files, directories, standard input."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from function import manifests
from function.contract import Manifest

STDIN = Path("-")
# As kubectl reads in a directory.
SUFFIXES = (".yaml", ".yml", ".json")


class BadFile(ValueError):
    """A file or a directory does not hold what it should."""


@dataclass(frozen=True)
class Document:
    """One manifest.

    Attributes:
        file: Where it was read, for people.
        manifest: The object.
    """

    file: str
    manifest: Manifest


def load(path: Path, *, recursive: bool = False) -> list[Document]:
    """Return the objects of a file, of the files of a directory, or of standard input.

    Args:
        path: Where to look; `-` is standard input.
        recursive: Whether to look into directories below, too.

    Raises:
        BadFile: Something cannot be read, or a directory holds no manifest.
    """
    if path == STDIN:
        return list(_read("standard input", sys.stdin.buffer.read()))
    try:
        chosen = _files(path, recursive=recursive)
    except OSError as error:
        raise BadFile(f"{path}: {error.strerror}") from None
    return [document for file in chosen for document in _load(file)]


def _load(file: Path) -> Iterator[Document]:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise BadFile(f"{file}: {error.strerror}") from None
    yield from _read(str(file), content)


def _read(file: str, content: bytes) -> Iterator[Document]:
    try:
        for document in manifests.read(content):
            for manifest in manifests.objects(document):
                yield Document(file, manifest)
    except manifests.Unreadable as error:
        raise BadFile(f"{file}: {error}") from None


def _files(path: Path, *, recursive: bool) -> list[Path]:
    if not path.is_dir():
        return [path]
    chosen = sorted(_suitable(path.rglob("*") if recursive else path.iterdir()))
    if chosen:
        return chosen
    below = sorted({file.relative_to(path).parts[0] for file in _suitable(path.rglob("*"))})
    hint = f"; below it, in: {', '.join(below)}: name one, or look everywhere with -R"
    raise BadFile(f"{path}: holds no .yaml, .yml or .json file{hint if below else ''}")


def _suitable(paths: Iterable[Path]) -> Iterator[Path]:
    return (path for path in paths if path.suffix in SUFFIXES and not path.is_dir())
