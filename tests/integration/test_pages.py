"""What README.md and the pages in docs tell people to run works as it stands there, typed into one `make run`."""

import csv
import io
import json
import math
import re
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from tests.support.desk import Desk, open_desk
from tests.support.pages import PAGES, Command, commands
from tests.support.stack import ROOT
from tests.support.waiting import until

COOKBOOK = (ROOT / "docs" / "cookbook.md").read_text("utf-8")
DEMO_SENSORS, DEMO_EVERY_S, DEMO_DAYS = 5, 10, 7

START, *TYPED = [command for page in PAGES for command in commands(page)]
"""The first command of the first page starts everything; all others are typed one after the other."""
FOLLOWING = re.compile(r"streams watch|curl -N|lag --watch")
"""They go on until Ctrl-C."""


def blocks(section: str, language: str) -> list[str]:
    """The code blocks of one section of the cookbook."""
    _, _, rest = COOKBOOK.partition(f"\n## {section}\n")
    return re.findall(rf"^```{language}\n(.*?)^```", rest.partition("\n## ")[0], re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """Everything runs, and the built-in streams have made all that they make at the start."""
    folder = Path(tempfile.mkdtemp(prefix="tideline-pages-"))
    folder.chmod(0o711)
    with open_desk(folder, START.text) as opened:
        backfilled = DEMO_SENSORS * DEMO_DAYS * 86_400 // DEMO_EVERY_S
        until(lambda: readings_of(opened, "demo") >= backfilled, 90, "demo is backfilled", every_s=0.3)
        until(lambda: readings_of(opened, "prices") >= 23 * 2_160, 30, "prices are published", every_s=0.3)
        until(lambda: readings_of(opened, "host"), 30, "the host is measured")
        yield opened
    shutil.rmtree(folder)


def readings_of(desk: Desk, stream: str) -> int:
    return sum(line["count"] for line in get(desk, f"/api/v1/processed-data?stream={stream}"))


def get(desk: Desk, path: str) -> list[dict[str, Any]]:
    answer = httpx.get(desk.run.url + path, timeout=30, trust_env=False)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def names(text: str) -> list[str]:
    """The names of the first line of a JSON list (also one cut off with …) or of a CSV."""
    if text.startswith(("[", "{")):
        found = json.loads(re.sub(r",?\s*…", "", text))
        return list(found[0] if isinstance(found, list) else found)
    return next(csv.reader(io.StringIO(text)))


def test_the_first_command_of_all_starts_everything() -> None:
    assert START.text == "make run"


@pytest.mark.skipif(not shutil.which("curl"), reason="curl, which the pages use, is not on this machine")
@pytest.mark.parametrize("command", TYPED, ids=lambda command: command.name)
def test_a_command_does_what_the_page_says(desk: Desk, command: Command) -> None:
    text = of_today(command.text)
    if FOLLOWING.search(text):
        with desk.follow(text) as lines:
            assert next(lines)
    elif "curl " in text:
        assert_answers(desk, text, command.output)
    else:
        done = desk.type(text)
        assert done.returncode == 0, done.stderr + done.stdout


def of_today(text: str) -> str:
    """A page names days of when it was written; the streams have the last seven."""
    today = datetime.now(UTC).date()
    dates = sorted(set(re.findall(r"202[6-9]-\d\d-\d\d", text)))
    for date, day in zip(dates, (today - timedelta(days=1), today), strict=False):
        text = text.replace(date, str(day))
    return text


def assert_answers(desk: Desk, text: str, shown: str) -> None:
    """It answers lines, and with the names that the page shows; what was sent just now is there within seconds."""

    def answered() -> str:
        done = desk.type(text)
        assert done.returncode == 0, done.stderr
        return done.stdout if done.stdout.count("\n") > 1 or json.loads(done.stdout) else ""

    answer = until(answered, 10, f"lines from {text}", every_s=0.3)
    if re.search("…(?!]$)", shown):  # a part of the names is shown
        assert set(names(shown)) <= set(names(answer))
    elif shown:
        assert names(answer) == names(shown)
    if "/prices/" in text and shown and "…" not in shown:  # the same ticks on every machine
        assert json.loads(answer) == json.loads(shown)


def run_python(section: str, desk: Desk) -> dict[str, Any]:
    """Run the section's Python; what it has defined."""
    found = blocks(section, "python")
    assert found, f"no Python in {section}"
    defined: dict[str, Any] = {}
    for code in found:
        exec(compile(desk.here(code), f"docs/cookbook.md, {section}", "exec"), defined)  # it is our own page
    return defined


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder for what examples write; no proxy between them and the services."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def test_the_pandas_example_has_every_hour_and_the_true_averages(desk: Desk, elsewhere: None) -> None:
    defined = run_python("pandas", desk)
    hours = defined["hours"]
    assert str(hours["window_start"].dtype).startswith("datetime64[")
    lines = get(desk, "/api/v1/processed-data?stream=demo&step=1h")
    settled = hours["window_start"] < hours["window_start"].max()  # the present hour still grows
    got = {(r.category, r.window_start.isoformat()): (r.avg_value, r.count) for r in rows(hours[settled])}
    wanted = {(line["category"], datetime.fromisoformat(line["window_start"]).isoformat()): line for line in lines}
    assert len(got) >= 24 * 7 * DEMO_SENSORS
    assert got == {key: (wanted[key]["avg_value"], wanted[key]["count"]) for key in got}
    for category, average in defined["averages"].items():
        lines = [r for r in rows(hours) if r.category == category]
        assert math.isclose(average, sum(r.avg_value * r.n for r in lines) / sum(r.n for r in lines), rel_tol=1e-9)
    assert set(defined["table"].columns) == {line["category"] for line in wanted.values()}


def test_the_duckdb_example_averages_weeks_of_prices(desk: Desk, elsewhere: None) -> None:
    weeks = run_python("DuckDB", desk)["weeks"]
    found = get(desk, "/prices/average?start_date=2025-01-01&end_date=2025-01-31")
    by_week: dict[Any, list[dict[str, Any]]] = {}
    for line in found:
        day = datetime.fromisoformat(line["date"]).date()
        by_week.setdefault(day - timedelta(days=day.weekday()), []).append(line)
    assert len(weeks) == len(by_week) == 5
    for (week, average, ticks), monday in zip(weeks, sorted(by_week), strict=True):
        lines = by_week[monday]
        assert (week, ticks) == (monday, sum(line["count"] for line in lines))
        assert math.isclose(average, sum(line["average_price"] * line["count"] for line in lines) / ticks)


def test_the_grafana_query_gets_the_columns_that_it_names(desk: Desk) -> None:
    [text] = blocks("Grafana", "json")
    query, [source] = json.loads(text), yaml.safe_load(blocks("Grafana", "yaml")[0])["datasources"]
    now = datetime.now(UTC).timestamp()
    place = query["url"].replace("${__from}", str(int((now - 86_400) * 1000))).replace("${__to}", str(int(now * 1000)))
    answer = httpx.get(desk.here(source["url"]) + place, trust_env=False)
    assert answer.status_code == 200, answer.text
    lines = answer.json()
    assert len(lines) in (288, 289)  # one every five minutes
    for line in lines:
        assert datetime.fromisoformat(line[query["columns"][0]["selector"]])
        assert all(isinstance(line[column["selector"]], float) for column in query["columns"][1:])


def test_prometheus_finds_every_service_and_every_figure(desk: Desk) -> None:
    [job] = yaml.safe_load(blocks("Prometheus", "yaml")[0])["scrape_configs"]
    targets = {one["labels"]["service"]: one["targets"] for one in job["static_configs"]}
    assert set(targets) == {"query-api", "producer", "processor"}
    figures = set()
    for [target] in targets.values():
        answer = httpx.get(f"http://{desk.here(target)}/metrics", trust_env=False)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain; version=")
        figures |= set(re.findall(r"^# TYPE (\S+)", answer.text, re.MULTILINE))
    asked = set(re.findall(r"tideline_\w+", COOKBOOK.partition("\n## Prometheus\n")[2]))
    assert len(asked) >= 6
    assert {name.removesuffix("_bucket") for name in asked} <= figures


def rows(frame: Any) -> list[Any]:
    """Its lines as named tuples; a tuple's own `count` hides the column of that name, so it is `n` here."""
    return list(frame.assign(n=frame["count"]).itertuples())
