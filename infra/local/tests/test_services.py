from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from local_stack import services
from local_stack.running import Part, State
from local_stack.screen import show_started
from local_stack.services import Servers, as_role, without_password

SERVERS = Servers(
    "127.0.0.1:9092", "p.", "postgresql://tideline:o@127.0.0.1:5432/tideline?sslmode=disable",
    {"owner": "o", "processor": "a/b@c", "producer": "d", "api": "e"},
)  # fmt: skip


def test_each_service_logs_in_as_its_role_with_its_password() -> None:
    assert as_role(SERVERS.owner_dsn, "tideline_processor", "a/b@c") == (
        "postgresql://tideline_processor:a%2Fb%40c@127.0.0.1:5432/tideline?sslmode=disable"
    )


def test_a_dsn_is_shown_without_its_password() -> None:
    assert without_password("postgresql://me:secret@db:5432/x?password=y") == "postgresql://me@db:5432/x"
    assert without_password("postgresql://db/x") == "postgresql://db/x"


def test_copies_of_the_processor_have_names_and_ports_of_their_own() -> None:
    copies = services.processors([8002, 8003])
    environments = [copy.environment(SERVERS) for copy in copies]
    assert [copy.name for copy in copies] == ["processor-1", "processor-2"]
    assert [env["TIDELINE_NAME"] for env in environments] == ["processor-1", "processor-2"]
    assert [env["TIDELINE_HTTP_PORT"] for env in environments] == ["8002", "8003"]
    assert {env["TIDELINE_TOPIC_PREFIX"] for env in environments} == {"p."}


def test_datasets_lie_beside_the_other_data_unless_a_setting_names_another_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(services.SPOOL, raising=False)
    assert services.producer(8001, Path("data/spool")).environment(SERVERS)[services.SPOOL] == "data/spool"
    monkeypatch.setenv(services.SPOOL, "/elsewhere")
    assert services.SPOOL not in services.producer(8001, Path("data/spool")).environment(SERVERS)


def test_a_service_on_all_addresses_is_asked_on_the_loopback() -> None:
    api = services.query_api("0.0.0.0", 8000, "http://127.0.0.1:8001")
    assert api.ready_url == "http://127.0.0.1:8000/api/v1/ready"
    assert api.environment(SERVERS)["TIDELINE_HTTP_HOST"] == "0.0.0.0"


def test_the_screen_fits_a_terminal_and_names_every_part_and_what_to_try() -> None:
    parts = [Part(name, f"http://127.0.0.1:{n}") for n, name in enumerate(("query-api", "producer", "kafka"), 8000)]
    state = State("http://127.0.0.1:8000", "127.0.0.1:9092", "", [*parts, Part("postgres", "x", note="5432 is taken")])
    console = Console(file=StringIO(), width=80)
    show_started(console, state, 4.2, str(Path(".local")))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert len(text.splitlines()) <= 24
    assert all(part.name in text and part.address in text for part in state.parts)
    assert "5432 is taken" in text
    assert text.count("curl 'http://127.0.0.1:8000/") == 2
    assert ".venv/bin/tideline status\n" in text
    assert "make lag" in text
