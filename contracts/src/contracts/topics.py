"""Topic and consumer group names. infra/kafka/topics.toml holds their partitions and settings."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Topics:
    """The names of one deployment; `prefix` lets several share a cluster."""

    prefix: str = ""

    @property
    def readings(self) -> str:
        """Readings as JSON, keyed `stream/category`."""
        return f"{self.prefix}readings"

    @property
    def rows(self) -> str:
        """Dataset rows as JSON, keyed `stream/<block of rows>`."""
        return f"{self.prefix}rows"

    @property
    def streams(self) -> str:
        """Lifecycle states of streams, keyed by stream id; compacted."""
        return f"{self.prefix}streams"

    @property
    def processor_group(self) -> str:
        """The consumer group that all processor copies share."""
        return f"{self.prefix}tideline.processor"
