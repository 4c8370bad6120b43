"""User data with keys beside them: every form that cloud-init reads goes on being that form.

What cloud-init 22.4 makes of these was recorded by hand with its own code: a part is read by its
type, or by how its text begins; each cloud-config is merged into those before it as the later one
says, so that the keys have to come last, in a part that appends.
"""

import base64
import copy
import gzip
import zlib
from collections.abc import Mapping
from email import message_from_string
from email.message import Message

import pytest
import yaml

from function import local, simulate
from function.backends.openstack import keys, userdata
from function.bound import ANNOTATION
from function.paths import lookup
from tests import asking
from tests.asking import Manifest
from tests.samples import public_key

KEYS = (public_key("lena"), public_key("omar"))
CONFIG = "#cloud-config\nssh_authorized_keys: [ssh-ed25519 AAAA vault]\npackages: [nginx]\n"
SCRIPT = "#!/bin/sh\ntouch /run/kiosk\n"
ARCHIVE = f"#cloud-config-archive\n- type: text/cloud-config\n  content: |\n    {CONFIG[14:]!r}\n"
MULTIPART = """\
Content-Type: multipart/mixed; boundary="=kiosk="
MIME-Version: 1.0

--=kiosk=
Content-Type: text/cloud-config

#cloud-config
packages: [nginx]
--=kiosk=
Content-Type: text/x-shellscript

#!/bin/sh
touch /run/kiosk
--=kiosk=--
"""
ONE_PART = f"MIME-Version: 1.0\nContent-Type: text/x-shellscript\n\n{SCRIPT}"
# Content type that cloud-init gives to text which begins so (handlers/__init__.py of 22.4).
FORMS = {
    CONFIG: "text/cloud-config",
    ARCHIVE: "text/cloud-config-archive",
    '#cloud-config-jsonp\n[{"op": "add", "path": "/packages", "value": []}]\n': (
        "text/cloud-config-jsonp"
    ),
    "## template: jinja\n#cloud-config\npackages: [nginx]\n": "text/jinja2",
    "#include\nhttps://config.example.org/a\n": "text/x-include-url",
    "#include-once\nhttps://config.example.org/a\n": "text/x-include-once-url",
    "#cloud-boothook\n#!/bin/sh\ntrue\n": "text/cloud-boothook",
    "#part-handler\ndef list_types(): return []\n": "text/part-handler",
    SCRIPT: "text/x-shellscript",
    "\n  #Cloud-Config\npackages: [nginx]\n": "text/cloud-config",
    "just text\n": "text/plain",
}


def packed(text: str) -> str:
    """Return text as it is often given where it has to be short."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def encoded(text: str) -> str:
    """Return text in base64, in lines."""
    return base64.encodebytes(text.encode()).decode()


def parts(text: str) -> list[tuple[str, str]]:
    """Return type and text of each part as cloud-init walks over them."""
    return [(part.get_content_type(), content(part)) for part in walked(text)]


def walked(text: str) -> list[Message]:
    """Return the parts that are no containers."""
    return [p for p in message_from_string(text).walk() if p.get_content_maintype() != "multipart"]


def content(part: Message) -> str:
    """Return the text of a part, whatever it travels as."""
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


def check_keys_come_last(text: str) -> None:
    """Every key is in the last part, which appends to what others say."""
    last = walked(text)[-1]
    assert last.get_content_type() == "text/cloud-config"
    config = yaml.safe_load(content(last))
    assert config["ssh_authorized_keys"] == list(KEYS)
    assert {"name": "list", "settings": ["append"]} in config["merge_how"]
    assert {"name": "dict", "settings": ["recurse_list"]} in config["merge_how"]


@pytest.mark.parametrize("form", [str, encoded, packed], ids=["text", "base64", "gzip"])
@pytest.mark.parametrize("text", FORMS, ids=FORMS.values())
def test_each_form_stays_what_it_is(text: str, form: type[str]) -> None:
    """Whether it is text, base64, or compressed: the server reads the same as without keys."""
    found = userdata.combined(form(text), KEYS)
    assert parts(found)[:-1] == [(FORMS[text], text)]
    check_keys_come_last(found)


@pytest.mark.parametrize("form", [str, encoded, packed], ids=["text", "base64", "gzip"])
@pytest.mark.parametrize("text", [MULTIPART, ONE_PART], ids=["multipart", "one part"])
def test_parts_of_the_tenant_are_parts_of_the_whole(text: str, form: type[str]) -> None:
    """cloud-init walks into messages inside messages."""
    found = userdata.combined(form(text), KEYS)
    assert parts(found)[:-1] == parts(text)
    check_keys_come_last(found)


@pytest.mark.parametrize(
    "text",
    [
        "#!/bin/sh\r\nexit\r\n",
        "#!/bin/sh\necho größe\n",
        "#!/bin/sh\necho --scs-central-api-part\n",
        "#!/bin/sh\nFrom here\n",
        "#!/bin/sh",
    ],
    ids=["ends of lines", "other letters", "our boundary", "From", "no end of line"],
)
def test_content_is_the_same_byte_by_byte(text: str) -> None:
    """Whatever a mail would do to it."""
    assert parts(userdata.combined(text, KEYS))[0] == ("text/x-shellscript", text)


def test_what_is_too_long_unpacked_is_packed_again() -> None:
    """The compute service counts characters of base64; cloud-init unpacks the whole."""
    text = "#!/bin/sh\n" + "echo hello\n" * 9000
    found = userdata.combined(packed(text), KEYS)
    assert len(found) < userdata.LONGEST
    assert found == userdata.combined(packed(text), KEYS)
    whole = zlib.decompress(base64.b64decode(found), wbits=31).decode()
    assert parts(whole)[0] == ("text/x-shellscript", text)
    check_keys_come_last(whole)


def test_bytes_are_not_read_as_text() -> None:
    """cloud-init would stop at what it cannot decode, before it comes to the keys."""
    found = userdata.combined(base64.b64encode(b"\xb5\xeb-").decode(), KEYS)
    assert walked(found)[0].get_content_type() == "application/x-unknown"
    check_keys_come_last(found)


@pytest.mark.parametrize("text", [CONFIG, MULTIPART, packed(CONFIG), ""])
def test_nothing_is_put_beside_one_key(text: str) -> None:
    """A key pair holds it."""
    assert userdata.combined(text, ()) == text


IGNITION = '{"ignition": {"version": "3.4.0"}}'


@pytest.mark.parametrize(
    ("text", "count", "problem"),
    [
        (IGNITION, 2, "is Ignition's"),
        (encoded(IGNITION), 2, "is Ignition's"),
        (packed(CONFIG)[:40], 1, "is compressed, and cannot be unpacked"),
        (packed("x" * 2**21), 2, "is compressed, and cannot be unpacked"),
        (packed(SCRIPT)[:-8] + "AAAAAAA=", 2, "is compressed, and cannot be unpacked"),
    ],
    ids=["ignition", "in base64", "cut off", "too large", "damaged"],
)
def test_what_no_server_could_read(text: str, count: int, problem: str) -> None:
    """Refused while nothing is built: it could not be changed later."""
    order = server(userData=text, sshKeys=list(KEYS)[:count])
    answer = asking.ask(order, asking.provider("cluster-stacks"))
    assert answer.fatal.startswith(f"InvalidOrder: spec.userData: {problem}")


def test_ignition_alone_is_taken() -> None:
    """Images such as Flatcar are configured by it."""
    order = server(userData=IGNITION, sshKeys=[KEYS[0]])
    answer = asking.ask(order, asking.provider("cluster-stacks"))
    assert not answer.fatal
    assert noted(answer) == []


@pytest.mark.parametrize("text", ["hello", "#ps1_sysnative\nls\n", "test"])
def test_what_cloud_init_does_not_know_is_noted(text: str) -> None:
    """Other programs may read it, so it is taken."""
    answer = asking.ask(server(userData=text), asking.provider("cluster-stacks"))
    assert noted(answer) == ["is in no form that cloud-init knows, and may have no effect"]


# What the released function rendered for two keys and a script: its parts the other way round.
FORMER = """\
Content-Type: multipart/mixed; boundary="scs-central-api-part"
MIME-Version: 1.0

--scs-central-api-part--
"""


def test_servers_that_exist_keep_theirs() -> None:
    """Another text would be another server; further servers get the present form."""
    layers = asking.provider("cluster-stacks")
    taken = server(userData=SCRIPT, sshKeys=list(KEYS), replicas=1)
    outcome = asking.ask(taken, layers)
    for _ in range(3):
        outcome = asking.ask(taken, layers, simulate.play(outcome.resources))
    seen = dict(simulate.play(outcome.resources))
    former = seen[keys.server(0)].manifest
    former["spec"]["forProvider"]["userData"] = FORMER
    seen[keys.server(0)] = local.Observed(former)
    again = asking.ask(taken, layers, seen)
    assert user_data(again.resources[keys.server(0)]) == FORMER
    more = server(userData=SCRIPT, sshKeys=list(KEYS), replicas=2)
    for _ in range(3):
        again = asking.ask(more, layers, seen)
        seen = {**simulate.play(again.resources), keys.server(0): local.Observed(former)}
    assert user_data(again.resources[keys.server(0)]) == FORMER
    check_keys_come_last(user_data(again.resources[keys.server(1)]))


def test_a_live_order_is_answered_whatever_its_user_data_are() -> None:
    """What a server could not read was accepted once: it is not refused later."""
    layers = asking.provider("cluster-stacks")
    taken = server(userData=SCRIPT, sshKeys=list(KEYS))
    seen: dict[str, local.Observed] = {}
    for _ in range(3):
        seen = simulate.play(asking.ask(taken, layers, seen).resources)
    assert keys.server(0) in seen
    again = asking.ask(server(userData=IGNITION, sshKeys=list(KEYS)), layers, forgotten(seen))
    assert not again.fatal


def forgotten(seen: Mapping[str, local.Observed]) -> dict[str, local.Observed]:
    """Return resources without the record of what was ordered, as if anything had been."""
    result = copy.deepcopy(dict(seen))
    for one in result.values():
        one.manifest["metadata"]["annotations"].pop(ANNOTATION, None)
    return result


def noted(answer: local.Outcome) -> list[str]:
    """Return what is noted of the user data."""
    notes = answer.composite["status"].get("notes", [])
    return [note["message"] for note in notes if note["field"] == "spec.userData"]


def user_data(instance: Manifest) -> str:
    """Return the user data of a composed instance."""
    result = lookup(instance, "spec.forProvider.userData")
    assert isinstance(result, str)
    return result


def server(**spec: object) -> Manifest:
    """Return an order for servers."""
    order = asking.order("server/minimal")
    return {**order, "spec": {**order["spec"], **spec}}
