"""Fixtures of all tests, wherever they lie: see tests/support/fixtures.py."""

pytest_plugins = ["tests.support.fixtures"]
