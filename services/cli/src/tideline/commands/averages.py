"""`tideline averages`: the average of each day and series."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from tideline.session import Session, connected
from tideline.tables import averages_table

PATH = "/api/v1/daily-averages"
DAYS = 7


def today_in(zone: str | None, now: datetime) -> date:
    """The date there; a zone that is not known here is for the server to refuse."""
    try:
        return now.astimezone(ZoneInfo(zone or "UTC")).date()
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return now.date()


def days_asked(start: str | None, end: str | None, today: date) -> tuple[str, str]:
    """First and last day: the week up to today, or up to the end that was given."""
    if start is not None:
        return start, end or today.isoformat()
    try:
        last = date.fromisoformat(end) if end else today
    except ValueError:
        last = today
    return (last - timedelta(days=DAYS - 1)).isoformat(), end or today.isoformat()


@connected
def averages(
    session: Session,
    start_date: Annotated[
        str | None, typer.Option(metavar="DATE", help=f"First day. Default: {DAYS} days up to the last.")
    ] = None,
    end_date: Annotated[str | None, typer.Option(metavar="DATE", help="Last day. Default: today.")] = None,
    tz: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Whose days, for example Europe/Berlin. Default: UTC.")
    ] = None,
    stream: Annotated[str | None, typer.Option(metavar="ID", help="Of one stream.")] = None,
    category: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Of one category, or of several by repeating it.")
    ] = None,
) -> None:
    """Show averages per day.

    A line for each day that has data and each series: average, extremes, count and coverage; both dates included.
    """
    first, last = days_asked(start_date, end_date, today_in(tz, datetime.now(UTC)))
    asked: dict[str, Any] = {"start_date": first, "end_date": last, "tz": tz, "stream": stream, "category": category}
    params = {name: value for name, value in asked.items() if value}
    days = session.api.all_lines(PATH, params)
    session.screen.show(days, averages_table(days) if days else f"Nothing is kept from {first} to {last}.")
