"""One defect of a checker: every witness that its patch names must turn red.

Usage: checkers.py PATCH EXECUTABLES ROOT. A `# witness:` line of the patch is one of

  test PROGRAM NAME   the test of that name fails in PROGRAM linked with the defect
  bug ID              the planted bug of the broker is not found, or another check sees it first;
                      without the defect its scenario finds it in the same seeds
  void SCENARIO       every seed of this library file is void
  red SCENARIO        this library file does not meet its expectations
  canary TYPE         the CHECK canary of that build type goes unseen

Without the defect each of the others is green, which other tests of this suite say.
Exit 1: the defect survives.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

PATCH, FOLDER, ROOT = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
NAME = PATCH.stem
LIBRARY = ROOT / "scenarios/library"
SEEDS = 5  # of a scenario


def run(*command, cwd=ROOT):
    return subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True,
                          timeout=300, check=False)


def lines_of(result):
    return [json.loads(line) for line in result.stdout.split("\n") if line.startswith("{")]


def seeds_of(result):
    return [line for line in lines_of(result) if "verdict" in line and "seed" in line]


def test(program, name):
    # Commas separate tests, brackets name tags.
    pattern = re.sub(r"([,\[\]\\])", r"\\\1", name)
    result = run(FOLDER / f"{program}-{NAME}", pattern)
    ended = re.search(r"test cases: +1 \|( +0 passed \|)? +1 failed", result.stdout)
    return bool(ended), (result.stdout + result.stderr)[-2000:]


def first_detectors(executable, scenario):
    """What saw the bug first, by failed seed; None if a seed is missing."""
    result = run(executable, "run", scenario, "--seeds", SEEDS, "--json")
    seeds = seeds_of(result)
    if len(seeds) != SEEDS:
        return None
    return [seed["violated"][0] for seed in seeds if seed["verdict"] == "fail"]


def bug(identity):
    board = json.loads((ROOT / "faults/mutants/scoreboard.json").read_text())["mutants"]
    name, row = next(item for item in board.items() if item[1]["id"] == identity)
    sound = first_detectors(FOLDER.parents[1] / "sim/mutants" / f"brokersim-{name}",
                            row["scenario"])
    blind = first_detectors(FOLDER / f"brokersim-{NAME}-{identity}", row["scenario"])
    seen = row["detector"]
    ran = sound is not None and blind is not None
    detail = f"accepted first detector {seen}; without the defect {sound}, with {blind}"
    return ran and seen in sound and seen not in blind, detail


def void(scenario):
    result = run(FOLDER / f"brokersim-{NAME}", "run", LIBRARY / scenario, "--seeds", SEEDS,
                 "--json")
    verdicts = [seed["verdict"] for seed in seeds_of(result)]
    return verdicts == ["void"] * SEEDS, f"verdicts {verdicts}\n{result.stderr[-1500:]}"


def red(scenario):
    result = run(FOLDER / f"brokersim-{NAME}", "run", LIBRARY / scenario)
    return result.returncode in (1, 6), f"exit {result.returncode}\n{result.stderr[-1500:]}"


def canary(build_type):
    result = run(FOLDER / f"{NAME}-{build_type}")
    return result.returncode == 1, f"exit {result.returncode}"


WITNESSES = {"test": test, "bug": bug, "void": void, "red": red, "canary": canary}


def main():
    witnesses = [line[len("# witness: "):] for line in PATCH.read_text().split("\n")
                 if line.startswith("# witness: ")]
    survived = not witnesses
    for witness in witnesses:
        kind, *words = witness.split(" ", 2 if witness.startswith("test ") else 1)
        seen, detail = WITNESSES[kind](*words)
        print(f"{'red, as it must be' if seen else 'SURVIVES'}: {witness}")
        if not seen:
            print(detail)
            survived = True
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
