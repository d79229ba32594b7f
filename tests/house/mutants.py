"""The planted bugs and checker defects: headers complete, one source each, every patch applies."""

import re
import subprocess

from sources import ROOT, files

FOLDER = "faults/mutants"
CHECKERS = "faults/mutants/checker"  # defects of the checkers, tested by tests/checkers
REQUIRED = ("id", "title", "story", "source", "needs", "trigger", "detectors", "tier")
OPTIONAL = ("budget", "scenario")
JOINED = ("title", "story", "source", "trigger")  # may go on over several lines
TIERS = ("smoke", "nightly", "directed", "impossible")
TAGS = {"four", "five", "dup", "reorder", "async", "slow_disk", "roll", "tiny", "snap", "joint",
        "idem", "reset", "acks1", "stop", "eio", "full", "rot", "misdirect", "tear", "stp",
        "nested", "wipe", "topics", "tight"}
CHANGED_LINES_MAX = 20
STORY_LINES_MAX = 6


def check_header(where, header, report):
    keys = {}
    for line in header:
        match = re.match(r"# ([a-z]+): (\S.*)$", line)
        if not match:
            report(where, f"not a header line: {line!r}")
            continue
        keys.setdefault(match.group(1), []).append(match.group(2))
    for key, values in keys.items():
        if key not in REQUIRED + OPTIONAL:
            report(where, f"unknown key {key!r}")
        elif len(values) > 1 and key not in JOINED:
            report(where, f"{key} stands twice")
    for key in REQUIRED:
        if key not in keys:
            report(where, f"{key} is missing")
    text = {key: " ".join(values) for key, values in keys.items()}
    if not re.fullmatch(r"M\d+[a-z]?", text.get("id", "M1")):
        report(where, f"id {text['id']!r} is not like M21 or M59a")
    if text.get("tier", "smoke") not in TIERS:
        report(where, f"tier {text['tier']!r} is none of {', '.join(TIERS)}")
    for tag in text.get("needs", "-").split():
        if tag != "-" and tag not in TAGS:
            report(where, f"needs: unknown tag {tag!r}")
    if len(keys.get("story", [])) > STORY_LINES_MAX:
        report(where, f"story has more than {STORY_LINES_MAX} lines")
    if text.get("tier") == "directed" and "scenario" not in text:
        report(where, "a directed mutant names its scenario")
    return text.get("id")


def check_diff(where, path, diff, may_change, report):
    old = [line[4:].split("\t")[0] for line in diff if line.startswith("--- ")]
    new = [line[4:].split("\t")[0] for line in diff if line.startswith("+++ ")]
    if len(old) != 1 or len(new) != 1 or old[0][2:] != new[0][2:]:
        report(where, "exactly one existing file, as --- a/PATH and +++ b/PATH")
        return
    target = old[0][2:]
    if not (may_change(target) and (ROOT / target).is_file()):
        report(where, f"{target} is no source that such a patch may change")
        return
    changed = sum(1 for line in diff
                  if line[:1] in "+-" and line[:1] and line[:4] not in ("--- ", "+++ "))
    if changed > CHANGED_LINES_MAX:
        report(where, f"{changed} changed lines, at most {CHANGED_LINES_MAX}")
    applied = subprocess.run(
        ["patch", "--fuzz=0", "--dry-run", "--force", "--input", str(path), str(ROOT / target)],
        capture_output=True, text=True, check=False)
    if applied.returncode != 0:
        hunks = "; ".join(line.strip() for line in applied.stdout.splitlines() if "FAILED" in line)
        report(where, f"no longer applies to {target}: {hunks or applied.stdout.strip()}")


def is_broker_source(target):
    return (target.startswith("broker_core/") and target.endswith(".cpp")
            and not target.startswith("broker_core/posix/"))


def is_checker_source(target):
    return (target.startswith(("reports/", "sim/", "faults/")) and target.endswith(".cpp")
            or target == "broker_core/base/check.h")


def check_checkers(report):
    """Defects of the checkers: each names a witness; X1 to X8 and Y1 to Y12 are all there."""
    listed = (ROOT / "tests/checkers/CMakeLists.txt").read_text().split()
    missing = {f"X{i}" for i in range(1, 9)} | {f"Y{i}" for i in range(1, 13)}
    for path in sorted((ROOT / CHECKERS).glob("*.patch")):
        where = path.relative_to(ROOT).as_posix()
        lines = path.read_text().split("\n")
        begin = next((i for i, line in enumerate(lines) if line.startswith("--- ")), len(lines))
        keys = [re.match(r"# ([a-z]+): \S", line) for line in lines[:begin]]
        found = {match.group(1) for match in keys if match}
        if not all(keys) or not {"id", "title", "story", "witness"} <= found:
            report(where, "the header is id, title, story, perhaps source, and witness")
        missing.discard(lines[0].removeprefix("# id: "))
        if path.stem not in [word.rstrip(")") for word in listed]:
            report(where, "tests/checkers/CMakeLists.txt does not list it")
        check_diff(where, path, lines[begin:], is_checker_source, report)
    if missing:
        report(CHECKERS, f"no patch for {', '.join(sorted(missing))}")


def check_mutants(report):
    check_checkers(report)
    names = {}
    listed = (ROOT / FOLDER / "CMakeLists.txt").read_text().split()
    for path in sorted((ROOT / FOLDER).rglob("*.patch")):
        where = path.relative_to(ROOT).as_posix()
        if path.parent != ROOT / FOLDER:
            continue  # controls and checker mutants have rules of their own
        lines = path.read_text().split("\n")
        begin = next((i for i, line in enumerate(lines) if line.startswith("--- ")), len(lines))
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", path.stem):
            report(where, "the name is short kebab-case")
        if path.stem not in [word.rstrip(")") for word in listed]:
            report(where, f"{FOLDER}/CMakeLists.txt does not list it")
        mutant = check_header(where, lines[:begin], report)
        if mutant in names:
            report(where, f"{mutant} is also {names[mutant]}")
        if mutant:
            names[mutant] = path.stem
        check_diff(where, path, lines[begin:], is_broker_source, report)
    # The broker and the harness know nothing of single bugs; an error text about `plant` in the
    # scenario parser may give an example.
    words = [word for pair in names.items() for word in pair]
    if not words:
        return
    pattern = re.compile(r"(?<![\w-])(" + "|".join(map(re.escape, words)) + r")(?![\w-])")
    for path in files(".h", ".cpp"):
        if path.startswith(("tests/", "scenarios/")):
            continue
        for number, line in enumerate((ROOT / path).read_text().split("\n"), 1):
            for word in pattern.findall(line):
                report(f"{path}:{number}", f"mutant {word} is named in a source file")
