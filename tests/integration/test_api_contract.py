"""Thousands of generated requests, good and bad: no 5xx, every answer as the OpenAPI document says."""

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.databases import Database
from tests.support.processes import ServiceProcess
from tests.support.stored import Stored, StoredRow, store, store_rows

from local_stack.waiting import in_own_loop

START = datetime(2025, 1, 6, tzinfo=UTC)
SCHEMATHESIS = (
    *("--checks", "all", "--exclude-checks", "positive_data_acceptance", "--exclude-path", "/api/v1/live"),
    *("--phases", "examples,coverage,fuzzing", "--max-examples", "400", "--seed", "1", "--workers", "2"),
    *("--generation-database", "none", "--no-color", "--request-timeout", "20"),
)
"""Live updates never end, so they are left out here; test_api_live.py has them."""


@pytest.mark.timeout(300)
def test_every_answer_is_as_documented(database: Database, tmp_path: Path) -> None:
    at = [START + timedelta(minutes=7 * n) for n in range(300)]
    in_own_loop(store(database.owner_dsn, [Stored(s, "EURUSD", time, 1.25) for time in at for s in ("prices", "demo")]))
    in_own_loop(store_rows(database.owner_dsn, [StoredRow("molding", n, time, {"a": n}) for n, time in enumerate(at)]))
    service = ServiceProcess("query-api", {"TIDELINE_POSTGRES_DSN": database.api_dsn}, tmp_path).wait_ready()
    try:
        program = Path(sys.executable).with_name("st")
        command = [str(program), "run", f"{service.url}/openapi.json", *SCHEMATHESIS]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=280)
    finally:
        service.kill()
    assert run.returncode == 0, run.stdout[-10_000:]
    generated = re.search(r"(\d+) generated, (\d+) passed", run.stdout)
    assert generated is not None
    assert int(generated[1]) == int(generated[2]) >= 2_000
    assert '"level": "error"' not in service.log
