"""Check that what providers report becomes a neutral reason, and nothing of it leaks.

The objects below tests/observed/openstack were recorded from a real provider.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from function import managed, trouble
from function.contract import Condition, Resource

RECORDED = Path(__file__).parent / "observed" / "openstack"

QUOTA = ("QuotaExceeded", "the quota of your account with the provider is used up")
CREDENTIALS = (
    "CredentialsInvalid",
    "the provider's credentials for your account are not accepted; the provider has to act",
)
CAPACITY = (
    "NoCapacity",
    "the provider has no capacity left for this; try later, another size or another zone",
)
RATE = ("RateLimited", "the provider slows requests down")
TIMEOUT = ("Timeout", "the provider did not answer in time")
UNREACHABLE = (
    "Unreachable",
    "the provider cannot be reached; what runs goes on, and changes are made later",
)
GONE = (
    "NotFound",
    "something this order needs is not there any more; the provider has to act",
)
NO_WAY_OUT = (
    "NotFound",
    "a public address needs a way out: set spec.externalAccess of the server's first Network to "
    "true, or wait until that is built",
)
REFUSED = (
    "ConfigurationProblem",
    "the provider refuses what was asked of it, and has to act",
)

REPORTS: dict[str, tuple[str, str] | None] = {
    "floatingipv2-over-quota": QUOTA,
    "floatingipv2-unknown-pool": GONE,
    "instancev2-force-new-refused": REFUSED,
    "instancev2-over-quota": QUOTA,
    "instancev2-unknown-flavor": GONE,
    "instancev2-unknown-image": GONE,
    "instancev2-waiting-for-ref": None,
    "instancev2-web-0": None,
    "keypairv2-name-conflict-409": REFUSED,
    "networkv2-drift": None,
    "networkv2-no-providerconfig": REFUSED,
    "networkv2-wrong-credentials": CREDENTIALS,
    "subnetv2-force-new-refused": REFUSED,
    "subnetv2-unresolved-ref": None,
    "subnetv2-waits-for-missing": None,
    "volumev3-over-quota": QUOTA,
}


def recorded(name: str) -> Resource:
    """Return a recorded object as a backend sees it."""
    manifest = yaml.safe_load((RECORDED / f"{name}.yaml").read_text("utf-8"))
    return managed.neutral(name, manifest, {})


def reporting(*conditions: Any, key: str = "a") -> Resource:
    """Build a resource with conditions."""
    return Resource(key, "f", "K", {}, status={"conditions": list(conditions)})


def failed(message: str, kind: str = "Synced", reason: str = "ReconcileError") -> dict[str, str]:
    """Build a condition that says that something failed."""
    return {"type": kind, "status": "False", "reason": reason, "message": message}


def test_every_recorded_object_is_judged() -> None:
    """A recorded object that nobody looks at proves nothing."""
    assert sorted(path.stem for path in RECORDED.glob("*.yaml")) == sorted(REPORTS)


@pytest.mark.parametrize(("name", "want"), REPORTS.items(), ids=REPORTS)
def test_recorded(name: str, want: tuple[str, str] | None) -> None:
    """A reference that does not resolve yet, and drift that was healed, are no trouble."""
    assert trouble.of(recorded(name)) == want


FOREIGN = re.compile(
    r"[0-9a-f]{8}|\d+\.\d+\.\d+|https?:|:\d{2,}|[{}\[\]]|_v\d|V[23]\b|openstack|neutron|nova|"
    r"terraform|upjet|crossplane|acme|\bweb\b|public|missing|nope|Plan9|SCS-",
    re.IGNORECASE,
)


@pytest.mark.parametrize("name", REPORTS)
def test_nothing_of_the_text_leaves(name: str) -> None:
    """The sentence holds no id, address, product or name of the provider."""
    reason, sentence = trouble.of(recorded(name)) or ("", "")
    assert FOREIGN.findall(f"{reason} {sentence}") == []


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("Quota exceeded for cores", QUOTA),
        ('got 403 instead: {"forbidden": {"message": "Quota exceeded"}}', QUOTA),
        ("got 403 instead: Policy doesn't allow this", CREDENTIALS),
        ("got 401 instead", CREDENTIALS),
        ('cannot get credentials secret: Secret "x" not found', CREDENTIALS),
        ("No valid host was found. There are not enough hosts available.", CAPACITY),
        ("got 429 instead: Too Many Requests", RATE),
        ("context deadline exceeded", TIMEOUT),
        ("net/http: TLS handshake timeout", TIMEOUT),
        (
            'observe failed: cannot get object: failed to get server groups: Get "https://'
            'quota.example.com:401/api": dial tcp 192.0.2.1:401: connect: connection refused',
            UNREACHABLE,
        ),
        ('Get "https://x/api": dial tcp: lookup x on 192.0.2.1:53: no such host', UNREACHABLE),
        ('Post "https://x/v3/auth/tokens": EOF', UNREACHABLE),
        ("got 404 instead: port x could not be found", GONE),
        (
            'got 404 instead: {"NeutronError": {"type": "ExternalGatewayForFloatingIPNotFound", '
            '"message": "External network x is not reachable from subnet y.  Therefore, cannot '
            'associate Port z with a Floating IP."}}',
            NO_WAY_OUT,
        ),
        ("got 500 instead: database is locked", REFUSED),
        ('cannot change the value of the argument "flavor" from "a" to "b"', REFUSED),
        (
            "refuse to update the external resource because the following update requires "
            'replacing it: cannot change the value of the argument "description" from "over '
            'quota" to "404 not found"',
            REFUSED,
        ),
        ("", REFUSED),
    ],
)
def test_classify(text: str, want: tuple[str, str]) -> None:
    """Quota comes before credentials, since both are a 403; quoted values are not read."""
    assert trouble.classify(text) == want


@pytest.mark.parametrize(
    ("resource", "want"),
    [
        (reporting(), None),
        (reporting({"type": "Ready", "status": "False", "reason": "Creating"}), None),
        (reporting({"type": "Synced", "status": "True"}), None),
        (reporting({"type": "Synced", "status": "Unknown"}), None),
        (reporting(failed("create failed: quota")), QUOTA),
        (reporting({"type": "Synced", "status": "True"}, failed("quota", "LastAsyncOperation")),
         QUOTA),
        (reporting(failed("", "LastAsyncOperation", "Ongoing")), None),
        (reporting(failed("cannot resolve references: x"), failed("quota", "LastAsyncOperation")),
         QUOTA),
        (reporting({"type": "Synced", "status": "False"}), REFUSED),
    ],
    ids=[
        "nothing said", "being created", "well", "unknown", "Synced", "LastAsyncOperation",
        "still running", "waiting, and failed before", "no message",
    ],
)  # fmt: skip
def test_which_conditions_count(resource: Resource, want: tuple[str, str] | None) -> None:
    """Not being ready is no trouble; a failed attempt is."""
    assert trouble.of(resource) == want


def test_health() -> None:
    """The first trouble by key is told, so that the message does not flap."""
    well = reporting(key="a")
    late, first = reporting(failed("quota"), key="c"), reporting(failed("got 401"), key="b")
    assert trouble.health([well]) == Condition("BackendHealthy", True, "NoTrouble")
    assert trouble.health([]) == Condition("BackendHealthy", True, "NoTrouble")
    want = Condition("BackendHealthy", False, *CREDENTIALS)
    assert trouble.health([late, well, first]) == want
    assert trouble.health([first, late, well]) == want


@pytest.mark.parametrize(
    "status",
    [
        {},
        {"conditions": None},
        {"conditions": 7},
        {"conditions": {"type": "Synced"}},
        {"conditions": ["Synced", None, {}]},
    ],
)
def test_garbage(status: dict[str, Any]) -> None:
    """Whatever stands where conditions should, there is no traceback."""
    assert trouble.condition_of(status, "Synced") == {}
    assert trouble.of(Resource("a", "f", "K", {}, status=status)) is None
