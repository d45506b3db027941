"""What Prometheus sees of a producer."""

from collections.abc import Mapping

from prometheus_client import Counter, Gauge

from chassis.metrics import new_registry

STATES = ("pending", "running", "paused", "stopping", "stopped", "completed", "failed")


class Metrics:
    """The counters of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = new_registry()
        self.published = Counter(
            "tideline_producer_published", "Events of streams that Kafka has acknowledged.", registry=self.registry
        )
        self.ready = Gauge("tideline_producer_ready", "1 when ready, else 0.", registry=self.registry)
        self.running = Gauge("tideline_producer_running", "Streams that this copy runs.", registry=self.registry)
        self.streams = Gauge(
            "tideline_producer_streams", "Streams of all copies, by state.", ["state"], registry=self.registry
        )
        self.retries = Counter(
            "tideline_producer_retries", "Runs begun again from their checkpoint.", registry=self.registry
        )
        self.leases_lost = Counter(
            "tideline_producer_leases_lost", "Streams that another copy took over.", registry=self.registry
        )

    def count_streams(self, by_state: Mapping[str, int]) -> None:
        """How many streams there are in each state; every state is always told."""
        for state in STATES:
            self.streams.labels(state).set(by_state.get(state, 0))
