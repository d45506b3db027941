"""Fixtures of all tests, wherever they lie: see tests/support/fixtures.py."""

from hypothesis import settings

pytest_plugins = ["tests.support.fixtures"]

# The same examples at every run, and no time limit for one: a busy machine is no failure. `--hypothesis-profile=search`
# looks for new ones.
settings.register_profile("fixed", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("search", max_examples=5_000, deadline=None, print_blob=True)
settings.load_profile("fixed")
