"""What README.md, docs/api.md and docs/cookbook.md tell people to run works as it stands there, with all services."""

import csv
import io
import json
import math
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from tests.support.built_in import PORTS, Running, running_built_in
from tests.support.publisher import publish
from tests.support.stack import ROOT, Stack
from tests.support.waiting import until

COOKBOOK = (ROOT / "docs" / "cookbook.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
API = (ROOT / "docs" / "api.md").read_text("utf-8")
DEMO_SENSORS, DEMO_EVERY_S, DEMO_DAYS = 5, 10, 7


def shown(page: str) -> list[tuple[str, str]]:
    """Each command of the page's consoles with what the page shows below it."""
    blocks = re.findall(r"^```console\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    parts = [part.partition("\n") for block in blocks for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    return [(command, output.strip()) for command, _, output in parts]


CURLS = [
    pytest.param(command, output, id=f"{name} {re.sub('[^a-z-]+', ' ', command)[:60]}")
    for name, page in (("README", README), ("cookbook", COOKBOOK), ("api", API))
    for command, output in shown(page)
    if command.startswith("curl ")
]


def blocks(section: str, language: str) -> list[str]:
    """The code blocks of one section of the cookbook."""
    _, _, rest = COOKBOOK.partition(f"\n## {section}\n")
    return re.findall(rf"^```{language}\n(.*?)^```", rest.partition("\n## ")[0], re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def running(stack: Stack, migrated_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Services whose built-in streams have made all that they make at the start."""
    with running_built_in(stack, migrated_template, tmp_path_factory.mktemp("services")) as services:
        backfilled = DEMO_SENSORS * DEMO_DAYS * 86_400 // DEMO_EVERY_S
        until(lambda: readings_of(services, "demo") >= backfilled, 90, "demo is backfilled", every_s=0.3)
        until(lambda: readings_of(services, "prices") >= 23 * 2_160, 30, "prices are published", every_s=0.3)
        until(lambda: readings_of(services, "host"), 30, "the host is measured")
        for command, _ in shown(README):
            if event := re.match(r"echo '(.+)' \| kcat -P -b 127\.0\.0\.1:9092 -t readings$", command):
                publish(stack.kafka_bootstrap, services.topics.readings, [event[1].encode()])
        until(lambda: readings_of(services, "lab-3"), 10, "the README's event is there")
        yield services


def readings_of(services: Running, stream: str) -> int:
    return sum(line["count"] for line in get(services, f"/api/v1/processed-data?stream={stream}"))


def get(services: Running, path: str) -> list[dict[str, Any]]:
    answer = httpx.get(services.url + path, timeout=30, trust_env=False)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def names(text: str) -> list[str]:
    """The names of the first line of a JSON list (also one cut off with …) or of a CSV."""
    if text.startswith(("[", "{")):
        found = json.loads(re.sub(r",?\s*…", "", text))
        return list(found[0] if isinstance(found, list) else found)
    return next(csv.reader(io.StringIO(text)))


def test_the_readme_has_lines_to_run() -> None:
    assert len(CURLS) >= 4


@pytest.mark.skipif(not shutil.which("curl"), reason="the lines are curl's")
@pytest.mark.parametrize(("command", "output"), CURLS)
def test_a_curl_line_answers_what_the_page_shows(running: Running, command: str, output: str, tmp_path: Path) -> None:
    # A page names days of when it was written; the streams have the last seven.
    today = datetime.now(UTC).date()
    dates = sorted(set(re.findall(r"202[6-9]-\d\d-\d\d", command)))
    for date, day in zip(dates, (today - timedelta(days=1), today), strict=False):
        command = command.replace(date, str(day))
    line = running.here(command).replace("curl ", "curl --silent --show-error --fail --max-time 20 --noproxy '*' ", 1)
    done = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert names(done.stdout) == names(output)
    assert done.stdout.count("\n") > 1 or json.loads(done.stdout), "no lines"
    if "/prices/" in command and "…" not in output:  # the same ticks on every machine
        assert json.loads(done.stdout) == json.loads(output)


def run_python(section: str, running: Running) -> dict[str, Any]:
    """Run the section's Python; what it has defined."""
    found = blocks(section, "python")
    assert found, f"no Python in {section}"
    defined: dict[str, Any] = {}
    for code in found:
        exec(compile(running.here(code), f"docs/cookbook.md, {section}", "exec"), defined)  # it is our own page
    return defined


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder for what examples write; no proxy between them and the services."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def test_the_pandas_example_has_every_hour_and_the_true_averages(running: Running, elsewhere: None) -> None:
    defined = run_python("pandas", running)
    hours = defined["hours"]
    assert str(hours["window_start"].dtype).startswith("datetime64[")
    lines = get(running, "/api/v1/processed-data?stream=demo&step=1h")
    settled = hours["window_start"] < hours["window_start"].max()  # the present hour still grows
    got = {(r.category, r.window_start.isoformat()): (r.avg_value, r.count) for r in rows(hours[settled])}
    wanted = {(line["category"], datetime.fromisoformat(line["window_start"]).isoformat()): line for line in lines}
    assert len(got) >= 24 * 7 * DEMO_SENSORS
    assert got == {key: (wanted[key]["avg_value"], wanted[key]["count"]) for key in got}
    for category, average in defined["averages"].items():
        lines = [r for r in rows(hours) if r.category == category]
        assert math.isclose(average, sum(r.avg_value * r.n for r in lines) / sum(r.n for r in lines), rel_tol=1e-9)
    assert set(defined["table"].columns) == {line["category"] for line in wanted.values()}


def test_the_duckdb_example_averages_weeks_of_prices(running: Running, elsewhere: None) -> None:
    weeks = run_python("DuckDB", running)["weeks"]
    found = get(running, "/prices/average?start_date=2025-01-01&end_date=2025-01-31")
    by_week: dict[Any, list[dict[str, Any]]] = {}
    for line in found:
        day = datetime.fromisoformat(line["date"]).date()
        by_week.setdefault(day - timedelta(days=day.weekday()), []).append(line)
    assert len(weeks) == len(by_week) == 5
    for (week, average, ticks), monday in zip(weeks, sorted(by_week), strict=True):
        lines = by_week[monday]
        assert (week, ticks) == (monday, sum(line["count"] for line in lines))
        assert math.isclose(average, sum(line["average_price"] * line["count"] for line in lines) / ticks)


def test_the_grafana_query_gets_the_columns_that_it_names(running: Running) -> None:
    [text] = blocks("Grafana", "json")
    query, [source] = json.loads(text), yaml.safe_load(blocks("Grafana", "yaml")[0])["datasources"]
    now = datetime.now(UTC).timestamp()
    place = query["url"].replace("${__from}", str(int((now - 86_400) * 1000))).replace("${__to}", str(int(now * 1000)))
    answer = httpx.get(running.here(source["url"]) + place, trust_env=False)
    assert answer.status_code == 200, answer.text
    lines = answer.json()
    assert len(lines) in (288, 289)  # one every five minutes
    for line in lines:
        assert datetime.fromisoformat(line[query["columns"][0]["selector"]])
        assert all(isinstance(line[column["selector"]], float) for column in query["columns"][1:])


def test_prometheus_finds_every_service_and_every_figure(running: Running) -> None:
    [job] = yaml.safe_load(blocks("Prometheus", "yaml")[0])["scrape_configs"]
    targets = {one["labels"]["service"]: one["targets"] for one in job["static_configs"]}
    assert targets == {service: [f"127.0.0.1:{port}"] for service, port in PORTS.items()}
    figures = set()
    for [target] in targets.values():
        answer = httpx.get(f"http://{running.here(target)}/metrics", trust_env=False)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain; version=")
        figures |= set(re.findall(r"^# TYPE (\S+)", answer.text, re.MULTILINE))
    asked = set(re.findall(r"tideline_\w+", COOKBOOK.partition("\n## Prometheus\n")[2]))
    assert len(asked) >= 6
    assert {name.removesuffix("_bucket") for name in asked} <= figures


def rows(frame: Any) -> list[Any]:
    """Its lines as named tuples; a tuple's own `count` hides the column of that name, so it is `n` here."""
    return list(frame.assign(n=frame["count"]).itertuples())
