"""Errors that end a start, named for what the operator should do."""


class StartError(Exception):
    """The service cannot start; the message is one line that says what is wrong and what to do."""
