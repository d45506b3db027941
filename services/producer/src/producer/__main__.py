"""`python -m producer`."""

from chassis.server import run_service
from producer.main import main

if __name__ == "__main__":
    run_service(main())
