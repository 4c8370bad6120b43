"""List what is inside the image, as CycloneDX: Debian's packages and Python's."""

import datetime
import uuid
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

from release import SUITE, rootfs, stamp
from tools.generate.definitions import FUNCTION, SOURCE

SCHEMA = SchemaVersion.V1_6


def write(root: Path, target: Path, made: stamp.Stamp) -> None:
    """Write the bill of a root file system; the same for the same commit."""
    function, *python = sorted(
        _python(root / rootfs.SITE), key=lambda c: (c.name != FUNCTION, c.name)
    )
    # It is published as an image, not on PyPI.
    function.type, function.purl = ComponentType.CONTAINER, None
    function.external_references.add(
        ExternalReference(type=ExternalReferenceType.VCS, url=XsUri(SOURCE), comment=made.revision)
    )
    bom = Bom(
        serial_number=uuid.uuid5(uuid.NAMESPACE_URL, f"{SOURCE}@{made.revision}"),
        components=[*_debian(root / rootfs.RECORDS), *python],
        metadata=BomMetaData(
            timestamp=datetime.datetime.fromtimestamp(made.epoch, datetime.UTC), component=function
        ),
    )
    bom.register_dependency(function, bom.components)
    text = make_outputter(bom, OutputFormat.JSON, SCHEMA).output_as_string(indent=2)
    target.write_text(f"{text}\n", "utf-8")


def _python(site: Path) -> Iterator[Component]:
    licences = LicenseFactory()
    for found in metadata.distributions(path=[str(site)]):
        reported = found.metadata
        licence = reported["License-Expression"] or reported["License"]
        yield Component(
            name=found.name,
            version=found.version,
            type=ComponentType.LIBRARY,
            purl=PackageURL("pypi", name=found.name.lower(), version=found.version),
            bom_ref=f"pypi/{found.name}",
            description=reported["Summary"],
            # Some give their licence's whole text, which is in the image.
            licenses=[licences.make_from_string(licence)]
            if licence and "\n" not in licence
            else (),
        )


def _debian(records: Path) -> Iterator[Component]:
    for record in sorted(records.iterdir()):
        fields = _fields(record.read_text("utf-8"))
        # Weaknesses are recorded by source package: NAME, or NAME (VERSION) if that differs.
        source = fields.get("Source", fields["Package"]).partition(" ")[0]
        qualifiers = {"arch": fields["Architecture"], "distro": SUITE, "upstream": source}
        version = fields["Version"]
        yield Component(
            name=fields["Package"],
            version=version,
            type=ComponentType.LIBRARY,
            purl=PackageURL("deb", "debian", fields["Package"], version, qualifiers),
            bom_ref=f"deb/{fields['Package']}",
            description=fields["Description"],
        )


def _fields(text: str) -> dict[str, str]:
    """Return the fields of a control file, of long ones the first line."""
    lines = (line.partition(":") for line in text.splitlines() if line and not line[0].isspace())
    return {name: value.strip() for name, _, value in lines}
