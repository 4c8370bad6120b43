"""Attack for a while, and print the findings: `python -m tests.fuzz --seconds 600 --seed 1`."""

import argparse
import itertools
import sys
import time
from collections import Counter
from collections.abc import Iterator

from tests.fuzz.attack import Finding, attack, every
from tests.fuzz.requests import corpus


def main() -> int:
    """Run until the time is over; the exit code says whether there are findings."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seconds", type=float, default=60, help="of CPU")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="one attempt, as seed:number")
    parser.add_argument("--every", help="every change of the requests with this in their names")
    args = parser.parse_args()
    if args.only:
        seed, number = map(int, args.only.split(":"))
        print(attack(seed, number, corpus()))  # noqa: T201  # for people
        return 0
    kinds: Counter[tuple[str, ...]] = Counter()
    for finding in _every(args.every) if args.every else _random(args.seed, args.seconds):
        kind = finding.problem[-2:]
        kinds[kind] += 1
        if kinds[kind] == 1:
            print(finding.attempt, finding.request, *finding.problem, sep="\n  ", flush=True)  # noqa: T201  # for people
    print(f"{sum(kinds.values())} findings of {len(kinds)} kinds")  # noqa: T201  # for people
    return 1 if kinds else 0


def _random(seed: int, seconds: float) -> Iterator[Finding]:
    end = time.process_time() + seconds
    for number in itertools.count():
        if time.process_time() > end:
            print(f"{number} attempts")  # noqa: T201  # for people
            return
        finding = attack(seed, number, corpus())
        if finding:
            yield finding


def _every(name: str) -> Iterator[Finding]:
    for request in corpus():
        if name in request.name:
            yield from every(request)


if __name__ == "__main__":
    sys.exit(main())
