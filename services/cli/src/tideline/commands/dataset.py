"""`tideline dataset`: made here, without a server."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TextIO

import typer
from rich.progress import TimeRemainingColumn

from tideline.errors import ExitCode, Refused
from tideline.inspections import Format, texts
from tideline.options import Json
from tideline.screen import Screen
from tideline.text import count

TOLD_EVERY = 1_000
"""Pieces between two moves of the bar."""


def dataset(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it.", show_default=False)],
    rows: Annotated[int, typer.Option(min=1, max=14_000_000, help="How many products; 300,000 are about 1 GB.")] = (
        100_000
    ),
    seed: Annotated[int, typer.Option(min=0, help="Same seed and rows, same file.")] = 1,
    form: Annotated[
        Format | None, typer.Option("--format", help="Default: by the file's name, else json.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a dataset to try things with.

    Inspections of moulded products from 2025-01-01 on: what eight machines report (about 70 fields) and what a camera
    sees (13 kinds of defect), with wear, warm afternoons, nights and bursts of defects. Then `tideline ingest` it.
    """
    screen = Screen(as_json)
    if file.exists():
        screen.failure(Refused(f"{file} is there already: delete it or name another"))
        raise typer.Exit(ExitCode.REFUSED)
    try:
        with _written(file) as output, screen.bar(TimeRemainingColumn(elapsed_when_finished=True)) as progress:
            task = progress.add_task("writing", total=rows)
            for number, text in enumerate(texts(rows, seed, form or _format_of(file))):
                output.write(text)
                if number % TOLD_EVERY == 0:
                    progress.update(task, completed=number)
    except OSError as error:
        screen.failure(Refused(f"{file} cannot be written: {error.strerror}"))
        raise typer.Exit(ExitCode.REFUSED) from None
    size = file.stat().st_size
    value = {"file": str(file), "rows": rows, "seed": seed, "bytes": size}
    screen.show(value, f"{file}: {count(rows)} products, {size / 1e6:,.1f} MB")


@contextmanager
def _written(file: Path) -> Iterator[TextIO]:
    """A file that has its name only once it is whole."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="ascii", newline="") as output:
            yield output
        part.rename(file)
    finally:
        part.unlink(missing_ok=True)


def _format_of(file: Path) -> Format:
    name = file.suffix.lower().lstrip(".")
    return Format(name) if name in list(Format) else Format.JSON
