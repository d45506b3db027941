"""Logs: nothing that a caller sends becomes a line of its own, and no password is ever written."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from tests.support.databases import Database
from tests.support.fixtures import StartService
from tests.support.keys import CONTROL, READ, api_keys, bearing
from tests.support.stack import ROOT, Stack

FAKE = '\r\n{"event": "fake", "level": "info"}\r\n\x1b[31mred'
EVENT = {"stream": "lab", "category": "temperature", "value": 21.5}


def raw(port: int, *requests: bytes) -> None:
    """Send what no HTTP client would."""
    for request in requests:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4_096):
                pass


@pytest.fixture
def asked(start_service: StartService, stack: Stack, database: Database) -> dict[str, str]:
    """The logs of all three services at their most talkative, after a working day and much nonsense."""
    env = {"TIDELINE_LOG__LEVEL": "debug"}
    producer = start_service("producer", **env)
    processor = start_service("processor", **env)
    keys = {"TIDELINE_API_KEYS": json.dumps(api_keys()), "TIDELINE_SESSION__SECRET": "5ecret" * 6}
    api = start_service("query-api", TIDELINE_PRODUCER_URL=producer.url, **env, **keys)
    for service in (producer, processor, api):
        service.wait_ready()
    with httpx.Client(base_url=api.url, headers=bearing(CONTROL), timeout=20, trust_env=False) as client:
        assert client.post("/api/v1/events", json=EVENT).status_code == 202
        for nonsense in (FAKE, "\x1b]0;title\x07", "a\u2028b"):
            client.post("/api/v1/events", json=EVENT | {"category": nonsense})
            client.post("/api/v1/streams", json={"id": nonsense})
            client.get(f"/api/v1/streams/{nonsense.encode().hex()}")
            client.get("/api/v1/raw-data", params={"stream": nonsense, "category": nonsense})
            client.request("GET", "/api/v1/x", params={"a": nonsense}, headers={"X-Note": "\x1b[31m".strip("\x1b")})
        client.post("/api/v1/session")
        client.get("/metrics", headers=bearing(READ))
        client.get("/metrics", headers=bearing("tideline_guessed_wrong"))
    path = b"/api/v1/%0d%0a%7B%22event%22:%20%22fake%22%7D%1b[31m"
    for port in (api.port, producer.port, processor.port):
        raw(
            port,
            b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: a\x1b[31m\r\n\r\n",
            b'{"event": "fake", "level": "info"}\r\n\r\n',
            b"POST " + path + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{",
        )
    for service in (api, producer, processor):
        service.terminate()
    clean = {key: value for key, value in os.environ.items() if not key.startswith("TIDELINE_")}
    command = [sys.executable, "-m", "provision", "migrate"]
    migrated = subprocess.run(
        command, cwd=ROOT, env=clean | database.provision_env | env, capture_output=True, text=True, check=True
    )
    return {one.service: one.log for one in (api, producer, processor)} | {
        "provision": "\n".join(line for line in (migrated.stdout + migrated.stderr).splitlines() if line[:1] == "{"),
        "said": migrated.stdout + migrated.stderr,
    }


def test_a_line_is_one_object_of_ours_and_no_password_is_in_any(asked: dict[str, str], stack: Stack) -> None:
    secrets = [*stack.passwords.values(), CONTROL, READ, "tideline_guessed_wrong", "5ecret5ecret"]
    for service, log in asked.items():
        assert not [secret for secret in secrets if secret in log], service
        if service == "said":
            continue
        for line in log.splitlines():
            written = json.loads(line)
            assert written["event"] != "fake"
            assert {"event", "level", "logger", "service", "timestamp"} <= set(written) or service == "provision"
        assert "\x1b" not in log
        assert "\u2028" not in log


def test_passwords_are_not_on_any_command_line(start_service: StartService, stack: Stack) -> None:
    service = start_service("query-api").wait_ready()
    lines = Path(f"/proc/{service.pid}/cmdline")
    if not lines.exists():
        pytest.skip("this system has no /proc")
    assert not [word for word in stack.passwords.values() if word.encode() in lines.read_bytes()]
