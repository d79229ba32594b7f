"""`brokersim mutants` as its users live it: bugs are found, survive, go stale, or are new."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

EXE, ROOT = sys.argv[1], Path(sys.argv[2])
MUTANTS = Path(EXE).parent / "mutants"
WORK = Path(tempfile.mkdtemp(prefix="brokersim-mutants-"))
NAME = "ack-on-write"  # any that is found at once
failures = []


def run(*arguments, cwd=ROOT):
    return subprocess.run([EXE, "mutants", *map(str, arguments)], cwd=cwd, capture_output=True,
                          text=True, timeout=300, check=False)


def expect(what, condition, detail=""):
    if not condition:
        failures.append(what)
        print(f"FAILED: {what}\n{detail}")


def lines_of(result):
    return [json.loads(line) for line in result.stdout.split("\n") if line]


def tree(name):
    """A folder with the library, the sources and a catalogue of its own, for changing."""
    folder = WORK / name
    (folder / "faults").mkdir(parents=True)
    shutil.copytree(ROOT / "faults/mutants", folder / "faults/mutants")
    for part in ("broker_core", "scenarios"):
        (folder / part).symlink_to(ROOT / part)
    return folder


def test_list():
    rows = lines_of(run("list", "--json"))
    patches = sorted(path.stem for path in (ROOT / "faults/mutants").glob("*.patch"))
    expect("list names every patch once", [row["name"] for row in rows] == patches)
    expect("ids are unique", len({row["id"] for row in rows}) == len(rows))
    expect("every scenario is there", all((ROOT / row["scenario"]).exists() for row in rows), rows)
    text = run("list").stdout
    expect("and a line of text each", len(text.strip().split("\n")) == len(rows), text)


def test_found():
    out = WORK / "found"
    result = run("run", NAME, "--campaigns", 3, "--json", "--out", out)
    expect("a bug that is found: 0", result.returncode == 0, result.stderr)
    row, total = lines_of(result)
    expect("its line", row["v"] == 1 and row["type"] == "mutant" and row["name"] == NAME
           and row["detected"] and row["campaigns"]["run"] == row["campaigns"]["found"] == 3
           and len(row["campaigns"]["seeds"]) == 3, row)
    figures = row["seeds_to_detection"]
    expect("percentiles are in order", 1 <= figures["median"] <= figures["p95"] <= figures["max"])
    expect("the first detector is the expected one",
           row["detector"]["first"] == row["detector"]["expected"][0]
           and not row["detector"]["later_than_expected"], row["detector"])
    expect("nothing was red without the bug", row["false_alarms"] == [] and row["void"] == 0)
    expect("the sum", total["type"] == "summary" and total["exit_code"] == 0
           and total["tiers"] == {"smoke": {"found": 1, "of": 1}}, total)
    again = run("run", NAME, "--campaigns", 3, "--json", "--out", out, "-j", 1)
    same = lines_of(again)[0]
    expect("the same figures every time", same["campaigns"] == row["campaigns"], same)
    words = row["repro"].replace("./dev run ", "", 1).split()
    replay = subprocess.run([EXE, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    expect("the repro line fails in the same way", replay.returncode == 1
           and row["detector"]["first"] in replay.stderr, replay.stderr)


def test_swarm_with_needs():
    """Without a scenario a mutant runs in the swarm, pinned by a file that extends it."""
    folder = tree("swarm")
    patch = folder / f"faults/mutants/{NAME}.patch"
    text = re.sub(r"^# scenario: .*\n", "", patch.read_text(), flags=re.M)
    patch.write_text(re.sub(r"^# needs: .*$", "# needs: roll async", text, flags=re.M))
    result = run("run", NAME, "--campaigns", 1, "--json", cwd=folder)
    row = lines_of(result)[0]
    expect("found in the swarm", result.returncode == 0
           and row["scenario"] == "scenarios/library/swarm/nightly-swarm.json", result.stderr)
    written = json.loads((folder / f"runs/mutants/{NAME}-planted.json").read_text())
    expect("the file extends and pins", "extends" in written and written["plant"] == [NAME]
           and "wal.segment_bytes" in written["tuning"]
           and "slow_disk" in written["faults"]["random"], written)


def test_one_scenario():
    result = run("run", "--scenario", "base-three-brokers", "--campaigns", 1, "--seeds", 1,
                 "--json", "--out", WORK / "one")
    rows = lines_of(result)
    missing = [row for row in rows if row.get("state") == "not_applicable"]
    expect("mutants whose needs a file does not meet are listed and not run",
           missing and all("it needs" in row["why"] for row in missing), result.stderr)
    expect("others run, and what survives is red", result.returncode == 1
           and any(row.get("detected") for row in rows)
           and any(row.get("detected") is False for row in rows), result.stderr)
    expect("in words", re.search(r"base-three-brokers kills \d+ of \d+", result.stderr),
           result.stderr)


def test_stale():
    folder = tree("stale")
    patch = folder / f"faults/mutants/{NAME}.patch"
    lines = patch.read_text().split("\n")
    at = next(i for i, line in enumerate(lines) if line.startswith(" "))
    lines[at] = " no such line"
    patch.write_text("\n".join(lines))
    result = run("run", NAME, "--json", cwd=folder)
    row = lines_of(result)[0]
    expect("a stale patch is red and names patch and hunk", result.returncode == 1
           and row["state"] == "stale" and NAME in result.stderr and "Hunk #1" in row["why"],
           result.stderr)


def test_wrong_headers():
    folder = tree("headers")
    patch = folder / f"faults/mutants/{NAME}.patch"
    whole = patch.read_text()
    for wrong, text in (("unknown key colour", "# colour: red\n" + whole),
                        ("needs is missing", re.sub(r"^# needs: .*\n", "", whole, flags=re.M)),
                        ("tier stands twice", "# tier: smoke\n" + whole),
                        ("unknown tag moon", re.sub(r"^# needs: .*$", "# needs: moon", whole,
                                                    flags=re.M))):
        patch.write_text(text)
        result = run("run", NAME, cwd=folder)
        expect(f"{wrong}: 3", result.returncode == 3 and wrong in result.stderr, result.stderr)


def test_scoreboard():
    folder = tree("board")
    board = folder / "faults/mutants/scoreboard.json"
    board.unlink(missing_ok=True)
    expect("accepted", run("run", NAME, "--campaigns", 2, "--update", cwd=folder).returncode == 0)
    accepted = json.loads(board.read_text())
    expect("one mutant per line", len(board.read_text().strip().split("\n")) == 3
           and list(accepted["mutants"]) == [NAME], accepted)
    quiet = run("run", NAME, "--campaigns", 2, cwd=folder)
    expect("no difference to itself", "detector changed: 0" in quiet.stderr, quiet.stderr)
    accepted["mutants"][NAME]["detector"] = "B2"
    board.write_text(json.dumps(accepted))
    result = run("run", NAME, "--campaigns", 2, "--json", cwd=folder)
    row, total = lines_of(result)
    expect("a detector that changed is reported", row["detector"]["changed"]
           and row["detector"]["previous"] == "B2" and total["detectors_changed"] == 1
           and f"{NAME}: the first detector is" in result.stderr, result.stderr)
    board.write_text("{")
    expect("a board that cannot be read: 125",
           run("run", NAME, cwd=folder).returncode == 125)


def test_outside():
    """Bugs from outside: one that is found, one that changes nothing, one that does not apply."""
    target = "broker_core/wal/promises.cpp"
    source = (ROOT / target).read_text()

    def patch(name, changed):
        copy = WORK / "changed.cpp"
        copy.write_text(changed)
        diff = subprocess.run(["diff", "-u", f"--label=a/{target}", f"--label=b/{target}",
                               ROOT / target, copy], capture_output=True, text=True, check=False)
        path = WORK / f"{name}.patch"
        path.write_text("# title: A bug that nobody told of.\n" + diff.stdout)
        return path

    before = subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, capture_output=True,
                            text=True, check=False).stdout
    bug = patch("acks-are-early", source.replace("if (met(requirement)) {", "if (!failed_) {", 1))
    result = run("run", "--patch", bug, "--campaigns", 1, "--seeds", 3, "--json", "--out",
                 WORK / "outside")
    expect("a bug from outside is built and found", result.returncode == 0
           and lines_of(result)[0]["detected"], result.stdout + result.stderr)
    none = patch("changes-nothing",
                 source.replace("\nbool Wal::met", "\n// Nothing.\nbool Wal::met"))
    result = run("run", "--patch", none, "--campaigns", 1, "--seeds", 2, "--out", WORK / "outside")
    expect("what changes nothing survives: 1", result.returncode == 1
           and "survives: changes-nothing" in result.stderr, result.stderr)
    after = subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, capture_output=True,
                           text=True, check=False).stdout
    expect("the source tree is as it was", before == after, after)
    text = bug.read_text()
    stale = WORK / "stale-outside.patch"
    stale.write_text(text.replace("\n ", "\n x", 1))
    expect("one that does not apply: 3", run("run", "--patch", stale).returncode == 3)
    broken = patch("does-not-compile", source.replace("met(requirement)", "met(nothing)", 1))
    result = run("run", "--patch", broken)
    expect("one that does not compile: 3", result.returncode == 3 and "compile" in result.stderr,
           result.stderr)
    for wrong in (text.replace(target, "sim/run.cpp"),
                  text.replace(target, "broker_core/wal/wal.h"), "# title: no diff\n"):
        stale.write_text(wrong)
        expect("one that touches what it may not: 3", run("run", "--patch", stale).returncode == 3,
               wrong)


def test_selection():
    expect("an unknown mutant: 2", run("run", "M999999").returncode == 2)
    expect("no seeds: 5", run("run", NAME, "--seeds", 0).returncode == 5)
    expect("nothing selected: 5", run("run", NAME, "--tier", "nightly").returncode == 5)
    alone = WORK / "alone"
    alone.mkdir()
    shutil.copy(EXE, alone / "brokersim")
    result = subprocess.run([alone / "brokersim", "mutants", "run", NAME], cwd=ROOT,
                            capture_output=True, text=True, check=False)
    expect("not built: 77 and the command that builds it", result.returncode == 77
           and "--target mutants" in result.stderr, result.stderr)
    result = subprocess.run([alone / "brokersim", "mutants", "run", "--patch",
                             ROOT / f"faults/mutants/{NAME}.patch"], cwd=ROOT, capture_output=True,
                            text=True, check=False)
    expect("no build tree: 77", result.returncode == 77 or result.returncode == 3, result.stderr)


if not MUTANTS.is_dir() or not any(MUTANTS.iterdir()):
    print("planted bugs are not built: their tests are skipped")
    sys.exit(77)
try:
    for test in (test_list, test_found, test_swarm_with_needs, test_one_scenario, test_stale,
                 test_wrong_headers, test_scoreboard, test_outside, test_selection):
        test()
finally:
    shutil.rmtree(WORK, ignore_errors=True)
print(f"{len(failures)} failures")
sys.exit(1 if failures else 0)
