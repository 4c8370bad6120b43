"""Build what is published: the function's image, the packages of both installs, and their bill.

    __main__   all of it, into out/packages        stamp      which commit is built
    rootfs     Debian's and Python's packages      debian     the Debian packages, pinned
    image      an image of that directory          xpkg       packages for Crossplane
    bill       what is inside, as CycloneDX        archive    images and packages, read back
    scan       weaknesses of what is pinned        commands   other programs, and what is missing

Needs Debian or a derivative with its keyring; no container engine, no image registry, no daemon.
The same commit gives the same files: nothing in them says when or where they were built.
"""

from pathlib import Path

ROOT = Path(__file__).parents[1]
# What the image runs on; the Dockerfile's build stage is the same release.
SUITE = "trixie"
PYTHON = "3.13"
ARCHITECTURE = "amd64"
