"""Read pages as their readers do."""

import re


def consoles(page: str) -> list[tuple[str, list[str]]]:
    """Return every command of a page's console blocks, with the output shown below it."""
    result: list[tuple[str, list[str]]] = []
    for block in re.findall(r"```console\n(.*?)```", page, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                result.append((line[2:], []))
            else:
                result[-1][1].append(line)
    return result
