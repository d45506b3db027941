"""Errors of the processor, named for what the loop should do."""


class ProcessorError(Exception):
    """Base of all of them."""


class Fenced(ProcessorError):  # noqa: N818 - names what happened
    """Another process owns the partition now: drop what was read, wait a little, claim again."""


class Overtaken(ProcessorError):  # noqa: N818 - names what happened
    """A dead letter was replayed by another record meanwhile, or is by two of this plan: prepare it anew, in parts."""


class PartitionRefused(ProcessorError):  # noqa: N818 - names what happened
    """The partition's log is not the one that was read before: leave it alone until an operator accepts it."""


class NotStarted(ProcessorError):  # noqa: N818 - names what happened
    """A server went away while the processor started: begin anew."""
