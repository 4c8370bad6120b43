"""Every field of an order that holds text, and characters that may or may not be in it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from function import texts
from function.errors import InvalidOrder
from function.model import KINDS
from function.model.values import PRINTABLE, PRINTABLE_LINES, UNESCAPED, UNQUOTED
from function.record import Bound, with_fills
from function.schema import HINTS, masked
from function.settings import Place
from tests.samples import public_key

Spec = dict[str, Any]
# What nobody sees, or what changes what people see.
UNSEEN = {
    "NUL": "\0", "bell": "\a", "backspace": "\b", "escape": "\x1b", "delete": "\x7f",
    "C1": "\x85", "soft hyphen": "\xad", "Arabic mark": "\u061c", "no width": "\u200b",
    "left to right": "\u200e", "right to left": "\u200f", "line": "\u2028", "paragraph": "\u2029",
    "embedding": "\u202a", "override": "\u202e", "isolate": "\u2066", "end of isolate": "\u2069",
    "word joiner": "\u2060", "byte order": "\ufeff", "interlinear": "\ufff9",
}  # fmt: skip
LINES = {"line feed": "\n", "carriage return": "\r", "tab": "\t"}
QUOTES = {"quotation mark": '"', "apostrophe": "'"}
BACKSLASH = {"backslash": "\\"}
SEEN = {
    "dash": "-", "umlaut": "ö", "Han": "管", "Persian": "م", "no joiner": "\u200c",
    "joiner": "\u200d", "emoji": "👩", "signs": "%{x}$`;|&<>:",
}  # fmt: skip
EVERY = UNSEEN | LINES | QUOTES | BACKSLASH | SEEN | {"space": " "}
REFUSED = {
    PRINTABLE: UNSEEN | LINES,
    PRINTABLE_LINES: UNSEEN,
    UNQUOTED: UNSEEN | LINES | QUOTES,
    UNESCAPED: UNSEEN | LINES | QUOTES | BACKSLASH,
}
LOGIN = {"issuerURL": "https://idp.example.com/realms/acme", "clientID": "kubectl"}
RULE = {"protocol": "tcp", "ports": "443"}
KEY = public_key("").rstrip() + " "
POOL = {"name": "web", "flavor": "SCS-2V-8", "replicas": 1}


@dataclass(frozen=True)
class Field:
    """A field that holds text.

    Attributes:
        kind: Kind of the order.
        path: Where a refusal says it is.
        spec: Returns an order with a text there.
        refused: Characters that it does not take.
        previous: What the text begins with.
        hint: What it has to be.
    """

    kind: str
    path: str
    spec: Callable[[str], Spec]
    refused: Mapping[str, str]
    previous: str = "a"
    hint: str = ""

    @property
    def message(self) -> str:
        """Return the refusal."""
        hints = (HINTS[kind.pattern] for kind, what in REFUSED.items() if what == self.refused)
        return f"{self.path}: must be {self.hint or next(hints)}"


def cluster(**fields: Any) -> Spec:
    """Return a cluster with fields."""
    return {"version": "1.34", **fields}


def pool(**fields: Any) -> Spec:
    """Return a cluster whose one pool has fields."""
    return cluster(nodePools=[POOL | fields])


def server(**fields: Any) -> Spec:
    """Return a server with fields."""
    return {"image": {"os": "ubuntu", "version": "24.04"}, "flavor": "SCS-2V-4", **fields}


def login(name: str) -> Callable[[str], Spec]:
    """Return what makes a cluster with text in a field of its login."""
    return lambda text: cluster(access={"oidc": LOGIN | {name: text}})


OIDC = "spec.access.oidc"
FIELDS = [
    *(
        Field("Cluster", f"{OIDC}.{name}", login(name), REFUSED[UNESCAPED])
        for name in (
            "clientID", "usernameClaim", "groupsClaim", "usernamePrefix", "groupsPrefix",
        )
    ),
    Field(
        "Cluster", f"{OIDC}.issuerURL", login("issuerURL"),
        UNSEEN | QUOTES | BACKSLASH, "https://a",
        "an https URL, without user, query or fragment, of printable characters other than "
        "quotation marks and backslashes",
    ),
    *(
        Field(
            "Cluster", f"spec.access.{name}[1]",
            lambda text, name=name: cluster(access={name: ["fine", text]}),  # type: ignore[misc]
            REFUSED[UNQUOTED],
        )
        for name in ("adminGroups", "viewerGroups")
    ),
    Field(
        "Cluster", "spec.controlPlane.flavor",
        lambda text: cluster(controlPlane={"flavor": text}), REFUSED[PRINTABLE],
    ),
    Field(
        "Cluster", "spec.nodePools[web].flavor",
        lambda text: pool(flavor=text), REFUSED[PRINTABLE],
    ),
    Field(
        "Cluster", "spec.nodePools[web].zones[1]",
        lambda text: pool(zones=["az1", text]), REFUSED[PRINTABLE],
    ),
    Field(
        "Cluster", "spec.nodePools[web].annotations.example.com/note",
        lambda text: pool(annotations={"example.com/note": text}), REFUSED[PRINTABLE_LINES],
    ),
    Field(
        "Cluster", "spec.variables.open.list[0].text",
        lambda text: cluster(variables={"open": {"list": [{"text": text}]}}),
        REFUSED[PRINTABLE_LINES],
    ),
    Field(
        "Cluster", "spec.variables",
        lambda text: cluster(variables={text: 1}), REFUSED[PRINTABLE_LINES],
    ),
    *(
        Field(
            "Server", f"spec.firewall.{name}[0].description",
            lambda text, name=name: server(firewall={name: [RULE | {"description": text}]}),  # type: ignore[misc]
            REFUSED[UNQUOTED],
        )
        for name in ("ingress", "egress")
    ),
    Field("Server", "spec.flavor", lambda text: server(flavor=text), REFUSED[PRINTABLE]),
    Field("Server", "spec.zone", lambda text: server(zone=text), REFUSED[PRINTABLE]),
    Field(
        "Server", "spec.image.name",
        lambda text: server(image={"name": text}), REFUSED[PRINTABLE],
    ),
    Field(
        "Server", "spec.image.version",
        lambda text: server(image={"os": "ubuntu", "version": text}), REFUSED[PRINTABLE],
    ),
    Field(
        "Server", "spec.sshKeys[0]",
        lambda text: server(sshKeys=[text]),
        UNSEEN | {name: LINES[name] for name in ("carriage return", "tab")},
        KEY, "a public key in one line, such as ssh-ed25519 AAAAC3Nza name",
    ),
]  # fmt: skip


def judged(
    kind: str, current: Spec, previous: Spec | None = None, filled: Spec | None = None
) -> list[str]:
    """Return what is said of the texts of an order."""
    schema, fills = KINDS[kind], filled or {}
    record = None
    if previous is not None:
        record = Bound(place=Place(), requested=masked(schema, previous), filled=fills)
    try:
        texts.judge(kind, with_fills(current, fills), fills, record)
    except InvalidOrder as refusal:
        return [str(problem) for problem in refusal.problems]
    return []
