"""What every service tells Prometheus: a registry that holds the process's own figures."""

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector


def new_registry() -> CollectorRegistry:
    """With CPU, memory, files and garbage collections of this process (`process_*` where the system tells them)."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry
