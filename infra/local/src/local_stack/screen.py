"""What the user sees: the screen after a start, and `make status`."""

from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from local_stack.running import Part, State


def show_started(console: Console, state: State, seconds: float, data: str) -> None:
    """One screen: what runs where, and commands to try."""
    console.print(f"\n[bold]Tideline runs[/] (ready after {seconds:.0f} s). Ctrl-C stops it and keeps all data.\n")
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 1))
    for part in state.parts:
        table.add_row(f"[bold]{part.name}[/]", part.address, f"[yellow]{part.note}[/]" if part.note else "")
    table.add_row("[bold]data[/]", data, "")
    console.print(table)
    console.print(f"\nOpen {state.api_url} in a browser, or try in another terminal:\n", soft_wrap=True)
    for command in commands(state.api_url):
        console.print(f"  {command}", soft_wrap=True, highlight=False, markup=False)
    console.print()


def commands(api_url: str) -> list[str]:
    """Commands that show something at once."""
    return [
        ".venv/bin/tideline status",
        f"curl '{api_url}/prices/average?start_date=2025-01-06&end_date=2025-01-07'",
        f"curl '{api_url}/api/v1/processed-data?stream=demo'",
        "make lag",
    ]


def show_status(console: Console, state: State, pid: int, condition: Callable[[Part], str]) -> None:
    """What runs where and how it is right now."""
    console.print(f"Tideline runs (process {pid}).")
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 1))
    for part in state.parts:
        word = condition(part)
        colour = "green" if word in ("ready", "runs", "yours") else "red"
        table.add_row(f"[bold]{part.name}[/]", part.address, f"[{colour}]{word}[/]")
    console.print(table)
