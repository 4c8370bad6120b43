"""Read the log as the operator does: one line for each order, and never a secret."""

import asyncio
import functools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import structlog
from crossplane.function import logging as sdk
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from crossplane.function.proto.v1 import run_function_pb2_grpc as grpcv1
from structlog.testing import capture_logs

from function import calls, fn, local, simulate
from function.contract import Mode
from tests import asking
from tests.holding import hold
from tests.samples import public_key
from tools import demo

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

Data = dict[str, Any]
Where = tuple[str | int, ...]
PLANT = "Pa55phrase"
# What the SDK adds to each line, and what differs from run to run.
VARYING = ("filename", "lineno", "milliseconds", "ts")

SMALL: Data = asking.order("cluster/minimal")
LAYERS = asking.provider("cluster-stacks")
ANSWERED: Data = {
    "tenant": "acme",
    "kind": "Cluster",
    "name": "hello",
    "environment": "default",
    "backend": "capi",
    "outcome": "answered",
    "resources": 1,
}
REQUIREMENTS: Data = {**ANSWERED, "backend": "", "outcome": "requirements", "resources": 0}
REFUSED: Data = {
    **REQUIREMENTS,
    "outcome": "refused",
    "reason": "InvalidOrder",
    "actor": "tenant",
    "problems": ["spec.version: not offered here; offered: 1.34.7, 1.35.4"],
}
NOBODY: Data = {
    "tenant": "",
    "kind": "",
    "name": "",
    "environment": "",
    "backend": "",
    "outcome": "refused",
    "resources": 0,
    "reason": "InvalidOrder",
    "actor": "tenant",
    "problems": ["kind: must be one of Cluster, Server, Network"],
}


def test_lines_of_a_server(tmp_path: Path) -> None:
    """A server writes JSON lines: two orders and a call without one are three of them."""
    files = demo.certificates(tmp_path)
    with demo.serving(files) as channel:
        asyncio.run(_asked(channel))
    written = (tmp_path / "server.log").read_text("utf-8").splitlines()
    lines = [json.loads(line) for line in written]
    assert [without_varying(line) for line in lines] == [
        {"msg": "call", "level": "info", **ANSWERED},
        {"msg": "call", "level": "info", **REFUSED},
        {"msg": "call", "level": "info", **NOBODY},
    ]
    assert all(line["milliseconds"] > 0 and line["ts"] > 0 for line in lines)


def test_debug_logs_every_call(tmp_path: Path) -> None:
    """With --debug the calls that only ask for the environment are lines as well."""
    files = demo.certificates(tmp_path)
    with demo.serving(files, (*demo.SERVER, "--debug")) as channel:
        asyncio.run(_asked(channel))
    written = (tmp_path / "server.log").read_text("utf-8").splitlines()
    outcomes = ["requirements", "answered", "requirements", "refused", "refused"]
    assert len(written) == len(outcomes)
    assert all(outcome in line for outcome, line in zip(outcomes, written, strict=True))


async def _asked(channel: demo.Channel) -> None:
    """Ask for an order, for one that is wrong, and without one."""
    async with channel.open() as opened:
        run = grpcv1.FunctionRunnerServiceStub(opened).RunFunction  # type: ignore[no-untyped-call]  # generated
        for order in (SMALL, put(SMALL, ("spec", "version"), "1.99")):
            await local.answer(run, local.composite_of(order, Mode.CLAIMS), LAYERS)
        await run(fnv1.RunFunctionRequest(), timeout=10)


LINES: dict[str, tuple[Data, Data, list[Data], list[Data]]] = {
    "answered": (
        SMALL,
        {},
        LAYERS,
        [{"log_level": "debug", **REQUIREMENTS}, {"log_level": "info", **ANSWERED}],
    ),
    "refused": (
        {**SMALL, "spec": {**SMALL["spec"], "version": "1.99"}},
        {},
        LAYERS,
        [{"log_level": "debug", **REQUIREMENTS}, {"log_level": "info", **REFUSED}],
    ),
    "of an unknown kind": (
        SMALL,
        {"kind": "XDatabase"},
        LAYERS,
        [
            {
                "log_level": "info",
                **NOBODY,
                "tenant": "acme",
                "kind": "Database",
                "name": "hello",
            }
        ],
    ),
    "where no environment is": (
        SMALL,
        {},
        [],
        [
            {"log_level": "debug", **REQUIREMENTS},
            {
                "log_level": "info",
                **REFUSED,
                "reason": "EnvironmentNotFound",
                "actor": "either",
                "problems": [
                    "no EnvironmentConfig has the label api.scs.community/environment: default"
                ],
            },
        ],
    ),
}


@pytest.mark.parametrize(("order", "edits", "layers", "want"), LINES.values(), ids=LINES)
def test_lines_of_an_order(order: Data, edits: Data, layers: list[Data], want: list[Data]) -> None:
    """Every call is one line with every key; those that only ask are for who debugs."""
    composite = {**local.composite_of(order, Mode.CLAIMS), **edits}
    assert [without_varying(line) for line in reported(composite, layers)] == [
        {"event": "call", **line} for line in want
    ]


def test_an_unexpected_error_is_one_line_without_values(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bug is logged by types and places; its text and local variables may hold anything.

    Written by the SDK's own configuration, which shows local variables of tracebacks.
    """

    def broken(*_: Any) -> None:
        password = PLANT
        try:
            raise KeyError(password)
        except KeyError as error:
            raise RuntimeError(f"password={password}") from error

    monkeypatch.setattr(fn, "compose", broken)
    previous = structlog.get_config()
    sdk.configure()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory())
    try:
        asking.about(local.composite_of(SMALL, Mode.CLAIMS), LAYERS)
    finally:
        structlog.configure(**previous)
    (line,) = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert PLANT not in str(line)
    places = line.pop("trace")
    assert without_varying(line) == {
        "msg": "call",
        "level": "error",
        **REQUIREMENTS,
        "outcome": "error",
        "reason": "InternalError",
        "actor": "operator",
    }
    assert [text.rpartition("/")[2].partition(":")[0] for text in places] == [
        "KeyError",
        "test_log.py",
        "RuntimeError",
        "fn.py",
        "fn.py",
        "test_log.py",
    ]
    assert places[-1].endswith(" in broken")


def test_a_trace_is_short_and_ends() -> None:
    """Endless recursion is logged by its innermost places, an error that caused itself once."""

    def endless() -> None:
        endless()

    with pytest.raises(RecursionError) as caught:
        endless()
    assert len(calls.trace(caught.value)) == 21
    one, other = ValueError(), KeyError()
    one.__cause__, other.__cause__ = other, one
    assert calls.trace(one) == ("KeyError", "ValueError")


def places(data: Any, at: Where = ()) -> Iterator[Where]:
    """Return the path of everything in plain data, what it is in before what is inside."""
    if at:
        yield at
    if isinstance(data, dict | list):
        for step, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from places(value, (*at, step))


def put(data: Any, at: Where, value: Any) -> Any:
    """Return a copy of plain data with another value at a path."""
    if not at:
        return value
    copy: Any = data.copy()
    copy[at[0]] = put(data[at[0]], at[1:], value)
    return copy


# Names say which order or entry a line is about: they are what a log is for.
NAMES = {"environment", "name"}
VARIABLES = {"dnsNameservers": ["192.0.2.1"], "other": {"deep": "x"}}
ORDERS: dict[str, Data] = {
    **{name: asking.order(name) for name in ("cluster/full", "server/full")},
    "variables": {**SMALL, "spec": {**SMALL["spec"], "variables": VARIABLES}},
}
FORMS = {"text": PLANT, "a list": [PLANT], "a mapping": {"token": PLANT}}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ORDERS)
def test_no_field_of_an_order_is_logged(name: str, form: str) -> None:
    """Whatever a tenant writes into a field, of the right type or not, is not in the log."""
    everywhere = [
        (".".join(map(str, at)), name, at, FORMS[form])
        for at in places(ORDERS[name]["spec"])
        if at[-1] not in NAMES or form != "text"
    ]
    hold(hidden, everywhere)


def hidden(name: str, at: Where, value: Any) -> None:
    """Check that a value of an order is not in the log."""
    composite = local.composite_of(put(ORDERS[name], ("spec", *at), value), Mode.CLAIMS)
    lines = reported(composite, LAYERS)
    assert lines
    assert PLANT not in str(lines)


@pytest.mark.parametrize("name", ["cluster/full", "server/full"])
def test_no_edit_of_an_answered_order_is_logged(name: str) -> None:
    """An immutable field is logged by its path, without the new value or a private old one."""
    order = asking.order(name)
    secret = {"userData": f"#cloud-config\n{PLANT}", "sshKeys": [public_key(PLANT)]}
    previous = {**order, "spec": {**order["spec"], **(secret if name == "server/full" else {})}}
    observed = simulate.play(asking.ask(previous, LAYERS).resources)
    assert observed
    for edited in (order, *(put(previous, ("spec", key), PLANT) for key in previous["spec"])):
        if edited["spec"]["environment"] != PLANT:
            lines = reported(local.composite_of(edited, Mode.CLAIMS), LAYERS, observed)
            assert PLANT not in str(lines)


@pytest.mark.parametrize(
    "at",
    [("spec",), ("spec", "image"), ("spec", "networks", 0), ("spec", "firewall", "ingress", 0)],
    ids=lambda at: ".".join(map(str, at)),
)
def test_no_unknown_field_is_logged(at: Where) -> None:
    """Of a field that nobody knows the log has the path."""
    order = asking.order("server/full")
    inner: Any = order
    for step in at:
        inner = inner[step]
    fields = {"passwrd": PLANT, "auth": {"token": PLANT}, "keys": [PLANT]}
    lines = reported(local.composite_of(put(order, at, {**inner, **fields}), Mode.CLAIMS), LAYERS)
    assert lines[-1]["reason"] == "FunctionOutdated"
    assert PLANT not in str(lines)


@pytest.mark.parametrize("field", ["userData", "sshKeys"])
def test_no_number_in_a_private_field_is_logged(field: str) -> None:
    """Elsewhere a number without quotes is repeated, to say what YAML made of it."""
    value = 73519 if field == "userData" else [73519]
    order = put(asking.order("server/full"), ("spec", field), value)
    lines = reported(local.composite_of(order, Mode.CLAIMS), LAYERS)
    assert lines[-1]["reason"] == "InvalidOrder"
    assert "73519" not in str(lines)


@pytest.mark.parametrize("provider", asking.PROVIDERS)
@pytest.mark.parametrize("name", ["cluster/full", "server/full"])
def test_nothing_observed_is_logged(provider: str, name: str) -> None:
    """Connection details, annotations and status of what exists are not in the log."""
    layers = asking.provider(provider)
    composite = local.composite_of(asking.order(name), Mode.CLAIMS)
    observed: dict[str, local.Observed] = {}
    for _ in range(3):
        observed = simulate.play(asking.ask(asking.order(name), layers, observed).resources)
    connection = dict.fromkeys(("kubeconfig", "password", "attribute.token"), PLANT.encode())
    for key, found in observed.items():
        for manifest in _spoilt(found.manifest):
            spoilt = {**observed, key: local.Observed(manifest, connection)}
            assert PLANT not in str(reported(composite, layers, spoilt))


SPOILT = 8


def _spoilt(manifest: Data) -> Iterator[Data]:
    """Return the manifest with a secret in each annotation and each text of its status."""
    bound = json.dumps({"format": PLANT, "place": PLANT, "asked": {"userData": PLANT}})
    known = json.dumps({"format": 1, "place": {"environment": PLANT}, PLANT: PLANT})
    yield manifest
    reported = [at for at in places(manifest) if at[0] == "status" and "labels" not in at]
    for at in places(manifest):
        if at[:2] == ("metadata", "annotations") and len(at) == 3:
            yield from (put(manifest, at, text) for text in (PLANT, bound, known))
    # Several at a time, but not all: one that is garbled may keep others from being read. What is
    # inside comes first: afterwards it is gone.
    for first in range(SPOILT):
        yield functools.reduce(
            lambda found, at: put(found, at, PLANT), reversed(reported[first::SPOILT]), manifest
        )


# Where an environment names something; the operator reads these names in what is wrong.
NAMING = {"name", "os", "version", "profile", "field", "Cluster", "Server", "Network", "layers"}


@pytest.mark.parametrize("layer", range(len(LAYERS)), ids=[d["metadata"]["name"] for d in LAYERS])
@pytest.mark.parametrize("name", ["cluster/full", "server/full"])
def test_no_value_of_an_environment_is_logged(name: str, layer: int) -> None:
    """Errors of an environment name the path and what is accepted."""
    composite = local.composite_of(asking.order(name), Mode.CLAIMS)
    for at in places(LAYERS[layer]["data"]):
        if NAMING & set(at[-2:]):
            continue
        layers = put(LAYERS, (layer, "data", *at), PLANT)
        assert PLANT not in str(reported(composite, layers)), at


def reported(
    composite: Data,
    layers: list[Data],
    observed: Mapping[str, local.Observed] | None = None,
) -> list[Data]:
    """Return what is logged when an XR is asked about."""
    with capture_logs() as lines:
        asking.about(composite, layers, observed)
    return [dict(line) for line in lines]


def without_varying(line: Data) -> Data:
    """Return a line without what differs from run to run."""
    return {key: value for key, value in line.items() if key not in VARYING}
