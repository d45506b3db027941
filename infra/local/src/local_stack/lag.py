"""`make lag`: the consumer group's lag as Kafka's own tool tells it."""

import json
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from chassis.errors import StartError
from chassis.settings import KafkaSecurity
from local_stack.kafka import java

TOOL = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
LOGIN = "org.apache.kafka.common.security"
TROUBLE = re.compile(r"^(?:Error: .* due to|Caused by:) (?:[\w.$]+: )?(.+)$", re.MULTILINE)
"""What the tool says amid its traces; its exit code is 0 all the same."""
ANSWER_MS = 10_000
MODULES = {"PLAIN": f"{LOGIN}.plain.PlainLoginModule", "SCRAM": f"{LOGIN}.scram.ScramLoginModule"}


def show_lag(bootstrap: str, security: KafkaSecurity, group: str, jars: Sequence[Path]) -> int:
    """Print the group's partitions with end offset, committed offset and lag; StartError where Kafka does not tell."""
    class_path = ":".join(str(jar.resolve()) for jar in jars)
    with tempfile.TemporaryDirectory(prefix="tideline-lag-") as temporary:  # of this user only
        properties = Path(temporary) / "client.properties"
        properties.write_text(client_properties(security))
        connect = ("--bootstrap-server", bootstrap, "--command-config", str(properties))
        command = java(class_path, Path(temporary), TOOL, *connect, "--describe", "--group", group)
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if troubles := TROUBLE.findall(done.stdout):
        why = troubles[-1].rstrip(".")
        raise StartError(f"no lag from Kafka at {bootstrap} ({why}): does `make status` show it and a processor?")
    print(done.stdout, end="")
    return done.returncode


def client_properties(security: KafkaSecurity) -> str:
    """The settings as a file of Kafka's Java clients has them."""
    # Between quotes, JSON escapes all that a properties file does.
    return "".join(f"{key}={json.dumps(value)[1:-1]}\n" for key, value in _properties(security))


def _properties(security: KafkaSecurity) -> Iterator[tuple[str, str]]:
    yield "security.protocol", security.protocol
    yield from ((f"{name}.timeout.ms", str(ANSWER_MS)) for name in ("request", "default.api"))
    if security.protocol.startswith("SASL"):
        module = MODULES[security.mechanism.partition("-")[0]]
        name, password = _quoted(security.username), _quoted(security.password.get_secret_value())
        yield "sasl.mechanism", security.mechanism
        yield "sasl.jaas.config", f"{module} required username={name} password={password};"
    if security.ca_file:
        yield "ssl.truststore.type", "PEM"
        yield "ssl.truststore.location", str(Path(security.ca_file).resolve())
    if security.cert_file:
        yield "ssl.keystore.type", "PEM"
        yield "ssl.keystore.certificate.chain", Path(security.cert_file).read_text("ascii")
        yield "ssl.keystore.key", Path(security.key_file or security.cert_file).read_text("ascii")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
