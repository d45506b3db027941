"""Every log line is one JSON object, whatever is in it."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from chassis.logs import Seldom, set_up_logging
from chassis.settings import LogSettings


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Put this process's logging back."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_our_lines_and_those_of_libraries_are_json_objects_of_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(LogSettings(), "shop")
    structlog.get_logger("till").info("sold", pieces=3, note='a\r\n{"level":"fake"}\x1b[31m')
    logging.getLogger("library").warning("line\nbreak")
    try:
        raise RuntimeError("broken\nin two")
    except RuntimeError:
        structlog.get_logger("till").exception("failed")
    ours, library, failed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (ours["event"], ours["level"], ours["service"], ours["pieces"]) == ("sold", "info", "shop", 3)
    assert (library["event"], library["level"], library["logger"]) == ("line\nbreak", "warning", "library")
    assert "RuntimeError: broken\nin two" in failed["exception"]


def test_a_text_without_end_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(LogSettings(), "shop")
    structlog.get_logger("till").info("sold", path="/" * 1_000_000)
    logging.getLogger("library").warning("x" * 1_000_000)
    written = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (len(written[0]["path"]), len(written[1]["event"])) == (10_001, 10_001)


def test_a_line_below_the_level_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(LogSettings(level="warning"), "shop")
    structlog.get_logger("till").info("sold")
    logging.getLogger("library").info("sold")
    assert capsys.readouterr().out == ""


def test_chatty_libraries_write_only_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(LogSettings(), "shop")
    logging.getLogger("aiokafka.consumer").info("heartbeat")
    logging.getLogger("aiokafka.consumer").warning("lost")
    assert [json.loads(line)["event"] for line in capsys.readouterr().out.splitlines()] == ["lost"]


def line(logger: str, message: object, *values: object) -> logging.LogRecord:
    return logging.LogRecord(logger, logging.WARNING, __file__, 1, message, values, None)


def test_a_noisy_library_is_written_once_a_kind_of_line() -> None:
    seldom = Seldom()
    lines = [line("aiokafka.client", "no node %s", node) for node in range(100)]
    assert [seldom.filter(one) for one in lines].count(True) == 1
    assert seldom.filter(line("aiokafka.client", "another thing"))
    assert seldom.filter(line("aiokafka", "no node %s", 1))


def test_our_own_lines_are_all_written() -> None:
    seldom = Seldom()
    assert all(seldom.filter(line("producer", {"event": "run ended"})) for _ in range(100))
