"""`make mutants`: put each bug into a copy of the code and run the test that must catch it; ARGS="latest" for one."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

from rich.console import Console
from rich.table import Table
from tests.support.stack import ROOT, data_folder

from mutants.bugs import MUTANTS, Mutant

SIDE_BY_SIDE = 2
WITHIN_S = 150
SCHEDULES = "40"
PASSED, FAILED = 0, 1

console = Console()


@dataclass(frozen=True)
class Bench:
    """A copy of the code."""

    root: Path
    env: dict[str, str]

    def run(self, test: str) -> tuple[int, str]:
        """The test's exit code (pytest's; 1 also when it never ends) and the end of what it wrote."""
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--tb=line", test]
        try:
            done = subprocess.run(
                command, cwd=self.root, env=self.env, capture_output=True, text=True, timeout=WITHIN_S, check=False
            )
        except subprocess.TimeoutExpired:
            return FAILED, f"did not end within {WITHIN_S} s"
        return done.returncode, done.stdout[-2_000:]


@contextmanager
def open_bench() -> Iterator[Bench]:
    """A bench in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="tideline-mutants-") as folder:
        root = Path(folder)
        listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
        files = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
        for name in filter(None, files):
            if (ROOT / name).is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, root / name)
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("TIDELINE_")}
        sources = [root, *sorted(root.glob("*/src")), *sorted(root.glob("*/*/src"))]
        env = {
            "PYTHONPATH": ":".join(map(str, sources)),
            "PYTHONDONTWRITEBYTECODE": "1",  # two bugs of one size within a second would look the same
            "TIDELINE_DATA_DIR": str(data_folder()),  # for its downloads
            "TIDELINE_TEST_SCHEDULES": SCHEDULES,
        }
        yield Bench(root, inherited | env)


def main() -> int:
    """Run them; 1 when a bug survives or a test fails without one."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("names", nargs="*", help="these mutants alone (default: all)")
    asked = parser.parse_args()
    chosen = [mutant for mutant in MUTANTS if not asked.names or mutant.name in asked.names]
    if not chosen:
        parser.error(f"no such mutant; there are: {', '.join(mutant.name for mutant in MUTANTS)}")
    benches: Queue[Bench] = Queue()
    with open_bench() as one, open_bench() as other, ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
        benches.put(one)
        benches.put(other)
        tests = sorted({mutant.test for mutant in chosen})
        sound = dict(zip(tests, threads.map(lambda test: verdict(test, None, benches), tests), strict=True))
        found = list(threads.map(lambda mutant: verdict(mutant.test, mutant, benches), chosen))
    table = Table(title=f"{len(chosen)} mutants", title_justify="left")
    for heading in ("mutant", "caught by", "s", ""):
        table.add_column(heading)
    for mutant, (code, seconds, _) in zip(chosen, found, strict=True):
        table.add_row(mutant.name, mutant.test, f"{seconds:.0f}", word(code, sound[mutant.test][0]))
    console.print(table)
    for name, (code, _, output) in {**sound, **dict(zip([m.name for m in chosen], found, strict=True))}.items():
        if (name in sound) != (code == PASSED) or code > FAILED:
            console.print(f"--- {name}\n{output}", markup=False)
    caught = sum(
        code == FAILED and sound[mutant.test][0] == PASSED for mutant, (code, *_) in zip(chosen, found, strict=True)
    )
    console.print(f"{caught} of {len(chosen)} caught")
    return int(caught < len(chosen))


def word(code: int, without: int) -> str:
    """What became of a mutant, by the exit codes of its test with and without it."""
    if without != PASSED:
        return "[red]the test fails without it too"
    return {PASSED: "[red]SURVIVED", FAILED: "caught"}.get(code, "[red]the test did not run")


def verdict(test: str, mutant: Mutant | None, benches: "Queue[Bench]") -> tuple[int, float, str]:
    """Exit code, seconds and output of a test, with the bug or without one."""
    bench, begun = benches.get(), time.monotonic()
    sources: dict[Path, str] = {}
    try:
        if mutant is not None:
            path = bench.root / mutant.file
            sources[path] = path.read_text()
            path.write_text(mutant.applied(bench.root))
        code, output = bench.run(test)
        console.print(f"{mutant.name if mutant else test}: exit code {code}", style="dim", soft_wrap=True)
        return code, time.monotonic() - begun, output
    finally:
        for path, text in sources.items():
            path.write_text(text)
        benches.put(bench)


if __name__ == "__main__":
    sys.exit(main())
