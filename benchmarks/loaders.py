"""How else a dataset gets into a database: its parser alone, the usual loader, and the same work by hand.

Each is what a good programmer writes in an hour with well-kept libraries, one record at a time; both loaders commit
once, which favours them.
"""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import ijson
from sqlalchemy import DateTime, create_engine
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.sql import func

Load = Callable[[Path, str], float]
"""File and database to seconds."""


class Base(DeclarativeBase):
    """The loaders' tables."""


class Inspection(Base):
    """A record, whole."""

    __tablename__ = "inspections"
    id: Mapped[int] = mapped_column(primary_key=True)
    machine: Mapped[str]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)


class Minute(Base):
    """A numeric field over one minute."""

    __tablename__ = "minutes"
    category: Mapped[str] = mapped_column(primary_key=True)
    minute: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    count: Mapped[int]
    sum: Mapped[float]
    min: Mapped[float]
    max: Mapped[float]


def parse(file: Path) -> float:
    """Seconds that ijson takes to walk over the file's records, and nothing else."""
    begun = time.perf_counter()
    with file.open("rb") as source:
        for _ in ijson.items(source, "item", use_float=True):
            pass
    return time.perf_counter() - begun


def load_usual(file: Path, dsn: str) -> float:
    """Seconds for json.load and one ORM insert a record; no windows."""
    return _load(file, dsn, lambda _session, _record: None)


def load_by_hand(file: Path, dsn: str) -> float:
    """Seconds for the same with an upsert into a minute for every numeric field."""
    return _load(file, dsn, _upsert_minutes)


def _load(file: Path, dsn: str, more: Callable[[Session, dict[str, Any]], None]) -> float:
    parts = urlsplit(dsn)
    engine = create_engine(urlunsplit(parts._replace(scheme="postgresql+psycopg")))
    Base.metadata.create_all(engine)
    begun = time.perf_counter()
    with file.open("rb") as source, Session(engine) as session:
        for record in json.load(source):
            session.add(Inspection(machine=record["molding_machine_id"], at=_time(record), data=record))
            session.flush()
            more(session, record)
        session.commit()
    seconds = time.perf_counter() - begun
    engine.dispose()
    return seconds


def _upsert_minutes(session: Session, record: dict[str, Any]) -> None:
    minute = _time(record).replace(second=0, microsecond=0)
    for category, value in numbers(record):
        new = insert(Minute).values(category=category, minute=minute, count=1, sum=value, min=value, max=value)
        session.execute(
            new.on_conflict_do_update(
                index_elements=[Minute.category, Minute.minute],
                set_={
                    "count": Minute.count + 1,
                    "sum": Minute.sum + new.excluded.sum,
                    "min": func.least(Minute.min, new.excluded.min),
                    "max": func.greatest(Minute.max, new.excluded.max),
                },
            )
        )


def _time(record: dict[str, Any]) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=record["timestamp"])


def numbers(data: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """The numeric fields under their dotted names, true and false as 1 and 0."""
    for name, value in data.items():
        if isinstance(value, dict):
            yield from numbers(value, f"{prefix}{name}.")
        elif isinstance(value, (bool, int, float)):
            yield prefix + name, float(value)
