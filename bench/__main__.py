"""Run the benchmarks: all of them, or those named. Every one in a process of its own, on a fresh database."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from bench import databases, registry, report
from bench.report import Result

NEED = ("DATABASE_URL", "REDIS_URL")


def main() -> int:
    """Returns 1 when something doesn't hold or could not be measured, 2 when it can't run at all."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(registry.MODULES)}")
    parser.add_argument("--module", help=argparse.SUPPRESS)  # the child's side: measure one module and leave
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.module:
        return measure_one(options.module, options.out)
    if unknown := set(options.names) - set(registry.MODULES):
        parser.error(f"There is no benchmark {', '.join(sorted(unknown))}.")
    if missing := [name for name in NEED if not os.environ.get(name)]:
        print(f"{' and '.join(missing)} not set. Use `make bench`, which brings servers of its own.", file=sys.stderr)
        return 2
    return run(options.names)


def run(names: list[str]) -> int:
    """Measure these names (all of them without any), print and keep the results."""
    os.environ["LXP_BENCH_SERVER"] = os.environ["DATABASE_URL"]
    results, failed = [], []
    print(report.machine(), flush=True)
    databases.make_template()
    try:
        for module in registry.modules_of(names):
            found = _in_own_process(module)
            failed += [] if found else [module]
            results += [one for one in found if not names or one.name in names]
            for one in found:
                print(f"  {one.name}: {one.value:g} {one.unit}, {'holds' if one.holds else 'FAILS'}", flush=True)
    finally:
        databases.drop_all()
    print(f"\n{report.table(results)}")
    report.write(results)
    for module in failed:
        print(f"{module} could not be measured; its traceback is above.", file=sys.stderr)
    return int(bool(failed) or not all(one.holds for one in results))


def _in_own_process(module: str) -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="lxp-bench-") as folder:
        out = Path(folder) / "results.json"
        environment = {
            **os.environ,
            "DATABASE_URL": databases.make_fresh(),
            "LXP_VAR": folder,
            "SECRET_KEY": "bench-" + "0" * 50,
            "DJANGO_SETTINGS_MODULE": "lxp.settings",
            "LOG_LEVEL": "WARNING",
        }
        environment.pop("LXP_CLOCK_FILE", None)
        done = subprocess.run(
            [sys.executable, "-m", "bench", "--module", module, "--out", str(out)], env=environment, check=False
        )
        return [Result(**row) for row in json.loads(out.read_text())] if done.returncode == 0 else []


def measure_one(module: str, out: Path) -> int:
    """The child's side."""
    import django

    django.setup()
    results = registry.measure_of(module)()
    out.write_text(json.dumps([asdict(one) for one in results]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
