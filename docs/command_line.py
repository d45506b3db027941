"""The text of docs/cli.md, from what the commands say about themselves at --help."""

from collections.abc import Iterator

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from tideline.app import build_app
from tideline.errors import ExitCode
from tideline.options import SERVER

INTRODUCTION = """# The command line

Written by `make docs` from the commands' own `--help`; a test keeps it current.

`make run` puts it at `.venv/bin/tideline`. It talks to the query API over HTTP and to nothing else, so it works from
any machine that reaches it. Results go to stdout, all else to stderr; colours and progress appear on terminals only.

```console
$ .venv/bin/tideline status
$ .venv/bin/tideline streams start walk --profile random-walk --rate 100 --categories a,b --seed 7
$ .venv/bin/tideline streams watch walk
$ echo '{"stream":"lab-3","category":"temperature","value":21.5}' | .venv/bin/tideline send
$ .venv/bin/tideline averages --stream lab-3 --json
$ .venv/bin/tideline dataset molding.json --rows 1000
$ .venv/bin/tideline ingest https://example.org/molding.json --id molding-by-machine --split-by molding_machine_id
```
"""

SHARED = """
## Every command
{}
`key new` and `dataset` ask no server and take `--json` only.
"""

EXIT_CODES = """
## Exit codes

| code | what |
|---|---|
"""

FOR_PROGRAMS = """
## For programs

With `--json` a command writes one JSON document, as the query API answers it. Two commands write a line of JSON at a
time: `streams watch` for each change of a stream, `send` for each refused event (`line`, `reason`, `detail`, `status`)
and at the end with the sums (`accepted`, `refused`). An error is then one line of JSON on stderr: the server's problem
(RFC 9457), or an object with `detail`.
"""


def command_line() -> str:
    """The text of docs/cli.md."""
    found = list(_commands(get_command(build_app()), "tideline"))
    sections = "".join(_section(command, name) for command, name in found)
    shared = SHARED.format(_table(found[0][0], shared=True))
    codes = "".join(f"| {code.value} | {code.meaning} |\n" for code in ExitCode)
    return INTRODUCTION + sections + shared + FOR_PROGRAMS + EXIT_CODES + codes


def _commands(command: object, name: str) -> Iterator[tuple[TyperCommand, str]]:
    """All commands that do something, with their full names."""
    if isinstance(command, TyperCommand):
        yield command, name
    elif isinstance(command, TyperGroup):
        for part in command.commands.values():
            yield from _commands(part, f"{name} {part.name}")


def _section(command: TyperCommand, name: str) -> str:
    arguments = [param for param in command.params if isinstance(param, TyperArgument)]
    usage = [str(one.metavar) if one.required else f"[{one.metavar}]" for one in arguments]
    return f"\n## {' '.join([name, *usage])}\n\n{command.help}\n" + _table(command, shared=False)


def _table(command: TyperCommand, shared: bool) -> str:
    """The options, with what --help says about each; `shared`: those that all commands have, else the others."""
    records = [
        param.get_help_record(typer.Context(command))
        for param in command.params
        if isinstance(param, TyperOption) and (param.rich_help_panel == SERVER) == shared
    ]
    rows = "".join(f"| `{_cell(record[0])}` | {_cell(record[1])} |\n" for record in records if record)
    return f"\n| option | what |\n|---|---|\n{rows}" if rows else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("  [", " [")
