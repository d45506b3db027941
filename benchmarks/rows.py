"""Dataset rows of the shape of moulding inspections (151 numbers a row) through a processor, recounted."""

import json
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from confluent_kafka import Producer
from tests.support.stack import Stack

from benchmarks.processor import Full, drained, note_memory
from benchmarks.recount import check
from benchmarks.report import Report
from benchmarks.rounds import Run, in_rounds, speeds
from benchmarks.stand import fresh_topics
from tideline.inspections import Format, texts

STREAM = "molding"
SAMPLES = 151
"""Numeric and boolean fields of one inspection."""
BLOCK = 1_000
NAME = "processor, up to committed windows"


def run(stack: Stack, template: str, report: Report, rounds: int, rows: int = 20_000) -> None:
    """Drain a topic of rows."""
    with tempfile.TemporaryDirectory() as folder:
        with report.doing(f"publishing {rows:,} rows…"):
            drain = drained(stack, template, published(stack, Path(folder), rows))

        def samples() -> Run:
            measured = drain()
            return replace(measured, per_s=measured.per_s * SAMPLES)

        runs = in_rounds(report, rounds, {NAME: samples})
    report.add(speeds(f"Processor: {rows:,} inspections, {rows * SAMPLES:,} samples, samples/s", runs, NAME))
    note_memory(report, runs[NAME])


def published(stack: Stack, folder: Path, rows: int) -> Full:
    """Fresh topics with so many inspections; the same lie in a file, from which they are counted again."""
    file = folder / "inspections.json"
    with file.open("w", encoding="ascii") as output:
        output.writelines(texts(rows, 1, Format.JSON))
    topics = fresh_topics(stack)
    producer = Producer({"bootstrap.servers": stack.kafka_bootstrap, "acks": "all", "compression.type": "zstd"})
    for number, text in enumerate(filter(str.strip, texts(rows, 1, Format.NDJSON))):
        producer.produce(topics.rows, _wire(number, text.strip()), f"{STREAM}/{number // BLOCK}")
        producer.poll(0)
    if left := producer.flush(60):
        raise RuntimeError(f"{left} of {rows} rows were not published")
    return Full(topics, topics.rows, rows, lambda dsn: check(file, dsn, STREAM))


def _wire(number: int, text: str) -> bytes:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=json.loads(text)["timestamp"])
    time = at.isoformat(timespec="milliseconds")[:23]
    fields = f'"id":"{uuid5(NAMESPACE_URL, str(number))}","stream":"{STREAM}","row":{number},"timestamp":"{time}Z"'
    return f'{{{fields},"data":{text}}}'.encode()
