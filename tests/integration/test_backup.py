"""What docs/operations.md says of backup and restore, done with a server lost in between."""

import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import httpx
import pytest
from tests.support.databases import Database, database_at
from tests.support.fixtures import StartService
from tests.support.pages import blocks, commands_of
from tests.support.pipeline import processed, readings, taken
from tests.support.publisher import publish
from tests.support.stack import ROOT, EmbeddedServer, Stack, another_postgres

from contracts.topics import Topics
from local_stack import pg_programs
from local_stack.accounts import unprivileged

DUMP, *RESTORE = [
    command.text
    for block in blocks(ROOT / "docs" / "operations.md")
    if any("test_backup.py" in mark for mark in block.marks)
    for command in commands_of(block)
]


async def test_a_backup_is_restored_as_the_page_says(
    stack: Stack, database: Database, topics: Topics, start_service: StartService, tmp_path: Path
) -> None:
    """Dumped while it works, lost with all that came after, restored on a new server: healed from Kafka, exact."""
    if not isinstance(stack.postgres, EmbeddedServer):
        pytest.skip("pg_dump has to be as new as the server: that of the embedded one is at hand")
    programs = pg_programs.install(stack.postgres.folder, unprivileged())
    env = {**os.environ, "PATH": f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}"}

    processor = start_service("processor").wait_ready()
    publish(stack.kafka_bootstrap, topics.readings, [*readings(500, seed=90), b"not json"])
    await taken(database, 501)
    publish(stack.kafka_bootstrap, topics.readings, readings(2_000, seed=91))
    run(DUMP, tmp_path, env | {"DSN": database.owner_dsn})
    publish(stack.kafka_bootstrap, topics.readings, [*readings(300, seed=92, streams=6), b"not json either"])
    await taken(database, 2_802)
    processor.terminate()

    with another_postgres(stack) as (server, elsewhere):
        restored = database_at(elsewhere, database.owner_dsn.rpartition("/")[2])
        theirs = env | restored.provision_env | {"SERVER": server.dsn(database="postgres")}
        for command in RESTORE:
            run(command, tmp_path, theirs)
        assert await rows(restored) < await rows(database)
        start_service("processor", TIDELINE_POSTGRES_DSN=restored.processor_dsn).wait_ready()
        await processed(elsewhere, restored, topics)
        assert await rows(restored) == await rows(database)
        api = start_service("query-api", TIDELINE_POSTGRES_DSN=restored.api_dsn).wait_ready()
        async with httpx.AsyncClient(base_url=api.url, timeout=30, trust_env=False) as http:
            audit = (await http.get("/api/v1/audit")).json()
        assert (audit["result"], audit["findings"]) == ("PASS", [])


def run(command: str, folder: Path, env: dict[str, str]) -> None:
    done = subprocess.run(
        ["sh", "-c", command.replace("python -m provision", f"cd {ROOT} && python -m provision")],
        cwd=folder, env=env, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout


async def rows(database: Database) -> int:
    connection = await asyncpg.connect(database.owner_dsn)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM raw_readings"))
    finally:
        await connection.close()
