#!/usr/bin/env python3
"""The house test finds what it is for: each rule is shown one breach and one sound text."""

import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

import mutants  # noqa: E402
import sources  # noqa: E402

HEADER = ["# id: M1", "# title: t", "# story: s", "# source: s", "# needs: -", "# trigger: t",
          "# detectors: R16", "# tier: smoke"]


def breaches(check, *arguments):
    found = []
    check(*arguments, lambda where, what: found.append(what))
    return found


def diff(target, lines, changed=1):
    return ([f"--- a/{target}", f"+++ b/{target}", f"@@ -1,2 +1,{changed + 2} @@", f" {lines[0]}"]
            + ["+int x;"] * changed + [f" {lines[1]}"])


class TextRules(unittest.TestCase):
    def test_each_rule_of_text_finds_its_breach(self):
        home = "/" "home/someone/x"
        for line in ("a\tb", "a ", "x" * 101, "// TO" "DO later", f'"{home}"'):
            self.assertEqual(len(breaches(sources.check_text, "sim/a.cpp", line + "\n")), 1, line)
        self.assertEqual(breaches(sources.check_text, "sim/a.cpp", "int sound;\n"), [])

    def test_a_file_says_what_it_is(self):
        self.assertTrue(breaches(sources.check_first_line, "sim/a.cpp", "#pragma once\n"))
        self.assertFalse(breaches(sources.check_first_line, "sim/a.cpp", "// Sound files.\n"))


class DeterminismRules(unittest.TestCase):
    def test_names_that_bring_the_world_in_are_found(self):
        for line in ("#include <chrono>", "time(nullptr);", "std::rand();", "std::getenv(name);",
                     "std::hash<int>{}(1);", "std::map<Node*, int> nodes;", "double ratio = 0;"):
            self.assertTrue(breaches(sources.check_determinism, "sim/a.cpp", line), line)

    def test_comments_reports_and_the_command_are_free(self):
        for path, line in (("sim/a.cpp", "int a = 0;  // not a double"),
                           ("reports/a.cpp", "double shown = 0;"),
                           ("sim/command/a.cpp", "#include <chrono>")):
            self.assertFalse(breaches(sources.check_determinism, path, line), line)


class MutantRules(unittest.TestCase):
    TARGET = "broker_core/base/check.cpp"

    def check_diff(self, lines):
        with tempfile.NamedTemporaryFile("w", suffix=".patch") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            return breaches(mutants.check_diff, "x", pathlib.Path(file.name), lines,
                            mutants.is_broker_source)

    def test_headers(self):
        self.assertFalse(breaches(mutants.check_header, "x", HEADER))
        self.assertTrue(breaches(mutants.check_header, "x", HEADER[1:]))
        self.assertTrue(breaches(mutants.check_header, "x", HEADER + ["# colour: red"]))
        self.assertTrue(breaches(mutants.check_header, "x", HEADER + ["# tier: smoke"]))

    def test_a_patch_must_fit_without_fuzz(self):
        first = (sources.ROOT / self.TARGET).read_text().split("\n")[:2]
        self.assertFalse(self.check_diff(diff(self.TARGET, first)))
        self.assertTrue(self.check_diff(diff(self.TARGET, ["no such line", first[1]])))
        self.assertTrue(self.check_diff(diff(self.TARGET, first, changed=21)))
        self.assertTrue(self.check_diff(diff("sim/world.cpp", first)))

    def test_what_a_defect_of_a_checker_may_change(self):
        for path in ("sim/world.cpp", "reports/judge.cpp", "broker_core/base/check.h"):
            self.assertTrue(mutants.is_checker_source(path), path)
        for path in ("reports/judge.h", "broker_core/wal/wal.cpp", "tests/sim/run_test.cpp"):
            self.assertFalse(mutants.is_checker_source(path), path)


if __name__ == "__main__":
    unittest.main()
