#!/usr/bin/env python3
"""The house test: laws of the code that no compiler knows. Prints each breach as path:line: text.

Usage: house.py [--figures] [--brokersim EXECUTABLE]
With an executable every scenario file is read by it as well.
"""

import argparse
import subprocess
import sys

sys.dont_write_bytecode = True

from figures import print_figures  # noqa: E402
from includes import check_includes  # noqa: E402
from mutants import check_mutants  # noqa: E402
import sources  # noqa: E402


def check_scenarios(brokersim, report):
    """Every scenario of the library is valid. `scenario check` says where it is not."""
    if brokersim is None:
        return
    asked = subprocess.run([brokersim, "scenario", "check", "--help"], capture_output=True,
                           check=False)
    if asked.returncode != 0:
        print("house: this brokersim cannot check scenario files; they are not read")
        return
    for path in sources.files(".json"):
        if not path.startswith("scenarios/") or path.endswith(".schema.json"):
            continue
        result = subprocess.run([brokersim, "scenario", "check", path], cwd=sources.ROOT,
                                capture_output=True, text=True, check=False)
        if result.returncode != 0:
            report(path, (result.stderr or result.stdout).strip())


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    arguments.add_argument("--figures", action="store_true")
    arguments.add_argument("--brokersim")
    options = arguments.parse_args()
    if options.figures:
        print_figures()
        return 0

    breaches = []

    def report(where, what):
        breaches.append(f"{where}: {what}")

    for path in sources.texts():
        text = (sources.ROOT / path).read_text()
        sources.check_text(path, text, report)
        if path.endswith((".h", ".cpp")):
            sources.check_first_line(path, text, report)
            sources.check_determinism(path, text, report)
    sources.check_probes(report)
    check_includes(report)
    check_mutants(report)
    check_scenarios(options.brokersim, report)

    print_figures()
    for breach in breaches:
        print(breach)
    print(f"house: {len(breaches)} breaches")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
