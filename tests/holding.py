"""Hold one rule against many cases in one test that lists every case which breaks it."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest


def hold(rule: Callable[..., None], cases: Mapping[str, tuple[Any, ...]]) -> None:
    """Call a rule with the arguments of each case, and fail with the message of all that failed.

    A rule asserts, as a test does. A case by which it breaks is a failure like any other.
    """
    assert cases, "a rule without cases says nothing"
    problems = []
    for name, arguments in cases.items():
        try:
            rule(*arguments)
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001  # listed with the others
            problems.append(f"{name}: {type(error).__name__}: {error}")
    if problems:
        heads = f"{len(problems)} of {len(cases)} cases:"
        pytest.fail("\n\n".join([heads, *problems]), pytrace=False)
