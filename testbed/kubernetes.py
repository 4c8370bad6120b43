"""Talk to an API server: requests as they are, and the few that the testbed needs.

A small client rather than a big one: it keeps one connection open, passes on warnings, and says
exactly what was sent, which is what tests of an API want to know.
"""

import http.client
import json
import ssl
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

JSON = "application/json"
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
# More than the API server gives itself.
ANSWER_SECONDS = 90.0
CONFLICT = 409
NOT_FOUND = 404

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What the API server answered.

    Attributes:
        status: HTTP status.
        body: The object, list or Status; text of other kinds under `text`.
        warnings: What it warns of.
    """

    status: int
    body: Manifest
    warnings: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool:
        """Say whether the request was carried out."""
        return self.status < 300  # noqa: PLR2004  # what HTTP calls success

    @property
    def message(self) -> str:
        """Return why it was not."""
        return str(self.body.get("message") or self.body.get("text") or "")


class Refused(Exception):
    """The API server refused a request that must succeed."""


@dataclass(frozen=True)
class _Resource:
    plural: str
    namespaced: bool


@dataclass
class Kubernetes:
    """An API server, seen by one identity.

    Attributes:
        address: Host and port.
        identity: Directory with `ca.crt`, `tls.crt` and `tls.key`.
        impersonated: User as whom this identity acts; itself if empty.
    """

    address: str
    identity: Path
    impersonated: str = ""
    _connection: http.client.HTTPSConnection | None = None
    _known: dict[tuple[str, str], _Resource] = field(default_factory=dict)

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content: str = JSON,
        query: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request, and return the answer whatever it says."""
        target = f"{path}?{urllib.parse.urlencode(query)}" if query else path
        payload = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": content, "Accept": JSON}
        if self.impersonated:
            headers["Impersonate-User"] = self.impersonated
        try:
            return self._sent(method, target, payload, headers)
        except (http.client.HTTPException, ConnectionError):
            # A connection that lay idle is closed from the other side.
            self.close()
            return self._sent(method, target, payload, headers)

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def path(self, manifest: Manifest) -> str:
        """Return the path of an object."""
        return f"{self.collection(manifest)}/{manifest['metadata']['name']}"

    def collection(self, manifest: Manifest) -> str:
        """Return the path of the objects of a kind, in the namespace of this one."""
        version, kind = manifest["apiVersion"], manifest["kind"]
        prefix = f"/apis/{version}" if "/" in version else f"/api/{version}"
        resource = self._resource(prefix, kind)
        namespace = manifest["metadata"].get("namespace", "default")
        middle = f"/namespaces/{namespace}" if resource.namespaced else ""
        return f"{prefix}{middle}/{resource.plural}"

    def apply(self, manifest: Manifest) -> Manifest:
        """Apply an object from the server's side, whoever owned its fields before."""
        query = {"fieldManager": "testbed", "force": "true"}
        return self._must("PATCH", self.path(manifest), manifest, content=APPLY, query=query)

    def get(self, path: str) -> Manifest | None:
        """Return an object or a list; None if there is none."""
        answer = self.request("GET", path)
        if answer.status == NOT_FOUND:
            return None
        return self._checked("GET", path, answer)

    def items(self, path: str) -> list[Manifest]:
        """Return the objects of a list; none if the kind is not served."""
        return list((self.get(path) or {}).get("items", ()))

    def set_status(self, manifest: Manifest, status: Manifest) -> Manifest:
        """Write the status of an object."""
        path = f"{self.path(manifest)}/status"
        return self._must("PATCH", path, {"status": status}, content=MERGE)

    def delete(self, path: str) -> None:
        """Delete an object, unless it is gone already."""
        answer = self.request("DELETE", path)
        if answer.status != NOT_FOUND:
            self._checked("DELETE", path, answer)

    def _must(self, method: str, path: str, body: object, **options: Any) -> Manifest:
        return self._checked(method, path, self.request(method, path, body, **options))

    def _checked(self, method: str, path: str, answer: Answer) -> Manifest:
        if not answer.accepted:
            raise Refused(f"{method} {path}: {answer.status} {answer.message}")
        return answer.body

    def _sent(
        self, method: str, target: str, payload: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        if self._connection is None:
            self._connection = http.client.HTTPSConnection(
                self.address, context=self._tls(), timeout=ANSWER_SECONDS
            )
        self._connection.request(method, target, payload, dict(headers))
        response = self._connection.getresponse()
        text = response.read().decode()
        is_json = (response.getheader("Content-Type") or "").startswith(JSON)
        warnings = response.headers.get_all("Warning") or []
        return Answer(
            response.status,
            json.loads(text) if is_json else {"text": text},
            tuple(_unquoted(warning) for warning in warnings),
        )

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.identity / "ca.crt")
        context.load_cert_chain(self.identity / "tls.crt", self.identity / "tls.key")
        return context

    def _resource(self, prefix: str, kind: str) -> _Resource:
        if (prefix, kind) not in self._known:
            for found in (self.get(prefix) or {}).get("resources", ()):
                if "/" not in found["name"]:
                    resource = _Resource(found["name"], found["namespaced"])
                    self._known[prefix, found["kind"]] = resource
        if (prefix, kind) not in self._known:
            raise Refused(f"{kind} is not served below {prefix}")
        return self._known[prefix, kind]


def condition(manifest: Manifest | None, kind: str) -> Manifest:
    """Return a condition of an object; an empty one if it is not there."""
    found = ((manifest or {}).get("status") or {}).get("conditions") or ()
    return next((dict(one) for one in found if one["type"] == kind), {})


def _unquoted(warning: str) -> str:
    """Return the text of a header such as `299 - "text"`."""
    return warning[warning.find('"') + 1 : warning.rfind('"')].replace('\\"', '"')
