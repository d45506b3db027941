"""What goes wrong with a dataset, named for what is to be done: end the stream, try again, or leave one row out."""


class Again(Exception):  # noqa: N818 - named for what to do
    """This attempt at the transfer failed, the next may not: keep what arrived and ask for the rest after a pause."""

    def __init__(self, code: str, detail: str, after_s: float = 0.0) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.after_s = after_s
        """How long the server asks to be left alone."""


class Rejected(Exception):  # noqa: N818 - an answer, not a failure
    """One row that cannot be taken, and why; the others go on."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
