"""Options that several commands have, each said once."""

import getpass

import click

CORPUS = click.option("--corpus", default=None, help="Name of the corpus; may be left out when there is only one.")
PRINTED_AS = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="How to print; csv and json have all rows, whole, and nothing else on the standard output.",
)


def user_name() -> str:
    """The name of the user who gives a command; empty where the system knows none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
