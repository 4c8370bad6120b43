"""Manifests, good and wrong, as people write them, and what is said of each.

    API server   `kubectl create --dry-run=server` before a real one, by `tests/e2e/test_written.py`
    ours         `central-api render` and the models, by `tests/test_written.py`

Both say the same. Where we are stricter on purpose, `because` says why.
"""

from dataclasses import dataclass
from typing import Any

KIND = "apiVersion: api.scs.community/v1alpha1\nkind: Network\n"
SPEC = "spec: {cidr: 10.20.0.0/24}\n"
WHOLE = f"{KIND}metadata: {{name: net, namespace: acme}}\n{SPEC}"


@dataclass(frozen=True)
class Case:
    """One file.

    Attributes:
        name: What is tried.
        content: What the file holds.
        server: Part of why the API server or kubectl refuses it; empty if it is accepted.
        ours: Part of why we do; empty if we accept it.
        because: Why we do not say the same.
        namespace: What `-n` says.
        beside: Whether models do not see what is wrong: it is in the kind, or beside the manifest.
    """

    name: str
    content: bytes
    server: str = ""
    ours: str = ""
    because: str = ""
    namespace: str = ""
    beside: bool = False


def _case(name: str, text: str, server: str = "", ours: str = "", **more: Any) -> Case:
    return Case(name, text.encode(), server, ours, **more)


def _meta(name: str, metadata: str, server: str = "", ours: str = "", **more: Any) -> Case:
    """Return a case of further `metadata`."""
    text = f"{KIND}metadata: {{name: net, namespace: acme, {metadata}}}\n{SPEC}"
    return _case(name, text, server, ours, **more)


def _named(name: str, value: str, server: str = "", ours: str = "", **more: Any) -> Case:
    """Return a case of a name of the order."""
    text = f"{KIND}metadata: {{name: {value}, namespace: acme}}\n{SPEC}"
    return _case(f"name: {name}", text, server, ours, **more)


def _spec(name: str, spec: str, server: str = "", ours: str = "", **more: Any) -> Case:
    """Return a case of a spec."""
    text = f"{KIND}metadata: {{name: net, namespace: acme}}\nspec: {spec}\n"
    return _case(f"spec: {name}", text, server, ours, **more)


def _top(name: str, more_text: str, server: str = "", ours: str = "", **more: Any) -> Case:
    """Return a case of further fields beside `spec`."""
    text = f"{KIND}metadata: {{name: net, namespace: acme}}\n{SPEC}{more_text}\n"
    return _case(name, text, server, ours, **more)


DNS, OUR_DNS = "RFC 1123", "metadata.name: must be lower-case letters, digits, dashes and dots"
TYPE, NUMBER = "cannot unmarshal", "must be text, but"
NAMELESS = "name or generateName is required"
KEY, OUR_KEY = "name part must consist of", "must be a key such as team"
VALUE, OUR_VALUE = "a valid label must be an empty string or", "must be the value of a label"
LONG = "a" * 64

NAMES = (
    _named("plain", "net"),
    _named("of 63 letters", "a" * 63),
    _named("with a dot", "my.net"),
    _named("of digits, quoted", '"123"'),
    _named("in upper case", "Hello", DNS, OUR_DNS),
    _named("of 64 letters", LONG, "Too long", "metadata.name: must have at most 63 characters"),
    _named("of 70 letters", "a" * 70, "Too long", "metadata.name: must have at most 63 characters"),
    _named("with an underscore", "a_b", DNS, OUR_DNS),
    _named("ending with a dash", "a-", DNS, OUR_DNS),
    _named("with an empty part", "a..b", DNS, OUR_DNS),
    _named("with a blank", '"a b"', DNS, OUR_DNS),
    _named("with a slash", "a/b", DNS, OUR_DNS),
    _named("with an umlaut", "müller", DNS, OUR_DNS),
    _named("with a line break", '"a\\n"', DNS, OUR_DNS),
    _named("a number", "123", TYPE, f"metadata.name: {NUMBER}"),
    _named("a version", "20.04", TYPE, f"metadata.name: {NUMBER}"),
    _named("a boolean", "on", TYPE, "metadata.name: must be text; YAML reads on"),
    _named("null", "null", NAMELESS, "metadata.name: must be text"),
    _named("empty", '""', NAMELESS, "metadata.name: must be lower-case letters"),
    _named("a list", "[a]", TYPE, "metadata.name: must be text"),
)  # fmt: skip
NAMESPACES = (
    _case("namespace: in upper case", f"{KIND}metadata: {{name: net, namespace: Acme}}\n{SPEC}",
          "not found", "metadata.namespace: must be lower-case letters"),
    _case("namespace: a number", f"{KIND}metadata: {{name: net, namespace: 1}}\n{SPEC}",
          TYPE, f"metadata.namespace: {NUMBER}"),
    _case("namespace: null, with -n", f"{KIND}metadata: {{name: net, namespace: null}}\n{SPEC}",
          namespace="acme"),
    _case("namespace: empty, with -n", f'{KIND}metadata: {{name: net, namespace: ""}}\n{SPEC}',
          namespace="acme"),
    _case("namespace: none, with -n", f"{KIND}metadata: {{name: net}}\n{SPEC}", namespace="acme"),
    _case("namespace: the same as -n", WHOLE,
          namespace="acme"),
    _case("namespace: another than -n", WHOLE,
          "does not match the namespace", "does not match --namespace beta", namespace="beta",
          beside=True),
    _case("namespace: none", f"{KIND}metadata: {{name: net}}\n{SPEC}",
          "", "metadata.namespace: required, or give --namespace",
          because="kubectl takes that of the context, and there is none here", beside=True),
)  # fmt: skip
LABELS = (
    _meta("labels: good", 'labels: {a: b, x.y/a: c, A_b: 1.2.3, 1: c, d: "", e: 2026-10-27}'),
    _meta("labels: null", "labels: null"),
    _meta("labels: a value is null", "labels: {a: null}"),
    _meta("labels: a list", "labels: [a]", TYPE, "metadata.labels: must be a mapping"),
    _meta("labels: text", "labels: a", TYPE, "metadata.labels: must be a mapping"),
    _meta("labels: a number", "labels: {a: 1}", TYPE, f"metadata.labels.a: {NUMBER}"),
    _meta("labels: a boolean", "labels: {a: true}", TYPE, "metadata.labels.a: must be text"),
    _meta("labels: a mapping", "labels: {a: {b: c}}", TYPE, "metadata.labels.a: must be text"),
    _meta("labels: a value with a blank", 'labels: {a: "b c"}', VALUE, OUR_VALUE),
    _meta("labels: a value that begins with -", 'labels: {a: "-b"}', VALUE, OUR_VALUE),
    _meta("labels: a value of 63 letters", f"labels: {{a: {'b' * 63}}}"),
    _meta("labels: a value of 64 letters", f"labels: {{a: {LONG}}}",
          "must be no more than 63", "metadata.labels.a: must have at most 63 characters"),
    _meta("labels: a key with a blank", 'labels: {"a b": c}', KEY, OUR_KEY),
    _meta("labels: an empty key", 'labels: {"": c}', KEY, OUR_KEY),
    _meta("labels: a key of a prefix alone", 'labels: {"a/": c}', KEY, OUR_KEY),
    _meta("labels: a key with two slashes", "labels: {x/y/z: c}", "DNS subdomain", OUR_KEY),
    _meta("labels: a prefix in upper case", "labels: {X.y/a: c}", "prefix part", OUR_KEY),
    _meta("labels: a key of 64 letters", f"labels: {{{LONG}: c}}",
          "no more than 63", "253 characters before the slash, and 63 after it"),
    _meta("labels: a prefix of 304 letters", f"labels: {{{'.'.join(['a' * 60] * 5)}/b: c}}",
          "no more than 253", "253 characters before the slash, and 63 after it"),
)  # fmt: skip
ANNOTATIONS = (
    _meta("annotations: good", 'annotations: {a: "b c\\n ü", Foo.Bar/x: "", d: null}'),
    _meta("annotations: null", "annotations: null"),
    _meta("annotations: a number", "annotations: {a: 1}", TYPE,
          f"metadata.annotations.a: {NUMBER}"),
    _meta("annotations: a key with a blank", 'annotations: {"a b": c}', KEY, OUR_KEY),
    _meta("annotations: of 256 KiB", f"annotations: {{a: {'x' * (256 * 1024 - 1)}}}"),
    _meta("annotations: larger", f"annotations: {{a: {'x' * 256 * 1024}}}",
          "may not be more than 262144 bytes", "must have at most 262144 bytes in all, has 262145"),
)  # fmt: skip
OTHERS = (
    _meta("metadata: an unknown field", "namspace: a", 'unknown field "metadata.namspace"',
          "metadata.namspace: unknown field, did you mean namespace?"),
    _meta("metadata: a field that is no more", "clusterName: a", "unknown field",
          "metadata.clusterName: unknown field"),
    _meta("metadata: what an API server adds",
          'uid: a, resourceVersion: "1", generation: 3, creationTimestamp: 2026-01-01T00:00:00Z, '
          "selfLink: a, managedFields: [{manager: a}]"),
    _meta("metadata: creationTimestamp is null", "creationTimestamp: null"),
    _meta("metadata: creationTimestamp is no time", "creationTimestamp: now", "parsing time",
          "metadata.creationTimestamp: must be a time"),
    _meta("metadata: generation is text", 'generation: "3"', TYPE,
          "metadata.generation: must be a whole number"),
    _meta("metadata: uid is a number", "uid: 1", TYPE, f"metadata.uid: {NUMBER}"),
    _meta("metadata: finalizers", "finalizers: [a.b/c]"),
    _meta("metadata: finalizers is null", "finalizers: null"),
    _meta("metadata: finalizers is text", "finalizers: a", TYPE,
          "metadata.finalizers: must be a list"),
    _meta("metadata: a finalizer is a number", "finalizers: [1]", TYPE,
          f"metadata.finalizers[0]: {NUMBER}"),
    _meta("metadata: an owner", "ownerReferences: [{apiVersion: v1, kind: A, name: a, uid: b}]"),
    _meta("metadata: half an owner", "ownerReferences: [{kind: A}]", "must not be empty",
          "metadata.ownerReferences[0].apiVersion: required"),
    _meta("metadata: an owner with another field",
          "ownerReferences: [{apiVersion: v1, kind: A, name: a, uid: b, x: c}]",
          "unknown field", "metadata.ownerReferences[a].x: unknown field"),
    _case("metadata: none", f"{KIND}{SPEC}", NAMELESS,
          "metadata: required"),
    _case("metadata: a list", f"{KIND}metadata: []\n{SPEC}", TYPE, "metadata: must be a mapping"),
    _case("metadata: no name", f"{KIND}metadata: {{namespace: acme}}\n{SPEC}",
          NAMELESS, "metadata.name: required"),
    _case("metadata: generateName",
          f"{KIND}metadata: {{generateName: a-, namespace: acme}}\n{SPEC}", "",
          "metadata.name: required",
          because="what is composed is named after the order; kubectl apply refuses it, too"),
    _top("another field", "foo: 1", 'unknown field "foo"', "foo: unknown field"),
    _top("another field, null", "foo: null", 'unknown field "foo"', "foo: unknown field"),
    _case("specs for spec", f"{KIND}metadata: {{name: net, namespace: acme}}\nspecs: {{}}\n",
          'unknown field "specs"', "specs: unknown field, did you mean spec?"),
    _top("data for spec", "data: {}", 'unknown field "data"', "data: unknown field"),
    _top("status", "status: {phase: Ready, conditions: []}"),
    _top("status: null", "status: null"),
    _top("status: an unknown field", "status: {foo: 1}", 'unknown field "status.foo"',
         "status.foo: unknown field", beside=True),
    _case("kind in lower case",
          WHOLE.replace("Network", "network"),
          "must be Network", "did you mean Network for network?", beside=True),
    _case("another version",
          WHOLE.replace("v1alpha1", "v1"),
          "no matches for kind", "needs apiVersion api.scs.community/v1alpha1", beside=True),
    _case("a mistake in the group",
          WHOLE.replace("scs.com", "scs.co"),
          "no matches for kind", "needs apiVersion api.scs.community/v1alpha1", beside=True),
    _case("no apiVersion", f"kind: Network\nmetadata: {{name: net, namespace: acme}}\n{SPEC}",
          "apiVersion not set", "apiVersion: required in every object", beside=True),
    _case("no kind", f"apiVersion: api.scs.community/v1alpha1\nmetadata: {{name: net}}\n{SPEC}",
          "kind not set", "kind: required in every object", beside=True),
    _case("a number for kind", f"{KIND}metadata: {{name: net}}\n{SPEC}".replace("Network", "1"),
          "kind isn't string type", "kind: required in every object, as text", beside=True),
    _case("a list of an API", f"apiVersion: api.scs.community/v1alpha1\nkind: NetworkList\nitems:\n"
          f"- {KIND}{SPEC}metadata: {{name: net, namespace: acme}}".replace("\n", "\n  ")
          .replace("\n  items", "\nitems").replace("\n  kind: NetworkList", "\nkind: NetworkList")
          .replace("\n  - ", "\n- ")),
    _case("nothing", "", "no objects passed", "holds nothing, but needs an order", beside=True),
    _case("text", "hello\n", "invalid object to validate", "must hold Kubernetes objects"),
)  # fmt: skip
SPECS = (
    _spec("null", "null", "spec: Required value", "spec: must be a mapping"),
    _spec("a list", "[]", 'must be of type object: "array"', "spec: must be a mapping"),
    _spec("an unknown field", "{cidr: 10.20.0.0/24, mut: 1500}", 'unknown field "spec.mut"',
          "spec.mut: unknown field, did you mean mtu?"),
    _spec("an unknown field, null", "{cidr: 10.20.0.0/24, mut: null}", 'unknown field "spec.mut"',
          "spec.mut: unknown field, did you mean mtu?"),
    _spec("a field of Crossplane's that is not an order's", "{cidr: 10.20.0.0/24, claimRef: {}}",
          'unknown field "spec.claimRef"', "spec.claimRef: unknown field"),
    _spec("a number with a fraction of zero", "{cidr: 10.20.0.0/24, mtu: 1400.0}"),
    _spec("a number with an exponent", "{cidr: 10.20.0.0/24, mtu: 1.4e3}"),
    _spec("an octal number", "{cidr: 10.20.0.0/24, mtu: 02570}"),
    _spec("a number in hexadecimal", "{cidr: 10.20.0.0/24, mtu: 0x578}"),
    _spec("a number with underscores", "{cidr: 10.20.0.0/24, mtu: 1_400}"),
    _spec("a number in text", '{cidr: 10.20.0.0/24, mtu: "1400"}', "spec.mtu", "spec.mtu: must be"),
    _spec("a number with a colon", "{cidr: 10.20.0.0/24, mtu: 23:20}", "spec.mtu",
          "spec.mtu: must be a whole number"),
    _spec("a number larger than 64 bits", "{cidr: 10.20.0.0/24, mtu: 18446744073709551616}",
          "spec.mtu", "spec.mtu: must be"),
    _spec("a number larger than 53 bits", "{cidr: 10.20.0.0/24, mtu: 9007199254740993}",
          "spec.mtu", "spec.mtu: must be"),
    _spec("infinity", "{cidr: 10.20.0.0/24, mtu: .inf}", "unsupported value", ".inf is no number"),
    _spec("a boolean for text", "{cidr: on}", "spec.cidr", "spec.cidr: must be text"),
    _spec("y for text", "{cidr: y}", "spec.cidr", "spec.cidr: must be text"),
    _spec("a date for text", "{cidr: 2026-10-27}", "spec.cidr", "spec.cidr: must be a network"),
    _spec("yes for a flag", "{cidr: 10.20.0.0/24, externalAccess: yes}"),
    _spec("a number for a flag", "{cidr: 10.20.0.0/24, externalAccess: 1}", "spec.externalAccess",
          "spec.externalAccess: must be true or false"),
    _spec("a field that is null", "{cidr: 10.20.0.0/24, mtu: null}"),
    _spec("merged", "{<<: {cidr: 10.20.0.0/24, mtu: 1}, mtu: 1400}"),
    _spec("merged over what is there", "{mtu: 1400, <<: {cidr: 10.20.0.0/24, mtu: 1}}", "spec.mtu",
          "spec.mtu: must be at least"),
    _spec("a key twice", "{cidr: 10.20.0.0/24, cidr: 10.30.0.0/24}", "",
          "duplicate key cidr", because="the first value is lost in silence"),
)  # fmt: skip
CASES = (*NAMES, *NAMESPACES, *LABELS, *ANNOTATIONS, *OTHERS, *SPECS)
