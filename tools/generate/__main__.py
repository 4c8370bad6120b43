"""Write the generated files, or say which of them have drifted."""

import sys
from pathlib import Path

import click

from tools import generate

DRIFTED = 1


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("root", type=click.Path(exists=True, file_okay=False, path_type=Path), default=".")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if a file has drifted.")
def main(root: Path, *, check: bool) -> None:
    """Write what follows from the models below ROOT, the project's directory."""
    changed = generate.drifted(root) if check else generate.write(root)
    for path in changed:
        click.echo(f"{path}: {'drifted, run make generate' if check else 'written'}", err=check)
    if check and changed:
        sys.exit(DRIFTED)


if __name__ == "__main__":
    main()
