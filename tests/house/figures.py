"""The longest files and functions, so that a giant is seen while it is small."""

import re

from sources import ROOT, files, without_comments

SHOWN = 10
HEAD = re.compile(r"([~\w:<>]+)\s*\([^;{}]*\)[^;{}]*\{\s*$", flags=re.S)


def functions(path, text):
    """(lines, place, name) of each function definition: a brace behind a parameter list, at the
    outer level or inside namespaces and classes."""
    code = re.sub(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', '""', without_comments(text))
    code = re.sub(r"^[ \t]*#.*$", "", code, flags=re.M)
    found, depth, start, line, head_from = [], 0, None, 1, 0
    for place, character in enumerate(code):
        if character == "\n":
            line += 1
        elif character == "{":
            if start is None:
                head = HEAD.search(code[head_from:place + 1])
                if head and head.group(1) not in ("if", "for", "while", "switch"):
                    start, name, inside = line, head.group(1), depth
            depth += 1
            head_from = place + 1
        elif character == "}":
            depth -= 1
            if start is not None and depth == inside:
                found.append((line - start + 1, f"{path}:{start}", name))
                start = None
            head_from = place + 1
        elif character == ";":
            head_from = place + 1
    return found


def percentile(values, percent):
    values = sorted(values)
    return values[min(len(values) - 1, len(values) * percent // 100)] if values else 0


def print_figures():
    lengths, spans = [], []
    for path in files(".h", ".cpp"):
        text = (ROOT / path).read_text()
        lengths.append((text.count("\n"), path))
        spans += functions(path, text)
    print(f"{'lines':>6}  longest files")
    for lines, path in sorted(lengths, reverse=True)[:SHOWN]:
        print(f"{lines:6}  {path}")
    print(f"{'lines':>6}  longest functions")
    for lines, place, name in sorted(spans, reverse=True)[:SHOWN]:
        print(f"{lines:6}  {place} {name}")
    for what, rows in (("file", lengths), ("function", spans)):
        values = [row[0] for row in rows]
        print(f"lines per {what}: median {percentile(values, 50)}, p90 {percentile(values, 90)}, "
              f"of {len(values)}")
