"""Words of this project's former dialect stay out of code, messages and pages.

CONTRIBUTING says how to write instead. Recorded texts of other systems are not ours.
"""

import io
import re
import tokenize
from collections.abc import Iterator

import pytest

from tests import asking

# Word, and what to write instead.
WORDS = {
    "anew": "again, rebuilt, re-created",
    "for ever": "permanently",
    "what lives": "live objects",
    "mend": "repair",
    "mended": "repaired",
    "stands for": "is, means",
    "came twice": "duplicate",
    "doubled": "duplicate",
    "unwakeable": "cannot be woken",
    "rests": "is settled",
    "in vain": "without a result",
    "thereof": "of it",
}
# Names that code shall not use for values: see the glossary.
NAMES = {
    "told": "reported",
    "standing": "previous, applied",
    "asks": "requests",
    "garbled": "malformed",
    "trouble": "diagnosis, problem",
    "anew": "again",
    "doubled": "duplicate",
    "unwakeable": "cannot be woken",
}
# A phrase may go on in the next line, also in that of a comment.
GAP = "[ #]*[ \n][ #]*"
WORD = re.compile(rf"\b({'|'.join(WORDS).replace(' ', GAP)})\b", re.IGNORECASE)
LINE = "\n"
PARTS = ("function", "tools", "testbed", "release", "benchmarks", "tests", "docs", "examples")
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")
# What holds these words to refuse them, and what others wrote.
OTHERS = (
    "CONTRIBUTING.md",
    "tests/test_words.py",
    "tests/data/",
    "docs/verdicts.md",
    "tests/schemas/",
)


def texts() -> Iterator[tuple[str, str]]:
    """Yield every file that people read, with its path."""
    files = [asking.ROOT / page for page in PAGES]
    for part in (*PARTS, "apis", "package"):
        for kind in ("*.py", "*.md", "*.yaml"):
            files += sorted((asking.ROOT / part).rglob(kind))
    for file in files:
        path = file.relative_to(asking.ROOT).as_posix()
        if file.is_file() and not path.startswith(OTHERS):
            yield path, file.read_text("utf-8")


def dialect(text: str) -> list[str]:
    """Return the words of a text that shall not be used, with the line of each."""
    return [
        f"{text.count(LINE, 0, match.start()) + 1}: {match[0]!r}, write {WORDS[phrase]}"
        for match in WORD.finditer(text)
        for phrase in [" ".join(re.findall(r"\w+", match[0].lower()))]
    ]


def names(source: str) -> list[str]:
    """Return the names in a module that shall not be used, with the line of each."""
    return [
        f"{token.start[0]}: {token.string}, write {NAMES[part]}"
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.NAME
        for part in token.string.lower().split("_")
        if part in NAMES
    ]


def test_prose_uses_the_words_of_the_field() -> None:
    """Comments, docstrings, messages, pages and what is generated."""
    found = [f"{path}:{problem}" for path, text in texts() for problem in dialect(text)]
    assert not found, "\n".join(found)


def test_names_are_the_words_of_the_field() -> None:
    """Variables, functions, attributes and parameters."""
    found = [
        f"{path}:{problem}"
        for path, text in texts()
        if path.endswith(".py")
        for problem in names(text)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("word", WORDS)
def test_a_word_is_found(word: str) -> None:
    """Whatever its case is, and only as a whole word."""
    assert dialect(f"One line.\nIt is {word.title()} here.") == [
        f"2: {word.title()!r}, write {WORDS[word]}"
    ]
    assert not dialect(f"x{word}")
    assert dialect("# It is " + word.replace(" ", "\n# ") + ".")


def test_a_name_is_found() -> None:
    """As a name or a word in one, and not in a text."""
    assert names('told = 1\nuntold = "told"\n') == ["1: told, write reported"]
    assert names("WAS_TOLD = 1\n") == ["1: WAS_TOLD, write reported"]


def test_contributors_read_the_same_words() -> None:
    """The page lists what is refused here."""
    page = (asking.ROOT / "CONTRIBUTING.md").read_text("utf-8")
    listed = page.partition("Avoid: ")[2].partition("`")[0]
    assert set(re.findall(r'"([^"]+)"', listed)) == {*WORDS, *NAMES}
