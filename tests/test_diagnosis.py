"""Check that what providers report becomes a neutral reason, and nothing of it leaks.

The objects below tests/data/observed/openstack were recorded from a real provider;
tests/data/texts holds what services, API servers and Cluster API say.
"""

import re
import time
from typing import Any

import pytest

from function import diagnosis
from function.contract import Condition, Resource
from function.diagnosis import names
from tests import asking
from tests.live.moments import shown, with_condition

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
OUT_OF_ORDER = (
    "Unreachable",
    "the provider's service is out of order for the moment; what runs goes on, and changes are "
    "made later",
)
UNKNOWN = (
    "Retrying",
    "the provider reports an error and tries again; ask your provider if this lasts",
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
    manifest = asking.recorded(f"openstack/{name}")
    return asking.unscoped(name, manifest)


def reporting(*conditions: Any, key: str = "a") -> Resource:
    """Build a resource with conditions."""
    return Resource(key, "f", "K", {}, status={"conditions": list(conditions)})


def failed(message: str, kind: str = "Synced", reason: str = "ReconcileError") -> dict[str, str]:
    """Build a condition that says that something failed."""
    return {"type": kind, "status": "False", "reason": reason, "message": message}


def test_every_recorded_object_is_judged() -> None:
    """A recorded object that nobody looks at proves nothing."""
    assert asking.recordings("openstack") == [f"openstack/{name}" for name in sorted(REPORTS)]


@pytest.mark.parametrize(("name", "want"), REPORTS.items(), ids=REPORTS)
def test_recorded(name: str, want: tuple[str, str] | None) -> None:
    """A reference that does not resolve yet, and drift that was healed, are no problem."""
    assert diagnosis.of(recorded(name)) == want


@pytest.mark.parametrize("file", ["openstack", "kubernetes"])
def test_texts(file: str) -> None:
    """Each text has its reason, names the field that can be corrected, and is refused or not."""
    wrong = []
    for entry in asking.texts(file):
        rule = diagnosis.read(entry["text"])
        named = re.findall(r"spec\.\w+", rule.sentence)
        got = (rule.reason, rule.refuses, *named[:1])
        want = (entry["want"], entry.get("refused", False))
        want += (entry["field"],) if "field" in entry else ()
        wrong += [] if got == want else [f"{entry['name']}: {got} instead of {want}"]
    assert wrong == []


def test_texts_of_cluster_api() -> None:
    """Errors of the infrastructure are reported, and messages that every start has are not."""
    wrong = []
    for entry in asking.texts("cluster-api"):
        live = recorded_cluster(entry["text"])
        reason = shown("capi", live).composite["status"]["conditions"]
        [healthy] = [found["reason"] for found in reason if found["type"] == "BackendHealthy"]
        wrong += [] if healthy == entry["want"] else [f"{entry['name']}: {healthy}"]
    assert wrong == []


def recorded_cluster(text: str) -> dict[str, Any]:
    """Return a Cluster that is being built, whose infrastructure says something."""
    return with_condition(
        "07-create-6", "v1beta2", "InfrastructureReady", text.replace("{", "{{").replace("}", "}}")
    )


WORDS = ("quota", "timeout", "forbidden", "unauthorized", "exhausted", "x509", "eof", "not-found",
         "no-valid-host", "rate-limit", "quota-exceeded", "503", "web")  # fmt: skip


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize(
    "text",
    [
        "Unable to create openstack_compute_keypair_v2 acme-{0}-2d6df4df0f: Expected HTTP response "
        "code [200 201] when accessing [POST https://{0}.example.net/v2.1/os-keypairs], but got "
        '409 instead: {{"conflictingRequest": {{"code": 409, "message": "Key pair '
        "'acme-{0}-2d6df4df0f' already exists.\"}}}}",
        "Error creating openstack_networking_router_v2: got 409 instead: router {0} of '{0}' is",
        'update failed: cannot apply object: shoots.core.gardener.cloud "{0}" got 400 instead',
        "got 400 instead: volume {0}-0-data of namespace {0}, server {0}-0, acme-{0}-secgroup",
    ],
)
def test_names_are_not_read(text: str, word: str) -> None:
    """An order of any name is refused for the same reason as one that is called web."""
    labels = {"api.scs.community/name": word, "api.scs.community/tenant": word}
    resource = Resource(
        "a", "f", "K", {"name": f"{word}-0"}, name=f"acme-{word}-0123456789", labels=labels,
        status={"conditions": [failed(text.format(word))]},
    )  # fmt: skip
    assert diagnosis.of(resource) == REFUSED


@pytest.mark.parametrize("word", WORDS)
def test_what_a_provider_says_is_read_beside_names(word: str) -> None:
    """A name does not hide the text around it."""
    labels = {"api.scs.community/name": word}
    for entry in asking.texts("openstack") + asking.texts("kubernetes"):
        text = f"{entry['text']} ({word}-0 of '{word}')"
        resource = Resource("a", "f", "K", {}, labels=labels)
        found = diagnosis.read(text, names.of(resource))
        likewise = (entry["want"],) if word == "web" else (entry["want"], "Retrying")
        assert found.reason in likewise, (entry["name"], found)


@pytest.mark.parametrize("size", [4, 64])
def test_long_texts_take_no_longer_than_they_are_long(size: int) -> None:
    """Each reader goes over a text a bounded number of times."""
    known = ["acme-web-0123456789", "web"]
    for part in (
        "a",
        "* ",
        '"',
        "acme-",
        "[POST ",
        "webhook ",
        "load balancer ",
        "exceeds a ",
        "\n",
    ):
        text = (part * (size * 1024))[: size * 1024]
        started = time.process_time()
        diagnosis.classify(text, known)
        assert time.process_time() - started < 0.02 * size, part


FOREIGN = re.compile(
    r"[0-9a-f]{8}|\d+\.\d+\.\d+|https?:|:\d{2,}|[{}\[\]]|_v\d|V[23]\b|openstack|neutron|nova|"
    r"terraform|upjet|crossplane|acme|\bweb\b|public|missing|nope|Plan9|SCS-",
    re.IGNORECASE,
)


@pytest.mark.parametrize("name", REPORTS)
def test_nothing_of_the_text_leaves(name: str) -> None:
    """The sentence holds no id, address, product or name of the provider."""
    reason, sentence = diagnosis.of(recorded(name)) or ("", "")
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
        ("got 500 instead: database is locked", OUT_OF_ORDER),
        ("got 400 instead: no", REFUSED),
        (
            "refuse to update the external resource because the following update requires "
            'replacing it: cannot change the value of the argument "description" from "over '
            'quota" to "404 not found"',
            REFUSED,
        ),
        ("", UNKNOWN),
    ],
)
def test_classify(text: str, want: tuple[str, str]) -> None:
    """Quota comes before credentials, since both are a 403; quoted values are not read."""
    assert diagnosis.classify(text) == want


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
        (reporting({"type": "Synced", "status": "False"}), UNKNOWN),
        (reporting(failed("create failed: async create failed"),
                   failed("quota exceeded", "LastAsyncOperation")), QUOTA),
        (reporting(failed("create failed: no"), failed("neither", "LastAsyncOperation")), UNKNOWN),
        (reporting({"type": "Synced", "status": "False", "reason": "ReconcilePaused"}),
         ("Paused", diagnosis.sentence("Paused"))),
    ],
    ids=[
        "nothing said", "being created", "well", "unknown", "Synced", "LastAsyncOperation",
        "still running", "waiting, and failed before", "no message", "said by the other one",
        "said by neither", "paused",
    ],
)  # fmt: skip
def test_which_conditions_count(resource: Resource, want: tuple[str, str] | None) -> None:
    """Not being ready is no problem; a failed attempt is."""
    assert diagnosis.of(resource) == want


def test_health() -> None:
    """The first problem by key is reported, so that the message does not flap."""
    well = reporting(key="a")
    late, first = reporting(failed("quota"), key="c"), reporting(failed("got 401"), key="b")
    assert diagnosis.health([well]) == Condition("BackendHealthy", True, "NoTrouble")
    assert diagnosis.health([]) == Condition("BackendHealthy", True, "NoTrouble")
    want = Condition("BackendHealthy", False, *CREDENTIALS)
    assert diagnosis.health([late, well, first]) == want
    assert diagnosis.health([first, late, well]) == want


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
    """Whatever is in the place of conditions, there is no traceback."""
    assert diagnosis.condition_of(status, "Synced") == {}
    assert diagnosis.of(Resource("a", "f", "K", {}, status=status)) is None
