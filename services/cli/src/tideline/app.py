"""Builds the command line of all commands."""

from importlib.metadata import version
from typing import Annotated

import typer

from tideline.commands import (
    averages,
    dataset,
    dead_letters,
    ingest,
    key,
    letter_wishes,
    proof,
    send,
    start,
    status,
    streams,
    watch,
)
from tideline.errors import ExitCode

HELP = """Numbers per minute and per day from events on Kafka: look at them, and control what is produced.

Every command asks the query API (`make run` starts one) and shows a table, or JSON with --json.
"""


def build_app() -> typer.Typer:
    """The whole command line."""
    app = typer.Typer(
        epilog="Exit codes (docs/cli.md): " + " · ".join(f"{code.value} {code.name.lower()}" for code in ExitCode),
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(help=HELP)(_all)
    app.command()(status.status)
    app.add_typer(_streams(), name="streams")
    app.command()(send.send)
    app.command()(averages.averages)
    app.command()(ingest.ingest)
    app.command()(dataset.dataset)
    app.command()(proof.lag)
    app.command()(proof.audit)
    app.add_typer(_dead_letters(), name="dead-letters")
    app.add_typer(_key(), name="key")
    return app


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tideline {version('tideline')}")
        raise typer.Exit


def _all(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """Options of no command."""


def _streams() -> typer.Typer:
    group = typer.Typer(help="Control and follow streams.", no_args_is_help=True)
    group.command("list")(streams.list_streams)
    group.command("start")(start.start)
    group.command("stop")(streams.stop)
    group.command("pause")(streams.pause)
    group.command("resume")(streams.resume)
    group.command("rm")(streams.remove)
    group.command("watch")(watch.watch)
    return group


def _dead_letters() -> typer.Typer:
    group = typer.Typer(help="Look at what was refused, send it again or set it aside.", no_args_is_help=True)
    group.command("list")(dead_letters.list_letters)
    group.command("show")(dead_letters.show_letter)
    group.command("replay")(letter_wishes.replay)
    group.command("discard")(letter_wishes.discard)
    return group


def _key() -> typer.Typer:
    group = typer.Typer(help="Make keys for the query API.", no_args_is_help=True)
    group.command("new")(key.new)

    @group.callback()
    def only() -> None:
        """Make keys for the query API."""

    return group
