"""The producer's errors, named for what the caller should do."""


def in_words(error: BaseException) -> str:
    """What a library raised, for a person: its kind, and what it says where it says anything."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return f"{type(error).__name__}: {error}".removesuffix(": ")[:200]


class Retry(Exception):  # noqa: N818 - named for what to do
    """Something outside is away or was restarted: begin again from the checkpoint after a pause."""


class NotAcknowledged(Retry):
    """Kafka did not take a batch: what was in it may or may not be there; its events must be published again."""


class LeaseLost(Exception):  # noqa: N818 - says what happened
    """Another copy owns the stream now: stop at once and write nothing about it."""


class Failed(Exception):  # noqa: N818 - says what happened
    """The stream cannot go on, whoever runs it: it ends as `failed` with these words, a code first, as the reason."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class Conflict(Exception):  # noqa: N818 - says what happened
    """What is asked for contradicts what is: tell the caller, in these words."""


class Unknown(Exception):  # noqa: N818 - says what happened
    """There is no such stream: tell the caller."""


class Unavailable(Exception):  # noqa: N818 - says what happened
    """Kafka or Postgres is away: tell the caller to try again in a moment."""
