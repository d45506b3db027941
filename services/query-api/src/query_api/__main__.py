"""`python -m query_api`: serve until SIGTERM or SIGINT."""

from chassis.server import run_service
from query_api.main import main

run_service(main())
