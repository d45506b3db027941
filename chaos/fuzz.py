"""`make fuzz MINUTES=10`: bytes that atheris invents, guided by what the decoder does with them, against a slow reader.

To both it is a reading of the same fields, or none; as the data of a row it is what `json` reads, or refused.
"""

import argparse
import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import atheris
from tests.support.malformed import MALFORMED, PLAIN, STRANGE
from tests.support.slow_reader import read_reading
from tests.support.stack import ROOT

with atheris.instrument_imports(include=["contracts"]):
    from contracts.codec import decode_reading, decode_row
    from contracts.events import Limits, Place
    from contracts.reasons import Refused

PLACE = Place(1, "readings", 0, 5, datetime(2026, 1, 3, tzinfo=UTC))
LIMITS = Limits()
LONGEST = 2_000


class DisagreementError(AssertionError):
    """Decoder and slow reader do not say the same of these bytes."""


def compare(value: bytes) -> None:
    """Raise what the fuzzer is to keep."""
    expected = read_reading(value, PLACE.append_time)
    try:
        reading = decode_reading(value, PLACE, LIMITS)
    except Refused:
        if expected is not None:
            raise DisagreementError("refused what is a reading") from None
    else:
        if expected is None:
            raise DisagreementError("taken what is none")
        fields = (expected["stream"], expected["category"], float(expected["value"]))
        if (reading.stream, reading.category, reading.value) != fields:
            raise DisagreementError(f"{reading} is not {fields}")
    whole = b'{"stream":"odd","row":1,"data":{"a":' + value + b"}}"
    try:
        row = decode_row(whole, PLACE, LIMITS)
    except Refused:
        return
    if json.dumps(row.data) != json.dumps(json.loads(whole)["data"]):
        raise DisagreementError("a row's data is not what json reads")


def main() -> None:
    """Fuzz for so long; the process ends with libFuzzer's exit code, not 0 when something was found."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="how long (default 10)")
    parser.add_argument("--seed", type=int, default=1, help="of its choices (default 1)")
    asked = parser.parse_args()
    found = ROOT / ".local" / "fuzz-found"
    found.mkdir(parents=True, exist_ok=True)
    corpus = Path(tempfile.mkdtemp(prefix="tideline-fuzz-"))
    for n, value in enumerate([PLAIN, *(case.value or b"" for case in (*MALFORMED, *STRANGE))]):
        (corpus / str(n)).write_bytes(value[:LONGEST])
    limits = (f"-max_total_time={round(asked.minutes * 60)}", f"-seed={asked.seed}", f"-max_len={LONGEST}")
    atheris.Setup([sys.argv[0], *limits, "-print_final_stats=1", f"-artifact_prefix={found}/", str(corpus)], compare)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
