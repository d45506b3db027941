"""No service is open to other machines unless someone has said that this is meant."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.keys import api_keys
from tests.support.processes import ServiceProcess
from tests.support.stack import ROOT
from tests.support.waiting import until

from chassis.errors import StartError
from chassis.server import refuse_strangers

EVERY_ADDRESS = {"TIDELINE_HTTP_HOST": "0.0.0.0", "TIDELINE_KAFKA_BOOTSTRAP": "127.0.0.1:9"}
NOWHERE = {"TIDELINE_POSTGRES_DSN": "postgresql://tideline@127.0.0.1:9/nothing"}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_this_machines_own_addresses_need_nothing(host: str) -> None:
    refuse_strangers(host, kept_out=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1", "2001:db8::1", "::ffff:10.0.0.1", "no.invalid"])
def test_any_other_address_needs_a_key_or_a_trusted_network(host: str) -> None:
    with pytest.raises(StartError, match="TIDELINE_TRUSTED_NETWORK=true"):
        refuse_strangers(host, kept_out=False)
    refuse_strangers(host, kept_out=True)


@pytest.mark.parametrize("service", ["query-api", "producer", "processor"])
def test_a_service_without_a_key_does_not_start_on_every_address(service: str, tmp_path: Path) -> None:
    env = {key: value for key, value in EVERY_ADDRESS.items() if "KAFKA" not in key or service != "query-api"}
    process = ServiceProcess(service, env | NOWHERE, tmp_path)
    try:
        until(lambda: process.exit_code is not None, 20, "it has ended")
        last = process.log.splitlines()[-1]
        assert (process.exit_code, last.startswith("error: other machines can reach 0.0.0.0")) == (2, True), process.log
        assert "tideline key new" in last
    finally:
        process.kill()


@pytest.mark.parametrize(
    ("service", "more"),
    [
        ("query-api", {"TIDELINE_API_KEYS": json.dumps(api_keys())}),
        ("query-api", {"TIDELINE_TRUSTED_NETWORK": "true"}),
        ("producer", {"TIDELINE_TRUSTED_NETWORK": "true"}),
        ("processor", {"TIDELINE_TRUSTED_NETWORK": "true"}),
    ],
)
def test_with_a_key_or_on_a_trusted_network_it_does(service: str, more: dict[str, str], tmp_path: Path) -> None:
    env = {key: value for key, value in EVERY_ADDRESS.items() if "KAFKA" not in key or service != "query-api"}
    process = ServiceProcess(service, env | NOWHERE | more, tmp_path)
    try:
        process.wait_alive(20)
    finally:
        process.kill()


def test_the_stack_says_so_before_it_starts_anything(tmp_path: Path) -> None:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("TIDELINE_")}
    env = clean | {"TIDELINE_HTTP_HOST": "0.0.0.0", "TIDELINE_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "local_stack", "run"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("error: other machines can reach 0.0.0.0")
    assert not (tmp_path / "passwords.json").exists()
