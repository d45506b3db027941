"""`make lag`: the consumer group's lag as Kafka's own tool tells it."""

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from local_stack.kafka import java

TOOL = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"


def show_lag(bootstrap: str, group: str, jars: Sequence[Path]) -> int:
    """Print the group's partitions with end offset, committed offset and lag; the tool's exit code."""
    class_path = ":".join(str(jar.resolve()) for jar in jars)
    with tempfile.TemporaryDirectory(prefix="tideline-lag-") as temporary:
        arguments = ("--bootstrap-server", bootstrap, "--describe", "--group", group)
        return subprocess.run(java(class_path, Path(temporary), TOOL, *arguments), check=False).returncode
