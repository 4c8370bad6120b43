"""Golden cases: an order, an environment, what providers have built meanwhile, and the answer.

    tests/cases/<backend>/<case>/
        case.yaml   what is asked, and the reason why the case is there
        want.yaml   status, resources and readiness, or the refusal

    reason        a sentence
    from          the case of the same backend that this one continues
    example       the order, such as `cluster/minimal`
    order         edits of it by path
    provider      the example environment
    environment   edits of its last layer by path
    mode          `claims` or `namespaced`
    modern        whether Crossplane knows `required_resources`; 1.20 does not
    passes        further calls, each after providers built everything, or what `built` lists,
                  and each with an `order` of further edits
    then          passes that follow those of the case that is continued

A case that continues another has everything that it does not say itself from there, and its
want.yaml holds the difference between the two answers; see `tests/differences.py`. This prints
the whole answer:

    python -m tests.golden capi/upgrade
"""

import functools
import sys
from pathlib import Path
from typing import Any

import yaml

from function import local, simulate
from function.contract import Mode
from function.paths import replaced
from tests import asking, differences

CASES = Path(__file__).parent / "cases"
NAMES = sorted(str(path.parent.relative_to(CASES)) for path in CASES.glob("*/*/case.yaml"))
Data = dict[str, Any]


@functools.cache
def case(name: str) -> Data:
    """Return what a case says, with what it has from the case that it continues."""
    said: Data = asking.loaded(CASES / name / "case.yaml")
    if "from" not in said:
        return said
    said["from"] = f"{name.partition('/')[0]}/{said['from']}"
    base = case(said["from"])
    edits = {key: {**base.get(key, {}), **said.get(key, {})} for key in ("order", "environment")}
    passes = said.get("passes", base.get("passes", [])) + said.get("then", [])
    return {**base, **said, **edits, "passes": passes}


def want(name: str) -> Data:
    """Return the whole answer that was reviewed."""
    result: Data = asking.loaded(CASES / name / "want.yaml")
    base = case(name).get("from")
    if base is None or "refused" in result:
        return result
    return differences.applied(want(base), result)


def written(answer: Data, base: Data | None) -> str:
    """Return an answer as want.yaml holds it: as a difference where the case continues another."""
    if base and "refused" not in answer:
        answer = differences.difference(base, answer)
    return text(answer)


def text(answer: Data) -> str:
    """Return an answer as YAML."""
    result: str = yaml.safe_dump(answer, sort_keys=False, allow_unicode=True, width=100)
    return result


def order(said: Data) -> Data:
    """Return the order of a case, before any pass."""
    return edited(asking.order(said["example"]), said.get("order", {}))


def layers(said: Data) -> list[Data]:
    """Return the environment of a case."""
    *others, last = asking.provider(said["provider"])
    return [*others, asking.edited(last, "data", said.get("environment", {}))]


def play(said: Data) -> local.Outcome:
    """Answer the order of a case, after as many passes as it names."""
    given, environment = order(said), layers(said)
    mode, modern = Mode(said.get("mode", "claims")), said.get("modern", True)
    outcome = asking.ask(given, environment, None, mode, modern=modern)
    for one in said.get("passes", []):
        assert not outcome.fatal, f"only the last answer may be a refusal: {outcome.fatal}"
        finished = one.get("built")
        built = simulate.play(outcome.resources, None if finished is None else frozenset(finished))
        given = edited(given, one.get("order", {}))
        outcome = asking.ask(given, environment, built, mode, modern=modern)
    return outcome


def edited(manifest: Data, edits: Data) -> Data:
    """Return a manifest with values replaced by path."""
    for path, value in edits.items():
        manifest = replaced(manifest, path, value)
    return manifest


def shown(outcome: local.Outcome) -> Data:
    """Return an answer as a reviewer reads it."""
    if outcome.fatal:
        return {"refused": outcome.fatal, "tenant reads": outcome.warnings[0]}
    return {
        "complete": outcome.complete,
        "ready": sorted(outcome.ready),
        "status": outcome.composite["status"],
        "resources": dict(outcome.resources),
    }


if __name__ == "__main__":
    sys.stdout.writelines(text(want(name)) for name in sys.argv[1:])
