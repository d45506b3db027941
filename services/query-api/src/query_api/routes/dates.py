"""Routes that take calendar dates answer a bad parameter with 400; unknown ones are 422 as everywhere."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from query_api.errors import BadParameter, parameter_problem, parameters_of, query_problem


class DateRoute(APIRoute):
    """An APIRoute whose bad parameters are 400."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, its refusals turned into problems with that status."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await handler(request)
            except RequestValidationError as error:
                raise query_problem(error, parameters_of(request), 400) from error
            except BadParameter as error:
                raise parameter_problem(error, 400) from error

        return handle
