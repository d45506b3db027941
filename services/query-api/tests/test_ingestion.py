"""What makes the built-in stream run, whatever it does now."""

from typing import Any

import pytest

from query_api.ingestion import next_step


@pytest.mark.parametrize(
    ("stream", "step"),
    [
        (None, "start"),
        ({"desired": "stopped", "state": "stopped"}, "start"),
        ({"desired": "stopped", "state": "failed"}, "start"),
        ({"desired": "running", "state": "pending"}, "nothing"),
        ({"desired": "running", "state": "running"}, "nothing"),
        ({"desired": "paused", "state": "paused"}, "resume"),
        ({"desired": "paused", "state": "running"}, "resume"),
        ({"desired": "stopped", "state": "stopping"}, "wait"),
        ({"desired": "deleted", "state": "stopping"}, "wait"),
    ],
)
def test_the_next_step(stream: dict[str, Any] | None, step: str) -> None:
    assert next_step(stream) == step
