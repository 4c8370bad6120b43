"""Simulate the provider of the toy."""

from function.contract import Manifest


def build(live: Manifest) -> None:
    """Add what the provider reports of a resource that is built."""
    if live["apiVersion"].startswith("toy."):
        live["status"]["atProvider"]["painted"] = True
