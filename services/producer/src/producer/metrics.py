"""What Prometheus sees of a producer."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class Metrics:
    """The counters of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.published = Counter(
            "tideline_producer_published", "Events of streams that Kafka has acknowledged.", registry=self.registry
        )
        self.running = Gauge("tideline_producer_running", "Streams that this copy runs.", registry=self.registry)
        self.retries = Counter(
            "tideline_producer_retries", "Runs begun again from their checkpoint.", registry=self.registry
        )
        self.leases_lost = Counter(
            "tideline_producer_leases_lost", "Streams that another copy took over.", registry=self.registry
        )
