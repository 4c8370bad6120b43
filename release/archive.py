"""Read images and packages back: both are archives as `docker save` writes them."""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

# How Crossplane finds a layer of a package, in the image's labels.
LAYER = "io.crossplane.xpkg:sha256:"

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Archive:
    """An image in a file.

    Attributes:
        digest: SHA-256 of its configuration, which names every layer: the image's ID.
        configuration: The configuration, as OCI has it.
        layers: Name of each layer in the file, by what it holds uncompressed.
        path: The file.
    """

    digest: str
    configuration: dict[str, Any]
    layers: dict[str, str]
    path: Path

    @property
    def settings(self) -> dict[str, Any]:
        """Return how the image is run: user, entrypoint, labels, ports."""
        settings: dict[str, Any] = self.configuration.get("config") or {}
        return settings

    def unpack(self, target: Path) -> None:
        """Write every layer into a directory, one above the other."""
        for name in self.layers.values():
            with tarfile.open(fileobj=io.BytesIO(self._member(name))) as layer:
                layer.extractall(target, filter="tar")

    def layer(self, kind: str) -> list[Manifest]:
        """Return the documents in a package's layer, such as `base`; none if it has none."""
        kinds = self.settings.get("Labels") or {}
        documents: list[Manifest] = []
        for name in self.layers.values():
            # A layer's file is named by the digest of what is in it.
            if kinds.get(f"{LAYER}{name.partition('.')[0]}") == kind:
                documents += self._documents(name)
        return documents

    def _documents(self, name: str) -> Iterator[Manifest]:
        with tarfile.open(fileobj=io.BytesIO(self._member(name))) as layer:
            for member in layer.getmembers():
                if file := layer.extractfile(member):
                    yield from filter(None, yaml.safe_load_all(file.read()))

    def _member(self, name: str) -> bytes:
        return _member(self.path, name)


def read(path: Path) -> Archive:
    """Return what an archive holds."""
    (entry,) = json.loads(_member(path, "manifest.json"))
    configuration = _member(path, entry["Config"])
    plain = json.loads(configuration)
    layers = dict(zip(plain["rootfs"]["diff_ids"], entry["Layers"], strict=True))
    return Archive(hashlib.sha256(configuration).hexdigest(), plain, layers, path)


def _member(path: Path, name: str) -> bytes:
    with tarfile.open(path) as archive:
        file = archive.extractfile(name)
        if file is None:
            raise ValueError(f"{path.name}: {name} is no file")
        return file.read()
