"""Talk to an API server: requests as they are, and the few that the testbed needs.

A small client rather than a big one: it keeps one connection open, passes on warnings, and says
exactly what was sent, which is what API tests need.
"""

import http.client
import json
import ssl
import time
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from testbed.waiting import PAUSE_SECONDS, TimedOut, until

JSON = "application/json"
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
# Longer than the API server's own timeout.
ANSWER_SECONDS = 90.0
# For a server that ended by itself to serve again.
RESTART_SECONDS = 30.0
CONFLICT = 409
NOT_FOUND = 404
# How long to wait for a new kind; it is served a moment after its definition is.
SERVED_SECONDS = 30.0
# The API server applies a patch to the object as just read, tries five times, then gives up.
PATCHES = 5
BUSY = (429, 500, 503, 504)

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What the API server answered.

    Attributes:
        status: HTTP status.
        body: The object, list or Status; text of other kinds under `text`.
        warnings: Its warnings.
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


class Busy(Refused, OSError):
    """The API server could not carry out a request; callers that wait retry."""


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
        impersonated: User that this identity impersonates; none if empty.
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
        """Send one request, and return the answer whatever its status."""
        target = f"{path}?{urllib.parse.urlencode(query)}" if query else path
        payload = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": content, "Accept": JSON}
        if self.impersonated:
            headers["Impersonate-User"] = self.impersonated
        answer = self._delivered(method, target, payload, headers)
        for _ in range(PATCHES if content == MERGE else 0):
            if answer.status != CONFLICT or _names_version(body):
                break
            time.sleep(PAUSE_SECONDS)
            answer = self._delivered(method, target, payload, headers)
        return answer

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

    def apply(self, manifest: Manifest, *, patience: float = 0.0) -> Manifest:
        """Apply an object with server-side apply, whoever owned its fields before.

        Args:
            manifest: The object.
            patience: For how many seconds a refusal is retried: objects that this one refers to,
                and webhooks or policies that judge it, may only be ready a moment later.
        """
        path, query = self.path(manifest), {"fieldManager": "testbed", "force": "true"}
        deadline = time.monotonic() + patience
        while True:
            answer = self.request("PATCH", path, manifest, content=APPLY, query=query)
            if answer.accepted or time.monotonic() > deadline:
                return self._checked("PATCH", path, answer)
            time.sleep(PAUSE_SECONDS)

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

    def may(self, user: str, group: str, resource: str, namespace: str) -> bool:
        """Say whether somebody may create objects of a kind."""
        attributes = {"verb": "create", "group": group, "resource": resource}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": user,
                "resourceAttributes": {**attributes, "namespace": namespace},
            },
        }
        path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
        return bool(self._must("POST", path, review)["status"]["allowed"])

    def delete(self, path: str) -> None:
        """Delete an object, unless it is gone already."""
        answer = self.request("DELETE", path)
        if answer.status != NOT_FOUND:
            self._checked("DELETE", path, answer)

    def _must(self, method: str, path: str, body: object, **options: Any) -> Manifest:
        return self._checked(method, path, self.request(method, path, body, **options))

    def _checked(self, method: str, path: str, answer: Answer) -> Manifest:
        if not answer.accepted:
            kind = Busy if answer.status in BUSY else Refused
            raise kind(f"{method} {path}: {answer.status} {answer.message}")
        return answer.body

    def _delivered(
        self, method: str, target: str, payload: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        known = self._connection is not None
        try:
            return self._sent(method, target, payload, headers)
        except (http.client.HTTPException, ConnectionError):
            # The server closes idle connections. One that is started again refuses them at first.
            deadline = time.monotonic() + (RESTART_SECONDS if known else 0)
            while True:
                self.close()
                try:
                    return self._sent(method, target, payload, headers)
                except ConnectionRefusedError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(PAUSE_SECONDS)

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
            what = f"{kind} served below {prefix}"
            try:
                until(
                    lambda: self._discover(prefix),
                    lambda kinds: kind in kinds,
                    seconds=SERVED_SECONDS,
                    what=what,
                )
            except TimedOut as error:
                raise Refused(str(error)) from None
        return self._known[prefix, kind]

    def _discover(self, prefix: str) -> list[str]:
        """Learn which kinds are served, and return their names."""
        listed = (self.get(prefix) or {}).get("resources", ())
        served = [one for one in listed if "/" not in one["name"]]
        for one in served:
            self._known[prefix, one["kind"]] = _Resource(one["name"], one["namespaced"])
        return [one["kind"] for one in served]


def condition(manifest: Manifest | None, kind: str) -> Manifest:
    """Return a condition of an object; an empty one if it is not there."""
    found = ((manifest or {}).get("status") or {}).get("conditions") or ()
    return next((dict(one) for one in found if one["type"] == kind), {})


def _names_version(body: object) -> bool:
    """Say whether a patch is meant for one version of an object; a conflict is an answer then."""
    metadata = body.get("metadata") if isinstance(body, dict) else None
    return isinstance(metadata, dict) and "resourceVersion" in metadata


def _unquoted(warning: str) -> str:
    """Return the text of a header such as `299 - "text"`."""
    return warning[warning.find('"') + 1 : warning.rfind('"')].replace('\\"', '"')
