"""Serve the function: the SDK's flags and server, nothing of our own."""

from typing import Any

import click
from crossplane.function import cli

from function.__version__ import __version__
from function.fn import FunctionRunner


@click.command()
@cli.standard_options
@click.version_option(__version__)
def main(**options: Any) -> None:
    """Run the SCS Central API composition function."""
    cli.run(FunctionRunner(), **options)


if __name__ == "__main__":
    main()
