#!/usr/bin/env python3
"""The command as its users live it: exit codes, messages, and the incident's figures.

usage: commands.py BROKERSIM SOURCE_DIR
"""
import json
import os
import subprocess
import sys
import tempfile

brokersim, source = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
failures = []
checks = 0


def run(*arguments, stdin=None):
    """Exit code, stdout and stderr of one call, made from the source directory."""
    done = subprocess.run([brokersim, *arguments], cwd=source, input=stdin, text=True,
                          capture_output=True, timeout=300, check=False)
    return done.returncode, done.stdout, done.stderr


def expect(name, truth, detail=""):
    global checks
    checks += 1
    if not truth:
        failures.append(name)
        print(f"not ok: {name}\n{detail}", file=sys.stderr)


def bad_input():
    with tempfile.TemporaryDirectory() as folder:
        def scenario(text, name="bad-file.json"):
            path = os.path.join(tempfile.mkdtemp(dir=folder), name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            return path

        good = ('{"format": 1, "name": "bad-file", "why": "w", '
                '"expect": {"holds": ["safety"]}%s}')
        cases = [
            ("a missing file", ["run", "no/such/file.json"], 3, "no/such/file.json"),
            ("an unknown name gets a suggestion", ["run", "chaos-3-leader-kil"], 3,
             "chaos-3-leader-kill"),
            ("broken JSON", ["run", scenario('{"format": 1,')], 3, "SCN001"),
            ("an unknown key", ["run", scenario(good % ', "wokload": {}')], 3, "workload"),
            ("an impossible value", ["run", scenario(good % ', "cluster": {"brokers": 0}')], 3,
             "SCN014"),
            ("a position", ["run", scenario(good % ',\n "cluster": {"brokers": 0}')], 3,
             "bad-file.json:2:25"),
            ("an unknown flag", ["run", "--sedes", "3"], 2, "--sedes"),
            ("a seed that is none", ["run", "idle", "--seed", "banana"], 2, "banana"),
            ("no command", [], 2, "subcommand"),
            ("zero seeds", ["run", "idle", "--seeds", "0"], 5, "nothing to run"),
            ("a folder without scenarios", ["run", folder + "/empty"], 5, "no scenario"),
            ("a history that is none", ["check", "README.md"], 125, "README.md:1"),
            ("a missing history", ["check", "no/such/history"], 125, "no/such/history"),
        ]
        os.mkdir(folder + "/empty")
        for name, arguments, code, word in cases:
            got, out, err = run(*arguments)
            expect(f"{name}: exit {code}", got == code, f"exit {got}\n{err}")
            expect(f"{name}: says why", word in err, err)
            expect(f"{name}: no noise on stdout", out == "", out)


def json_lines():
    code, out, _ = run("run", "chaos-1-single-node-basic", "--seeds", "3", "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    expect("run --json: exit 0 and a line per seed", code == 0 and len(lines) == 3, out)
    wanted = {"v", "type", "scenario", "seed", "verdict", "signature", "trace_hash", "events",
              "virtual_ns", "wall_ns", "attempts", "acked", "failed", "unknown", "unique", "lost",
              "duplicated", "phantom"}
    for line in lines:
        expect("run --json: every field of a seed line", wanted <= line.keys(), str(line))
        expect("run --json: seed and hash are strings",
               isinstance(line["seed"], str) and isinstance(line["trace_hash"], str))
    code, out, err = run("replay", "chaos-1-single-node-basic", "--seed", lines[0]["seed"],
                         "--json")
    again = json.loads(out)
    expect("replay: the same hash as run", code == 0 and
           again["trace_hash"] == lines[0]["trace_hash"], err)
    expect("replay: says so", "identical" in err, err)
    code, out, _ = run("replay", "chaos-1-single-node-basic", "--seed", lines[0]["seed"], "--log",
                       "short")
    expect("replay --log: shows the run and changes nothing", code == 0 and "leads" in out)


def round_trip():
    with tempfile.TemporaryDirectory() as folder:
        history = os.path.join(folder, "history.jsonl")
        code, _, err = run("run", "chaos-5-rolling-restarts", "--seed", "7", "--history", history)
        expect("run --history: passes", code == 0, err)
        code, out, err = run("check", history, "--json")
        judged = json.loads(out.splitlines()[-1])
        expect("check: the judge says the same of the written history",
               code == 0 and judged["verdict"] == "PASS", out + err)


def incident():
    for scenario, lost, copies in [("incident-a-inline-wal-skipped", 30, 0),
                                   ("incident-b-flush-appends-again", 0, 29)]:
        for net in ["both", "history", "invariants"]:
            code, out, err = run("run", scenario, "--seeds", "20", "--json", "--net", net)
            expect(f"{scenario}: found within 20 seeds, net {net}", code == 0, err)
            if net != "both":
                continue
            for line in map(json.loads, out.splitlines()):
                expect(f"{scenario}: lost {lost}, extra copies {copies}",
                       (line["lost"], line["duplicated"]) == (lost, copies), str(line))
        code, _, err = run("run", scenario, "--seeds", "20")
        expect(f"{scenario}: names the message", "message orders/0 " in err, err)
        word = "never written" if lost else "written twice"
        expect(f"{scenario}: names the append that is {word}", word in err, err)
    code, out, err = run("check", "scenarios/library/incident/incident-c-foreign-log.jsonl")
    expect("incident c: a finding", code == 1, out)
    wanted = [
        "PHANTOM     91 records of other runs: f1a9e2d0 62, f2b04c77 29",
        "read        100 of 191 (sampled end): own 9, extra copies 0, foreign 91, corrupt 0",
        "loss        not trustworthy: reader stopped before the sampled end; "
        "91 foreign records in the log",
        "by bare id  received 71, missing 62, duplicates 29   "
        "(received + missing = 133 > sent 100: at least 33 foreign ids)",
    ]
    for line in wanted:
        expect(f"incident c: {line.split()[0]}", line in out, out)
    expect("incident c: nothing is called lost or doubled",
           "LOST_ACKED" not in out and "DUPLICATE" not in out, out)


bad_input()
json_lines()
round_trip()
incident()
print(f"{checks} checks, {len(failures)} failed")
sys.exit(1 if failures else 0)
