"""`tideline lag`, `tideline audit`: how far processing is, and whether what is stored is what it must be."""

import time
from typing import Annotated

import typer
from rich.live import Live

from tideline.errors import ExitCode
from tideline.proof_tables import checks_table, covered_lines, finding_line, lag_table, result_text
from tideline.session import Session, connected

LAG, AUDIT = "/api/v1/lag", "/api/v1/audit"
AUDIT_S, AUDIT_DEEP_S = 900, 4_500
WATCH_S = 1.0
CODES = {"PASS": ExitCode.DONE, "DIFFERS": ExitCode.REFUSED}


@connected
def lag(
    session: Session,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Look again every second, until Ctrl-C.")] = False,
) -> None:
    """Say how far processing is behind.

    A line for each partition: records, time since the first unread one came, rates, when it will be gone, who owns it.
    """
    try:
        if watch and session.screen.out.is_terminal and not session.screen.as_json:
            show_table(session)
        while True:
            lines = session.api.all_lines(LAG)
            session.screen.show(lines, lag_table(lines))
            if not watch:
                return
            time.sleep(WATCH_S)
    except KeyboardInterrupt:
        return


def show_table(session: Session) -> None:
    """One table that changes, for ever."""
    with Live(console=session.screen.out, auto_refresh=False) as live:
        while True:
            live.update(lag_table(session.api.all_lines(LAG)), refresh=True)
            time.sleep(WATCH_S)


@connected
def audit(
    session: Session,
    start: Annotated[
        str | None, typer.Option(metavar="TIME", help="Check windows from here. Default: seven days before the end.")
    ] = None,
    end: Annotated[str | None, typer.Option(metavar="TIME", help="Up to here. Default: the last.")] = None,
    deep: Annotated[bool, typer.Option("--deep", help="Read Kafka again and ask for each record: minutes.")] = False,
) -> None:
    """Check what is stored.

    Whether nothing is lost, doubled or changed, at this moment. Exit code 0: PASS, 1: it differs, 3: a check took too
    long.
    """
    asked = (("start", start), ("end", end), ("deep", "true" if deep else None))
    params = {name: value for name, value in asked if value}
    with session.screen.err.status("reading Kafka again" if deep else "checking"):
        report = session.api.thing("GET", AUDIT, params=params, timeout=AUDIT_DEEP_S if deep else AUDIT_S)
    findings = [f"  {finding_line(finding)}" for finding in report.get("findings") or ()]
    more = [*covered_lines(report), *findings]
    session.screen.show(report, result_text(report.get("result")), checks_table(report), *more)
    raise typer.Exit(CODES.get(str(report.get("result")), ExitCode.AWAY))
