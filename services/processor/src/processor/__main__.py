"""`python -m processor`: one processor copy; `python -m processor accept`: go on after a partition was refused."""

import sys

from chassis.errors import StartError
from chassis.logs import set_up_logging
from chassis.server import run_service
from chassis.settings import load_settings
from processor.accept import accept
from processor.main import work
from processor.settings import ProcessorSettings


async def main(arguments: list[str]) -> int:
    """Run a processor, or the operator's command; returns the exit code."""
    settings = load_settings(ProcessorSettings, "processor")
    set_up_logging(settings.log, settings.name or "processor")
    if arguments == ["accept"]:
        return await accept(settings)
    if arguments:
        raise StartError("usage: python -m processor [accept]")
    return await work(settings)


if __name__ == "__main__":
    run_service(main(sys.argv[1:]))
