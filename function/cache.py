"""Answer requests as bytes, from a cache if the same was asked before.

An answer depends on the content of its request, and on time in the ways that `Reply.valid` says.
Only the tag of a request is copied as it is: it is left out of the key, and added to each response.

The key is a digest of the canonical form: Crossplane writes maps in an order that differs from
call to call, so that equal requests are almost never equal bytes.
"""

import datetime
import hashlib
import sys
import time
from dataclasses import dataclass
from typing import Any

import grpc
from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from function import fn, wire
from function.calls import Call
from function.memo import Memo
from function.responses import Period
from function.wire import Unreadable

# What an entry takes beside its response and the problems of a refusal: key, names, numbers.
OVERHEAD = 2048
# What a problem takes beside its texts.
_PROBLEM = 256
_META = fnv1.RunFunctionResponse.DESCRIPTOR.fields_by_name["meta"].number
_TAG = fnv1.ResponseMeta.DESCRIPTOR.fields_by_name["tag"].number


@dataclass(frozen=True)
class Answer:
    """A response as bytes, and what log and metrics say of it.

    Attributes:
        meta: `meta` of the response, without the tag.
        rest: Everything else.
        call: The call that it was made for.
        valid: When the same request gets the same answer.
    """

    meta: bytes
    rest: bytes
    call: Call
    valid: Period

    @property
    def size(self) -> int:
        """Return how many bytes of memory it takes, at most."""
        texts = (text for one in self.call.problems for text in (one.field, one.message))
        problems = sum(map(sys.getsizeof, texts)) + _PROBLEM * len(self.call.problems)
        return len(self.meta) + len(self.rest) + problems + OVERHEAD

    def tagged(self, tag: bytes) -> bytes:
        """Return the response with a tag; the same bytes as protobuf would write."""
        meta = (wire.encoded(_TAG, tag) if tag else b"") + self.meta
        return wire.encoded(_META, meta) + self.rest


class Cache:
    """Hold answers by key, up to a number of bytes."""

    def __init__(self, limit: int) -> None:
        """Start empty.

        Args:
            limit: Bytes of all answers.
        """
        self._answers = Memo[Answer](limit)

    @property
    def size(self) -> int:
        """Return the bytes of all answers."""
        return self._answers.size

    def get(self, key: bytes, now: datetime.datetime) -> Answer | None:
        """Return the answer that is valid now."""
        found = self._answers.get(key)
        return found if found and found.valid[0] <= now < found.valid[1] else None

    def put(self, key: bytes, answer: Answer) -> None:
        """Hold an answer in place of the previous one."""
        self._answers.put(key, answer, answer.size)


class CachedRunner:
    """Answer requests, each of which is computed once as long as its answer is cached."""

    def __init__(self, runner: fn.FunctionRunner, cache: Cache, read: wire.Reader) -> None:
        """Start with a cache that nobody else fills.

        Args:
            runner: Computes answers, and logs calls.
            cache: Where they are held.
            read: The deserialiser of requests.
        """
        self._runner = runner
        self._cache = cache
        self._read = read

    async def answer(self, data: bytes, context: "grpc.aio.ServicerContext[Any, Any]") -> bytes:
        """Answer one call.

        Returns:
            The response that the runner would give.
        """
        started = time.perf_counter()
        req = self._read(data)
        if isinstance(req, Unreadable):
            return (await self._runner.answer_any(req, context)).SerializeToString()
        await self._runner.check_client(req, context)
        tag, now = req.meta.tag, fn.utc_now()
        key = key_of(req)
        found = self._cache.get(key, now)
        if found:
            self._runner.log_call(found.call, started, cached=True)
            return found.tagged(tag.encode())
        reply = await self._runner.reply(req, now)
        data = reply.response.SerializeToString()
        if reply.valid and now < reply.valid[1]:
            self._cache.put(key, _stored(reply.response, reply.call, reply.valid))
        self._runner.log_call(reply.call, started, cached=False)
        return data


def key_of(req: fnv1.RunFunctionRequest) -> bytes:
    """Return a digest of what a request holds, its tag left out.

    A cryptographic digest, because tenants choose most of the content.
    """
    tag = req.meta.tag
    if not tag:
        return _digest(req)
    req.meta.ClearField("tag")
    key = _digest(req)
    req.meta.tag = tag
    return key


def _digest(req: fnv1.RunFunctionRequest) -> bytes:
    return hashlib.sha256(req.SerializeToString(deterministic=True)).digest()


def _stored(rsp: fnv1.RunFunctionResponse, call: Call, valid: Period) -> Answer:
    """Return a response as it is held; the message is taken apart."""
    rsp.meta.ClearField("tag")
    meta = rsp.meta.SerializeToString()
    rsp.ClearField("meta")
    return Answer(meta, rsp.SerializeToString(), call, valid)
