"""The source files of the project, and the rules that read them line by line."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("broker_core", "faults", "reports", "scenarios", "sim", "tests")
LINE_COLUMNS_MAX = 100

# What runs inside a run is deterministic. These files act around runs, not in them.
DETERMINISTIC = ("broker_core/", "sim/", "faults/", "scenarios/")
AROUND_RUNS = re.compile(
    r"broker_core/posix/|sim/(command|campaign|mutants)/|"
    r"scenarios/(extends|library|parser|writer)\.(h|cpp)$")  # load and store files
BANNED_HEADERS = {
    "thread", "mutex", "shared_mutex", "condition_variable", "atomic", "future", "random",
    "chrono", "ctime", "time.h", "sys/time.h", "filesystem", "fstream", "unordered_map",
    "unordered_set", "locale", "regex"}
BANNED_NAMES = (
    (re.compile(r"(?<![\w.>])(?:std::)?time\s*\((?:nullptr|NULL|0|&)"), "time()"),
    (re.compile(r"(?<![\w.>])(?:std::)?s?rand\s*\("), "rand()"),
    (re.compile(r"\bgetenv\b"), "getenv"),
    (re.compile(r"\bstd::hash\b"), "std::hash"),
    (re.compile(r"\bstd::shuffle\b"), "std::shuffle"),
    (re.compile(r"\bstd::random_device\b"), "std::random_device"),
    (re.compile(r"\bstd::\w+_distribution\b"), "a std distribution"),
    (re.compile(r"\bstd::(?:map|set)<\s*(?:const\s+)?[\w:]+(?:\s+const)?\s*\*"),
     "a container ordered by addresses"),
    (re.compile(r"%p\b|fmt::ptr\b"), "a printed address"),
)
# nlohmann's reader demands the parameter; the value is read from the text instead.
FLOATS_ALLOWED = {"scenarios/json_reader.cpp"}
FLOAT = re.compile(r"\b(?:float|double)\b")
# Built from pieces, so that this file obeys itself.
LEFTOVER = re.compile(r"\b(?:" + "|".join(("TO" "DO", "FIX" "ME", "XX" "X")) + r")\b")
ABSOLUTE_PATH = re.compile(
    r"""["'(\s=](/(?:home|root|work|tmp|usr|opt|mnt|srv|var|Users)/[\w./-]*)""")
# Paths that are the system's, not a machine's.
SYSTEM_PATHS = ("/usr/bin/env", "/usr/lib/cmake/Catch2")


def files(*suffixes):
    """Repository-relative paths of the files with these suffixes, in a fixed order."""
    found = []
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix in suffixes and "__pycache__" not in path.parts:
                found.append(path.relative_to(ROOT).as_posix())
    return sorted(found)


def texts():
    """Every file people write here, by path."""
    own = [name for name in ("CMakeLists.txt", "CMakePresets.json", "README.md", "dev", ".ci/run")
           if (ROOT / name).exists()]
    return own + files(".h", ".cpp", ".txt", ".json", ".py", ".sh", ".md", ".patch")


def without_comments(text):
    """The code alone, line by line as before. Strings stay."""
    def blank(match):
        whole = match.group(0)
        return whole if whole[0] in "\"'" else re.sub(r"[^\n]", " ", whole)
    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', blank, text,
                  flags=re.S)


def check_text(path, text, report):
    """Rules for every kind of text."""
    code = path.endswith((".h", ".cpp", ".py", ".sh", "CMakeLists.txt")) or path in ("dev",)
    for number, line in enumerate(text.split("\n"), 1):
        where = f"{path}:{number}"
        if path.endswith(".patch"):
            continue  # a patch holds what the patched file holds
        if "\t" in line:
            report(where, "a tab")
        if line != line.rstrip():
            report(where, "trailing blanks")
        if code and len(line) > LINE_COLUMNS_MAX:
            report(where, f"{len(line)} columns, at most {LINE_COLUMNS_MAX}")
        if LEFTOVER.search(line):
            report(where, "an open point belongs in an issue or a failing test")
        for found in ABSOLUTE_PATH.findall(line):
            if not found.startswith(SYSTEM_PATHS):
                report(where, f"an absolute path: {found}")


def check_first_line(path, text, report):
    """The first line says what the file is."""
    first = text.split("\n", 1)[0]
    if not re.match(r"// \S.{9,}", first):
        report(f"{path}:1", "the first line must be a comment that says what the file is")


def check_determinism(path, text, report):
    """Laws of everything that runs inside a run."""
    if not path.startswith(DETERMINISTIC) or AROUND_RUNS.match(path):
        return
    for number, line in enumerate(without_comments(text).split("\n"), 1):
        where = f"{path}:{number}"
        include = re.match(r"\s*#\s*include\s*<([^>]+)>", line)
        if include and include.group(1) in BANNED_HEADERS:
            report(where, f"<{include.group(1)}> is banned inside a run")
        for pattern, name in BANNED_NAMES:
            if pattern.search(line):
                report(where, f"{name} is banned inside a run")
        if path not in FLOATS_ALLOWED and FLOAT.search(line):
            report(where, "no floating point inside a run")


def check_probes(report):
    """Each probe is declared once, and some code reaches it."""
    header = (ROOT / "broker_core/base/probes.h").read_text()
    names = re.findall(r"^\s*X\((\w+)\)", header, flags=re.M)
    for name in sorted(set(names)):
        if names.count(name) > 1:
            report("broker_core/base/probes.h", f"probe {name} is declared twice")
    code = "\n".join(without_comments((ROOT / path).read_text())
                     for path in files(".h", ".cpp") if path.startswith("broker_core/"))
    for name in names:
        if not re.search(rf"\bProbe::{name}\b", code):
            report("broker_core/base/probes.h", f"nothing reaches probe {name}")
