"""`make lag`: the consumer group's lag as Kafka's own tool tells it."""

import json
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from chassis.settings import KafkaSecurity
from local_stack.kafka import java

TOOL = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
LOGIN = "org.apache.kafka.common.security"
MODULES = {"PLAIN": f"{LOGIN}.plain.PlainLoginModule", "SCRAM": f"{LOGIN}.scram.ScramLoginModule"}


def show_lag(bootstrap: str, security: KafkaSecurity, group: str, jars: Sequence[Path]) -> int:
    """Print the group's partitions with end offset, committed offset and lag; the tool's exit code."""
    class_path = ":".join(str(jar.resolve()) for jar in jars)
    with tempfile.TemporaryDirectory(prefix="tideline-lag-") as temporary:  # of this user only
        properties = Path(temporary) / "client.properties"
        properties.write_text(client_properties(security))
        connect = ("--bootstrap-server", bootstrap, "--command-config", str(properties))
        command = java(class_path, Path(temporary), TOOL, *connect, "--describe", "--group", group)
        return subprocess.run(command, check=False).returncode


def client_properties(security: KafkaSecurity) -> str:
    """The settings as a file of Kafka's Java clients has them."""
    # Between quotes, JSON escapes all that a properties file does.
    return "".join(f"{key}={json.dumps(value)[1:-1]}\n" for key, value in _properties(security))


def _properties(security: KafkaSecurity) -> Iterator[tuple[str, str]]:
    yield "security.protocol", security.protocol
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
