"""What a failed query is to the caller."""

import asyncpg
import pytest

from query_api.errors import database_problem


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError("reset"),
        asyncpg.ConnectionDoesNotExistError("closed in the middle"),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.InternalClientError("cannot switch to state 11; another operation (2) is in progress"),
        asyncpg.TooManyConnectionsError("too many"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_database_that_went_away_is_503(error: Exception) -> None:
    problem = database_problem(error, 100)
    assert problem is not None
    assert (problem.status, problem.headers) == (503, {"Retry-After": "1"})


def test_a_mistake_of_ours_is_no_answer() -> None:
    assert database_problem(asyncpg.UndefinedColumnError("no such column"), 100) is None
