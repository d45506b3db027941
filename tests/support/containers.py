"""The servers as containers (TIDELINE_TEST_STACK=docker), of the images that docker-compose.yml names."""

from collections.abc import Callable
from pathlib import Path

import docker
import yaml
from docker.models.containers import Container
from testcontainers.core.container import DockerContainer

from local_stack.kafka import brokers_at
from local_stack.ports import HOST, any_port
from local_stack.postgres import OWNER, answers
from local_stack.waiting import in_own_loop
from tests.support.waiting import until


def engine_answers() -> bool:
    """There is a Docker engine that this user may use."""
    try:
        return bool(docker.from_env().ping())
    except docker.errors.DockerException:
        return False


class ContainerServer:
    """A server in a container; its data is the container's and outlives a kill."""

    def __init__(self, container: DockerContainer, ready: Callable[[], bool]) -> None:
        self._ready = ready
        self._owner = container
        container.start()
        self._wait()

    @property
    def _container(self) -> Container:
        return self._owner.get_wrapped_container()

    def _status(self) -> str:
        self._container.reload()
        return str(self._container.status)

    def _wait(self) -> None:
        until(self._ready, 90, f"{self._container.image} answers", every_s=0.2)

    def kill(self) -> None:
        self._container.kill()
        self._container.wait()

    def pause(self) -> None:
        self._container.pause()

    def resume(self) -> None:
        if self._status() == "paused":
            self._container.unpause()

    def stop(self) -> None:
        self._container.stop(timeout=20)

    def start(self) -> None:
        self.resume()
        if self._status() != "running":
            self._container.start()
        self._wait()  # also one that went on just now: a broker is let into its cluster again

    def remove(self) -> None:
        """The container and its data go."""
        self._owner.stop()


def postgres_container(root: Path, password: str) -> tuple[ContainerServer, str]:
    """Postgres and the owner's DSN."""
    port = any_port(1)[0]
    dsn = f"postgresql://{OWNER}:{password}@{HOST}:{port}/{OWNER}"
    container = _published(root, "postgres", 5432, port)
    container.with_command("postgres -c max_connections=100")
    for name, value in {"USER": OWNER, "DB": OWNER, "PASSWORD": password}.items():
        container.with_env(f"POSTGRES_{name}", value)
    container.with_env("POSTGRES_INITDB_ARGS", "--encoding=UTF8 --locale=C --data-checksums")
    return ContainerServer(container, lambda: in_own_loop(answers(dsn))), dsn


def kafka_container(root: Path) -> tuple[ContainerServer, str]:
    """A broker and its address, the same inside the container and outside of it but for the host."""
    port = any_port(1)[0]
    bootstrap = f"{HOST}:{port}"
    settings = {
        "NODE_ID": 1,
        "PROCESS_ROLES": "broker,controller",
        "CONTROLLER_QUORUM_VOTERS": "1@localhost:19093",
        "CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "INTER_BROKER_LISTENER_NAME": "INTERNAL",
        "LISTENERS": "CONTROLLER://:19093,INTERNAL://:19092,HOST://:9092",
        "ADVERTISED_LISTENERS": f"INTERNAL://localhost:19092,HOST://{bootstrap}",
        "LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,INTERNAL:PLAINTEXT,HOST:PLAINTEXT",
        "AUTO_CREATE_TOPICS_ENABLE": "false",
        "OFFSETS_TOPIC_NUM_PARTITIONS": 4,
        "OFFSETS_TOPIC_REPLICATION_FACTOR": 1,
        "TRANSACTION_STATE_LOG_REPLICATION_FACTOR": 1,
        "TRANSACTION_STATE_LOG_MIN_ISR": 1,
        "GROUP_INITIAL_REBALANCE_DELAY_MS": 0,
        "BROKER_SESSION_TIMEOUT_MS": 3000,
        "BROKER_HEARTBEAT_INTERVAL_MS": 500,
    }
    container = _published(root, "kafka", 9092, port)
    for name, value in settings.items():
        container.with_env(f"KAFKA_{name}", str(value))
    return ContainerServer(container, lambda: in_own_loop(brokers_at(bootstrap)) == 1), bootstrap


def _published(root: Path, service: str, inside: int, port: int) -> DockerContainer:
    """A container that only this machine reaches: `with_bind_ports` would publish its port to everyone."""
    container = DockerContainer(image(root, service))
    container.ports[f"{inside}/tcp"] = (HOST, port)  # type: ignore[assignment] # what docker takes here
    return container


def image(root: Path, service: str) -> str:
    """What docker-compose.yml runs as this service."""
    return str(yaml.safe_load((root / "docker-compose.yml").read_text())["services"][service]["image"])
