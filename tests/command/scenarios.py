#!/usr/bin/env python3
"""`brokersim scenario` as its users live it: what each subcommand prints, and its bad input.

usage: scenarios.py BROKERSIM SOURCE_DIR
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

brokersim, source = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
failures = []
checks = 0


def run(*arguments, cwd=source):
    """Exit code, stdout and stderr of `brokersim scenario ...`."""
    done = subprocess.run([brokersim, "scenario", *arguments], cwd=cwd, text=True,
                          capture_output=True, timeout=300, check=False)
    return done.returncode, done.stdout, done.stderr


def expect(name, truth, detail=""):
    global checks
    checks += 1
    if not truth:
        failures.append(name)
        print(f"not ok: {name}\n{detail}", file=sys.stderr)


def bad_input(folder):
    broken = os.path.join(folder, "broken.json")
    with open(broken, "w", encoding="utf-8") as file:
        file.write('{"format": 1,\n "name": "broken", "why": "w", "wokload": {}, '
                   '"expect": {"holds": ["safety"]}}')
    cases = [
        ("check: a missing file", ["check", "no/such.json"], 3, "no/such.json"),
        ("check: an unknown name", ["check", "chaos-3-leader-kil"], 3, "chaos-3-leader-kill"),
        ("check: a mistake", ["check", broken], 3, ":2:32: error[SCN010]"),
        ("check: no file", ["check"], 2, "scenario"),
        ("show: an unknown name", ["show", "quick-swrm"], 3, "quick-swarm"),
        ("show: a mistake", ["show", broken], 3, "SCN010"),
        ("show: a folder", ["show", "scenarios/library/base"], 3, "name one scenario"),
        ("show: no child of that name", ["show", "quick-swarm@acks=1"], 3, "SCN226"),
        ("preview: zero seeds", ["preview", "idle", "--seeds", "0"], 5, "nothing to preview"),
        ("preview: seeds that are none", ["preview", "idle", "--seeds", "x"], 2, "--seeds"),
        ("preview: a mistake", ["preview", broken], 3, "SCN010"),
        ("doc: an unknown word", ["doc", "acsk"], 2, "did you mean acks?"),
        ("fmt: broken JSON", ["fmt", os.path.join(folder, "none.json")], 3, "none.json"),
        ("list: a tag that nothing has", ["list", "--tag", "nosuch"], 5, "nosuch"),
        ("new: a base that is none", ["new", "x-y-z", "--from", "bse-three-brokers"], 3,
         "base-three-brokers"),
        ("new: a name that is taken", ["new", "quick-swarm"], 2, "already"),
        ("new: a name that is none", ["new", "No Name", "--in", folder], 3, "SCN014"),
        ("no subcommand", [], 2, "subcommand"),
    ]
    for name, arguments, code, word in cases:
        got, out, err = run(*arguments)
        expect(f"{name}: exit {code}", got == code, f"exit {got}\n{err}")
        expect(f"{name}: says why", word in err, err)
        expect(f"{name}: no noise on stdout", out == "", out)


def check_outputs(folder):
    path = os.path.join(folder, "broken.json")
    code, out, _ = run("check", path, "--json")
    line = json.loads(out.splitlines()[0])
    expect("check --json: a line per mistake", code == 3 and line["code"] == "SCN010" and
           (line["line"], line["column"]) == (2, 32), out)
    code, out, _ = run("check", path, "--ci", "github")
    expect("check --ci github: a workflow command",
           code == 3 and out.startswith(f"::error file={path},line=2,col=32"), out)
    code, out, err = run("check", "scenarios/library", "scenarios/regressions")
    expect("check: the library is clean", code == 0 and "checked" in err and out == "", err)


def show():
    code, out, err = run("show", "quick-swarm", "--resolved")
    resolved = json.loads(out)
    expect("show --resolved: whole and JSON", code == 0 and
           resolved["workload"]["retry_backoff"] == "100ms", out)
    expect("show: the hash", "hash " in err, err)
    _, out, _ = run("show", "nightly-swarm", "--origin")
    rows = {line.split()[0]: line.split()[-1] for line in out.splitlines()}
    expect("show --origin: own", "nightly-swarm.json:" in rows["/run/max_events"], out)
    expect("show --origin: inherited", "quick-swarm.json:" in rows["/workload/acks"], out)
    expect("show --origin: default", rows["/run/warm_up"] == "default", out)
    _, out, _ = run("show", "nightly-swarm", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    expect("show --json: a line per value", len(rows) > 40 and "pointer" in rows[0], out)
    code, out, _ = run("show", "nightly-swarm", "--diff", "quick-swarm")
    expect("show --diff: what differs", code == 0 and "/run/virtual_time" in out and
           "/workload/acks" not in out, out)


def author(folder):
    """From `new` to a run, as a newcomer would."""
    own = os.path.join(folder, "tree")
    shutil.copytree(os.path.join(source, "scenarios"), os.path.join(own, "scenarios"))
    code, out, err = run("new", "my-first", cwd=own)
    path = out.strip()
    expect("new: writes a file and says which", code == 0 and
           os.path.isfile(os.path.join(own, path)), out + err)
    expect("new: never over a file", run("new", "my-first", cwd=own)[0] == 2)
    expect("new: the file is right", run("check", path, cwd=own)[0] == 0)
    expect("new: the file is laid out", run("fmt", "--check", path, cwd=own)[0] == 0)
    expect("new: the schema is where the file says", os.path.isfile(os.path.join(
        own, os.path.dirname(path), json.load(open(os.path.join(own, path)))["$schema"])))
    code, out, err = run("preview", "my-first", "--seeds", "10", cwd=own)
    expect("preview: the fault takes effect in every seed", code == 0 and "100 %" in out,
           out + err)
    code, out, _ = run("preview", "my-first", "--seeds", "10", "--json", cwd=own)
    got = json.loads(out)
    expect("preview --json: counts", got["runs"] == 10 and
           got["faults"][0]["effective_seeds"] == 10 and got["warnings"] == [], out)

    full = os.path.join(own, path)
    text = json.load(open(full))
    text["faults"]["script"][0]["when"] = {"event": "wal_failed"}
    del text["faults"]["script"][0]["at"], text["faults"]["script"][0]["arm"]
    json.dump(text, open(full, "w"))
    code, out, _ = run("preview", "my-first", "--seeds", "5", cwd=own)
    expect("preview: a fault that never fires, and what is vacuous for it", code == 6 and
           "SCN102" in out and "SCN104" in out and "recovery_sound is vacuous" in out, out)
    code, out, _ = run("fmt", "--check", path, cwd=own)
    expect("fmt --check: names the file, changes nothing", code == 1 and path in out, out)
    expect("fmt: lays it out", run("fmt", path, cwd=own)[0] == 0 and
           run("fmt", "--check", path, cwd=own)[0] == 0)


def matrix(folder):
    path = os.path.join(folder, "varied.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write('{"format": 1, "name": "varied", "why": "w", '
                   '"matrix": {"workload.acks": ["1", "all"]}, "run": {"virtual_time": "2s"}, '
                   '"expect": {"holds": ["safety"]}}')
    code, out, _ = run("list", path, "--json")
    names = [json.loads(line)["name"] for line in out.splitlines()]
    expect("matrix: a scenario per value", code == 0 and
           names == ["varied@acks=1", "varied@acks=all"], out)
    done = subprocess.run([brokersim, "run", path, "--seeds", "2"], cwd=source, text=True,
                          capture_output=True, timeout=300, check=False)
    expect("matrix: run plays every child", done.returncode == 0 and
           "varied@acks=1 " in done.stderr and "varied@acks=all " in done.stderr, done.stderr)
    done = subprocess.run([brokersim, "run", path + "@acks=all", "--seeds", "2"], cwd=source,
                          text=True, capture_output=True, timeout=300, check=False)
    expect("matrix: or one of them", done.returncode == 0 and
           "varied@acks=1 " not in done.stderr, done.stderr)


def pinned(folder):
    path = os.path.join(folder, "pinned.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write('{"format": 1, "name": "pinned", "why": "w", "run": {"virtual_time": "2s"}, '
                   '"expect": {"holds": ["safety"]}, "regressions": [{"seed": "0x2a"}]}')
    done = subprocess.run([brokersim, "run", path, "--json"], cwd=source, text=True,
                          capture_output=True, timeout=300, check=False)
    seeds = [json.loads(line)["seed"] for line in done.stdout.splitlines()]
    expect("regressions: their seeds are played first", len(seeds) == 2 and seeds[0] == "0x2a",
           done.stdout)


def doc():
    code, out, _ = run("doc")
    expect("doc: the format on a page", code == 0 and "scenario new" in out and
           len(out.splitlines()) < 50, out)
    code, out, _ = run("doc", "acks", "crash", "SCN231", "T07", "R16")
    expect("doc: keys, kinds, codes, rows, rules", code == 0 and "workload.acks" in out and
           "args.kind" in out and "SCN231" in out and "legality" in out, out)
    code, out, _ = run("doc", "--schema")
    with open(os.path.join(source, "scenarios/scenario.v1.schema.json"), encoding="utf-8") as file:
        expect("doc --schema: what is committed", code == 0 and out == file.read())
    code, out, _ = run("doc", "--coverage")
    expect("doc --coverage: rows and who covers them", code == 0 and
           "t07-power-loss-of-the-leader" in out, out)
    code, out, _ = run("list", "--tag", "canary", "--tag", "raft")
    expect("list: all tags", code == 0 and "promise-outlives-its-term" in out and
           "ack-on-write " not in out, out)


with tempfile.TemporaryDirectory() as temporary:
    bad_input(temporary)
    check_outputs(temporary)
    matrix(temporary)
    pinned(temporary)
    author(temporary)
show()
doc()
print(f"{checks} checks, {len(failures)} failed")
sys.exit(1 if failures else 0)
