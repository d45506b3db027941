"""A dataset is pulled once: asking again asks nobody, and only a refresh adds what is new."""

import json
from pathlib import Path
from typing import Any

from tests.support.databases import Database
from tests.support.datasets import ask, control, kept_rows, product, products, published_rows, settings
from tests.support.fixtures import StartService
from tests.support.hostile import Reply, Request, Script, decent, serving
from tests.support.pipeline import taken
from tests.support.processes import ServiceProcess
from tests.support.stack import Stack
from tests.support.streams import row, until_state
from tests.support.waiting import until

from contracts.topics import Topics

ROWS = 300


async def test_the_same_url_again_asks_nobody_and_adds_nothing_also_when_the_source_is_gone(
    stack: Stack, database: Database, topics: Topics, start_service: StartService, tmp_path: Path
) -> None:
    quick = settings(tmp_path)
    with serving(decent(products(ROWS))) as source:
        by_environment = quick | {"TIDELINE_DATASET_URL": source.url()}
        copy = start_service("producer", **by_environment).wait_ready()
        first = await until_state(database.producer_dsn, "molding", ["completed", "failed"])
        assert (first["state"], first["position"]) == ("completed", ROWS)
        await says_that_it_is_there(copy, source.url())
        assert copy.terminate() == 0
        by_file = quick | {"TIDELINE_CONFIG_DIR": str(config(tmp_path, source.url()))}
        copy = start_service("producer", **by_file).wait_ready()
        await says_that_it_is_there(copy, source.url())
        assert copy.terminate() == 0
        assert len(source.requests) == 1
    copy = start_service("producer", **by_environment).wait_ready()
    until(lambda: "already ingested from this URL: 300 rows" in copy.log, 10, "it says why nothing is begun")
    await says_that_it_is_there(copy, source.url())
    last = await row(database.producer_dsn, "molding")
    unchanged = ("state", "run", "position", "reason", "dataset", "progress", "changes")
    assert [last[name] for name in unchanged] == [first[name] for name in unchanged]
    assert len(published_rows(stack.kafka_bootstrap, topics.rows)) == ROWS


async def says_that_it_is_there(copy: ServiceProcess, url: str) -> None:
    async with control(copy) as http:
        answer = await ask(http, url)
    assert answer.status_code == 200, answer.text
    assert "already ingested from this URL: 300 rows" in answer.json()["message"]


def config(tmp_path: Path, url: str) -> Path:
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "producer.toml").write_text(f'dataset_url = "{url}"\n')
    return folder


async def test_a_dataset_of_the_setting_that_was_deleted_stays_deleted(
    database: Database, start_service: StartService, tmp_path: Path
) -> None:
    with serving(decent(products(ROWS))) as source:
        env = settings(tmp_path) | {"TIDELINE_DATASET_URL": source.url()}
        copy = start_service("producer", **env).wait_ready()
        await until_state(database.producer_dsn, "molding", ["completed"])
        async with control(copy) as http:
            assert (await http.delete("/streams/molding")).status_code == 200
        assert copy.terminate() == 0
        copy = start_service("producer", **env).wait_ready()
        until(lambda: "was deleted" in copy.log, 10, "it says why nothing is begun")
        assert (await row(database.producer_dsn, "molding"))["desired"] == "deleted"
        async with control(copy) as http:
            assert (await ask(http, source.url())).status_code == 201
        await until_state(database.producer_dsn, "molding", ["completed"])
        assert len(source.requests) == 2


def canonical(row_and_data: tuple[int, Any]) -> str:
    return json.dumps(row_and_data, sort_keys=True)


class Changing:
    """A source whose answer can be replaced."""

    def __init__(self, script: Script) -> None:
        self.now = script

    async def __call__(self, request: Request, reply: Reply) -> None:
        await self.now(request, reply)


async def refuse(_request: Request, reply: Reply) -> None:
    await reply.head(410, Content_Length=0)


async def test_a_refresh_pulls_on_condition_and_adds_only_what_is_new(
    stack: Stack, database: Database, topics: Topics, start_service: StartService, tmp_path: Path
) -> None:
    start_service("processor")
    copy = start_service("producer", **settings(tmp_path)).wait_ready()
    before = [product(number) for number in range(ROWS)]
    newer = [*before[:10], before[10] | {"version": "corrected"}, *before[11:], *map(product, range(ROWS, ROWS + 20))]
    source_now = Changing(decent(products(ROWS)))

    async def refreshed(*states: str, **values: Any) -> dict[str, Any]:
        async with control(copy) as http:
            answer = await ask(http, source.url(), **values)
        assert answer.status_code == 201, answer.text
        found = await until_state(database.producer_dsn, "molding", ["completed", "failed"])
        assert found["state"] in states, found["reason"]
        return found

    with serving(source_now) as source:
        await refreshed("completed")
        same = await refreshed("completed", refresh=True)
        assert (same["reason"], same["position"]) == ("unchanged: the source has nothing newer", ROWS)
        assert source.requests[-1].headers["if-none-match"].startswith('"')

        source_now.now = decent(json.dumps(newer).encode())
        assert (await refreshed("completed", refresh=True))["position"] == ROWS + 20

        source_now.now = refuse
        gone = await refreshed("failed", refresh=True)
        assert gone["reason"] == "http_410: the server says that the file is gone for good"

        source_now.now = decent(json.dumps(newer).encode())
        back = await refreshed("completed")
        assert back["reason"] == "unchanged: the source has nothing newer"
        assert "if-none-match" in source.requests[-1].headers, "also what failed is asked on condition"
        assert len(source.requests) == 5

    await taken(database, 2 * ROWS + 20)
    kept = [(number, data) for number, _, data in await kept_rows(database.owner_dsn)]
    wanted = [*enumerate(newer), (10, before[10])]
    assert sorted(map(canonical, kept)) == sorted(map(canonical, wanted))
    assert len(set(published_rows(stack.kafka_bootstrap, topics.rows))) == ROWS + 21


async def test_another_url_or_other_rules_need_another_id(
    database: Database, start_service: StartService, tmp_path: Path
) -> None:
    copy = start_service("producer", **settings(tmp_path)).wait_ready()
    with serving(decent(products(ROWS))) as source:
        async with control(copy) as http:
            assert (await ask(http, source.url())).status_code == 201
            others: list[tuple[str, dict[str, Any]]] = [
                (source.url("/other.json"), {}),
                (source.url(), {"split_by": ["molding_machine_id"]}),
                (source.url(), {"fields": {"exclude": ["*.reject"]}}),
                (source.url(), {"timestamp_field": "made_at"}),
            ]
            for url, rules in others:
                answer = await ask(http, url, **rules)
                assert (answer.status_code, "use another id" in answer.json()["detail"]) == (409, True), answer.text
            split_by = ["machine", "molding_machine_id"]
            assert (await ask(http, source.url("/other.json"), "other", split_by=split_by)).status_code == 201
        row = await until_state(database.producer_dsn, "other", ["completed"])
    assert row["reason"] == "nothing is split by machine: no row has such a field with a text or number"
