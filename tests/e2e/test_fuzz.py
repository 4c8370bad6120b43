"""Attack the function with changed requests for two minutes, with others each day.

A finding names its attempt: `python -m tests.fuzz --only seed:number` plays it again.
"""

import datetime
import itertools
import time

import pytest

from tests.fuzz.attack import Finding, attack
from tests.fuzz.requests import corpus

pytestmark = pytest.mark.e2e
SECONDS = 120
# A hundred kinds of one fault say no more than the first few.
ENOUGH = 5


def test_nothing_becomes_an_internal_error() -> None:
    """Answer or refuse whatever comes from outside, in other types than it should have."""
    seed, end = datetime.datetime.now(datetime.UTC).date().toordinal(), time.monotonic() + SECONDS
    findings: list[Finding] = []
    for number in itertools.count():
        if time.monotonic() > end or len(findings) == ENOUGH:
            break
        finding = attack(seed, number, corpus())
        findings += [finding] if finding else []
    assert findings == []
