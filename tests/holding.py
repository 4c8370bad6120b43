"""Hold one rule against many cases in one test that lists every case which breaks it."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest


def hold(rule: Callable[..., None], cases: Iterable[tuple[Any, ...]]) -> None:
    """Call a rule with each case, and fail with the messages of all that failed.

    Args:
        rule: Asserts, as a test does. Any other error is a failure as well.
        cases: For each, its name and the arguments of the rule.
    """
    listed = list(cases)
    assert listed, "a rule without cases says nothing"
    problems = []
    for name, *arguments in listed:
        try:
            rule(*arguments)
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001  # listed with the others
            problems.append(f"{name}: {type(error).__name__}: {error}")
    if problems:
        heads = f"{len(problems)} of {len(listed)} cases:"
        pytest.fail("\n\n".join([heads, *problems]), pytrace=False)
