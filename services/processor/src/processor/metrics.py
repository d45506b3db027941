"""What Prometheus sees of a processor."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from processor.plan import Batch, DeadLetter, Tally


class Metrics:
    """The counters of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.records = Counter(
            "tideline_processor_records",
            "Records taken, by what became of them.",
            ["topic", "result"],
            registry=self.registry,
        )
        self.refused = Counter(
            "tideline_processor_dead_letters", "Dead letters, by reason.", ["topic", "reason"], registry=self.registry
        )
        self.transactions = Counter(
            "tideline_processor_transactions", "Transactions committed.", registry=self.registry
        )
        self.seconds = Histogram(
            "tideline_processor_transaction_seconds", "Time from BEGIN to the answer of COMMIT.", registry=self.registry
        )
        self.fenced = Counter(
            "tideline_processor_fenced", "Transactions given up to another owner.", registry=self.registry
        )
        self.retries = Counter(
            "tideline_processor_retries", "Batches read again after an error.", registry=self.registry
        )
        self.undelivered = Counter(
            "tideline_processor_undelivered_offsets",
            "Offsets that Kafka never delivered.",
            ["topic"],
            registry=self.registry,
        )
        self.partitions = Gauge("tideline_processor_partitions", "Partitions owned.", registry=self.registry)
        self.partitions_refused = Gauge(
            "tideline_processor_partitions_refused",
            "Partitions whose log is not the one read before.",
            registry=self.registry,
        )

    def took(
        self, batches: Sequence[Batch], tallies: Sequence[Tally], letters: Sequence[tuple[int, DeadLetter]]
    ) -> None:
        """Count a committed transaction."""
        self.transactions.inc()
        for batch, tally in zip(batches, tallies, strict=True):
            topic = batch.claim.topic
            self.records.labels(topic, "accepted").inc(tally.accepted)
            self.records.labels(topic, "duplicate").inc(tally.duplicate)
            self.records.labels(topic, "rejected").inc(tally.rejected)
            self.undelivered.labels(topic).inc(sum(gap.end - gap.start for gap in batch.gaps))
        for source, letter in letters:
            self.refused.labels(batches[source].claim.topic, letter.reason.value).inc()
