"""Call a server with bytes as they are, and read its metrics."""

import asyncio
import re
import urllib.request
from typing import Any

import grpc
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from prometheus_client import CollectorRegistry

from tools import demo

Samples = dict[str, float]


def counted(registry: CollectorRegistry, name: str) -> Samples:
    """Return the samples of a name by their labels."""
    return {
        ",".join(f'{key}="{value}"' for key, value in sorted(sample.labels.items())): sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name == name
    }


def scraped(address: str, name: str) -> Samples:
    """Return the samples of a name by their labels, as Prometheus reads them."""
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    found = re.findall(rf"^{name}(?:{{(.*)}})? (\S+)$", text, re.MULTILINE)
    return {labels: float(value) for labels, value in found}


def untyped(channel: grpc.aio.Channel, version: str = "v1") -> Any:
    """Return RunFunction as a method that takes bytes."""
    return channel.unary_unary(
        f"/apiextensions.fn.proto.{version}.FunctionRunnerService/RunFunction",
        response_deserializer=fnv1.RunFunctionResponse.FromString,
    )


def raw_call(channel: demo.Channel, data: bytes, version: str = "v1") -> fnv1.RunFunctionResponse:
    """Send bytes to RunFunction, such as protobuf would never write."""

    async def once() -> fnv1.RunFunctionResponse:
        options = [("grpc.max_send_message_length", -1)]
        async with grpc.aio.secure_channel(
            channel.target, channel.credentials, options=options
        ) as opened:
            method = untyped(opened, version)
            answered: fnv1.RunFunctionResponse = await method(data, timeout=20)
            return answered

    return asyncio.run(once())
