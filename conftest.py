"""Fixtures of all tests, wherever they lie: see tests/support/fixtures.py."""

import signal

from hypothesis import settings

pytest_plugins = ["tests.support.fixtures"]

# The same examples at every run, and no time limit for one: a busy machine is no failure. `--hypothesis-profile=search`
# looks for new ones.
settings.register_profile("fixed", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("search", max_examples=5_000, deadline=None, print_blob=True)
settings.load_profile("fixed")

# A shell that starts the tests in the background has them ignore SIGINT, and with them every process that a test starts
# and then interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
