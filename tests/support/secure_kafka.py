"""A Kafka that asks for names: SCRAM on one listener, SCRAM over TLS on another, and what nobody may is refused."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from local_stack.children import Child
from local_stack.kafka import java, kafka_uuid
from local_stack.ports import HOST, any_port
from tests.support.stack import jars
from tests.support.waiting import until

PASSWORDS = {name: f"{name} of the tests" for name in ("admin", "provision", "producer", "processor", "query-api")}


@dataclass(frozen=True)
class SecureKafka:
    """Its two addresses, the certificate to trust, and the broker's log."""

    scram: str
    tls: str
    ca_file: Path
    log: Path

    def env(self, name: str, tls: bool = False) -> dict[str, str]:
        """The settings of a service that is known by this name."""
        given = {
            "TIDELINE_KAFKA_BOOTSTRAP": self.tls if tls else self.scram,
            "TIDELINE_KAFKA__PROTOCOL": "SASL_SSL" if tls else "SASL_PLAINTEXT",
            "TIDELINE_KAFKA__USERNAME": name,
            "TIDELINE_KAFKA__PASSWORD": PASSWORDS[name],
        }
        return given | {"TIDELINE_KAFKA__CA_FILE": str(self.ca_file)} if tls else given

    def client(self, name: str) -> dict[str, str]:
        """The same for a client of librdkafka."""
        return {
            "bootstrap.servers": self.scram,
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": name,
            "sasl.password": PASSWORDS[name],
        }

    def allow(self, lines: list[tuple[str, str, str, str]]) -> None:
        """Let names do something: (name, operation, kind of resource, its name or a prefix with `*`)."""
        acls = [
            AclBinding(
                ResourceType[kind],
                resource.rstrip("*") or "*",
                ResourcePatternType.PREFIXED if resource.endswith("*") else ResourcePatternType.LITERAL,
                f"User:{name}",
                "*",
                AclOperation[operation],
                AclPermissionType.ALLOW,
            )
            for name, operation, kind, resource in lines
        ]
        admin = AdminClient(self.client("admin"))  # its answers come for as long as it lives
        for done in admin.create_acls(acls).values():
            done.result(20)


@contextmanager
def secure_kafka(folder: Path) -> Iterator[SecureKafka]:
    """One broker, made and started for the block."""
    scram, tls, controller = any_port(3)
    class_path = ":".join(str(jar.resolve()) for jar in jars())
    properties = folder / "server.properties"
    properties.write_text(_properties(folder, scram, tls, controller))
    users = [part for name in PASSWORDS for part in ("--add-scram", _scram(name))]
    arguments = ("kafka.tools.StorageTool", "format", "--standalone", "-t", kafka_uuid(), "-c", str(properties))
    subprocess.run(java(class_path, folder, *arguments, *users), check=True, capture_output=True, timeout=60)
    child = Child("kafka", java(class_path, folder, "kafka.Kafka", str(properties)), folder, cwd=folder)
    made = SecureKafka(f"{HOST}:{scram}", f"{HOST}:{tls}", folder / "ca.pem", child.log)
    child.start()
    try:
        admin = AdminClient({**made.client("admin"), "log_level": 0})
        until(lambda: _answers(admin) or not child.running(), 60, "the broker answers")
        assert child.running(), "\n".join(child.last_lines())
        yield made
    finally:
        child.stop(within_s=10)


def _answers(admin: AdminClient) -> bool:
    try:
        return bool(admin.list_topics(timeout=2).brokers)
    except Exception:  # whatever librdkafka has to say before it is there
        return False


def _scram(name: str) -> str:
    return f"SCRAM-SHA-512=[name={name},password={PASSWORDS[name]}]"


def _properties(folder: Path, scram: int, tls: int, controller: int) -> str:
    """Nobody is let in without a name, the broker's own connections included."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(folder / "ca.pem")
    issued = ca.issue_cert(HOST)
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    chain = b"".join(part.bytes() for part in issued.cert_chain_pems)
    own = folder / "broker.pem"
    own.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + chain)
    jaas = "org.apache.kafka.common.security"
    admin = f'username="admin" password="{PASSWORDS["admin"]}"'
    listeners = f"SCRAM://{HOST}:{scram},TLS://{HOST}:{tls}"
    values = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "listeners": f"{listeners},CONTROLLER://{HOST}:{controller}",
        "advertised.listeners": f"{listeners},CONTROLLER://{HOST}:{controller}",
        "listener.security.protocol.map": "SCRAM:SASL_PLAINTEXT,TLS:SASL_SSL,CONTROLLER:SASL_PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "controller.quorum.bootstrap.servers": f"{HOST}:{controller}",
        "inter.broker.listener.name": "SCRAM",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
        "sasl.mechanism.controller.protocol": "PLAIN",
        "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.controller.plain.sasl.jaas.config": f"{jaas}.plain.PlainLoginModule required {admin} "
        f'user_admin="{PASSWORDS["admin"]}";',
        "listener.name.scram.scram-sha-512.sasl.jaas.config": f"{jaas}.scram.ScramLoginModule required {admin};",
        "listener.name.tls.scram-sha-512.sasl.jaas.config": f"{jaas}.scram.ScramLoginModule required {admin};",
        "listener.name.tls.ssl.keystore.type": "PEM",
        "listener.name.tls.ssl.keystore.location": own,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:admin",
        "log.dirs": folder / "data",
        "auto.create.topics.enable": "false",
        "offsets.topic.num.partitions": 4,
        "offsets.topic.replication.factor": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "group.initial.rebalance.delay.ms": 0,
        "log.cleaner.dedupe.buffer.size": 16_000_000,
    }
    return "".join(f"{key}={value}\n" for key, value in values.items())
