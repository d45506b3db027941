"""An ordinary client in a process of its own: asks until its standard input ends, then says how it went.

`python -m tests.support.probe URL`, a line of JSON at the end.
"""

import json
import sys
import threading
from collections import Counter
from http.client import HTTPConnection, HTTPException
from time import perf_counter, sleep
from urllib.parse import urlsplit

PAUSE_S = 0.02


def main(url: str) -> None:
    """Ask one URL; statuses (0: no answer), and milliseconds of the good answers."""
    place = urlsplit(url)
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    statuses: Counter[int] = Counter()
    times: list[float] = []
    connection = HTTPConnection(place.netloc, timeout=30)
    while not over.is_set():
        begun = perf_counter()
        try:
            connection.request("GET", f"{place.path}?{place.query}")
            answer = connection.getresponse()
            answer.read()
            statuses[answer.status] += 1
            if answer.status == 200:
                times.append((perf_counter() - begun) * 1000)
        except (OSError, HTTPException):
            statuses[0] += 1
            connection.close()
        if sum(statuses.values()) == 1:
            print("asking", flush=True)
        sleep(PAUSE_S)
    times.sort()
    middle, most = (times[len(times) // 2], times[int(len(times) * 0.99)]) if times else (0.0, 0.0)
    print(json.dumps({"statuses": statuses, "p50_ms": middle, "p99_ms": most}))


if __name__ == "__main__":
    main(sys.argv[1])
