"""Create the topics of infra/kafka/topics.toml; what exists stays as it is and is checked."""

import asyncio
import tomllib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from chassis.errors import StartError
from chassis.kafka import client_security
from chassis.settings import KafkaSecurity

OPEN = KafkaSecurity()
"""A Kafka that asks nobody for a name."""
TIMESTAMP_TYPE, CLEANUP = "message.timestamp.type", "cleanup.policy"


@dataclass(frozen=True)
class TopicSpec:
    """One topic as it must be."""

    name: str
    partitions: int
    config: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TopicState:
    """One topic as the cluster has it."""

    partitions: int
    timestamp_type: str
    cleanup: str


def read_specs(path: Path, prefix: str, replication_factor: int) -> list[TopicSpec]:
    """The topics of the file under their names in this deployment."""
    try:
        tables = tomllib.loads(path.read_text())
        durability = {"min.insync.replicas": str(replication_factor - 1)} if replication_factor >= 3 else {}
        return [
            TopicSpec(prefix + name, int(table["partitions"]), {**table.get("config", {}), **durability})
            for name, table in tables.items()
        ]
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise StartError(
            f"cannot read the topics of {path}: {error!r}; correct it or set TIDELINE_TOPICS_FILE"
        ) from None


def complaints(specs: Sequence[TopicSpec], found: dict[str, TopicState]) -> list[str]:
    """What is wrong with topics that exist, one line each; more partitions than asked for are fine."""
    lines = []
    for spec in specs:
        state = found.get(spec.name)
        if state is None:
            continue
        if state.partitions < spec.partitions:
            lines.append(
                f"topic {spec.name} has {state.partitions} partitions, {spec.partitions} are needed: "
                "delete it or add partitions with Kafka's own tools"
            )
        wanted = spec.config.get(TIMESTAMP_TYPE, "CreateTime")
        if state.timestamp_type != wanted:
            lines.append(f"topic {spec.name} has {TIMESTAMP_TYPE}={state.timestamp_type}: set it to {wanted}")
        if "compact" in state.cleanup and CLEANUP not in spec.config:
            lines.append(f"topic {spec.name} has {CLEANUP}={state.cleanup}, which loses events: set it to delete")
    return lines


async def create_topics(
    bootstrap: str,
    specs: Sequence[TopicSpec],
    replication_factor: int = 1,
    wait_s: float = 60.0,
    security: KafkaSecurity = OPEN,
) -> list[str]:
    """Create what is missing and return its names; StartError when a topic that exists does not fit."""
    async with admin_client(bootstrap, wait_s, security) as admin:
        found = await describe(admin, [spec.name for spec in specs])
        wrong = complaints(specs, found)
        if wrong:
            raise StartError("; ".join(wrong))
        missing = [spec for spec in specs if spec.name not in found]
        new = [NewTopic(s.name, s.partitions, replication_factor, topic_configs=s.config) for s in missing]
        answer = await admin.create_topics(new) if new else None
        for name, code, message in answer.topic_errors if answer else []:
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError:  # another one was quicker: as good
                raise StartError(f"cannot create topic {name}: {message or error.__name__}")
        await _until_known(admin, {spec.name for spec in specs}, wait_s)
        return [spec.name for spec in missing]


@asynccontextmanager
async def admin_client(
    bootstrap: str, wait_s: float, security: KafkaSecurity = OPEN
) -> AsyncIterator[AIOKafkaAdminClient]:
    """A connected admin client; waits up to `wait_s` seconds for a broker that answers."""
    options = client_security(security)
    deadline = asyncio.get_running_loop().time() + wait_s
    while True:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap.split(","), client_id="tideline-provision", **options)
        try:
            await admin.start()
            break
        except (KafkaError, OSError) as error:
            await admin.close()
            if asyncio.get_running_loop().time() > deadline:
                reason = f"no Kafka at {bootstrap} within {wait_s:g} s ({type(error).__name__})"
                raise StartError(f"{reason}: start it or correct TIDELINE_KAFKA_BOOTSTRAP") from None
            await asyncio.sleep(0.25)
    try:
        yield admin
    finally:
        await admin.close()


async def describe(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, TopicState]:
    """Those of the named topics that exist. Asks for all topics: asking for one by name could create it."""
    partitions = {t["topic"]: len(t["partitions"]) for t in await admin.describe_topics() if not t["error_code"]}
    present = [name for name in names if name in partitions]
    if not present:
        return {}
    answers = await admin.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, name, {TIMESTAMP_TYPE: "", CLEANUP: ""}) for name in present]
    )
    told = {
        resource[3]: {entry[0]: entry[1] for entry in resource[4]}
        for answer in answers
        for resource in answer.resources
    }
    return {
        name: TopicState(
            partitions[name], *(told.get(name, {}).get(one, "unknown") for one in (TIMESTAMP_TYPE, CLEANUP))
        )
        for name in present
    }


async def _until_known(admin: AIOKafkaAdminClient, names: set[str], wait_s: float) -> None:
    """A created topic shows in the metadata a little later; a client that comes before that would fail."""
    deadline = asyncio.get_running_loop().time() + wait_s
    while missing := names - {
        t["topic"] for t in await admin.describe_topics() if not t["error_code"] and t["partitions"]
    }:
        if asyncio.get_running_loop().time() > deadline:
            raise StartError(f"topics {sorted(missing)} were created but do not appear: look at the brokers' logs")
        await asyncio.sleep(0.1)
