#!/usr/bin/env python3
"""`brokersim enumerate` as its users live it: figures, refusals, findings that play again.

usage: enumerate.py BROKERSIM SOURCE_DIR
The planted bugs are looked for if their executables are built.
"""
import json
import os
import shlex
import subprocess
import sys
import tempfile

brokersim, source = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
mutants = os.path.join(os.path.dirname(brokersim), "mutants")
folder = "scenarios/library/enumerate"
failures = []
checks = 0


def run(*arguments):
    """Exit code, stdout and stderr of one call, made from the source directory."""
    done = subprocess.run([brokersim, *arguments], cwd=source, text=True, capture_output=True,
                          timeout=300, check=False)
    return done.returncode, done.stdout, done.stderr


def expect(name, truth, detail=""):
    global checks
    checks += 1
    if not truth:
        failures.append(name)
        print(f"not ok: {name}\n{detail}", file=sys.stderr)


def clean_logs():
    for name, visited in [("small-log", 100_000), ("small-log-cut-and-rolled", 50_000),
                          ("small-log-behind-a-base", 50_000)]:
        for seed in ["1", "2"]:
            code, out, err = run("enumerate", name, "--seed", seed, "--json")
            expect(f"{name}: exit 0", code == 0, err)
            line = json.loads(out)
            expect(f"{name}: nothing is found", line["findings"] == [], out)
            expect(f"{name}: {visited} states or more", line["visited"] >= visited, out)
            expect(f"{name}: nested ones too", 0 < line["nested"] < line["visited"], out)
            expect(f"{name}: in scope", line["records"] <= 64 and line["groups"] <= 4 and
                   line["segments"] <= 3, out)
            code, again, _ = run("enumerate", name, "--seed", seed, "--json")
            other = json.loads(again)
            for key in ["hash", "visited", "distinct", "recoveries", "crash_points"]:
                expect(f"{name}: the same {key} again", line[key] == other[key])
    code, out, _ = run("enumerate", "small-log-cut-and-rolled", "--nested", "none", "--json")
    expect("--nested none: no nested state", json.loads(out)["nested"] == 0, out)


def writer_of(base_name, scratch):
    """A function that writes a scenario which extends `base_name`, and tells its path."""
    base = os.path.join(source, folder, f"{base_name}.json")

    def scenario(**sections):
        path = os.path.join(tempfile.mkdtemp(dir=scratch), "too-large.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"format": 1, "name": "too-large", "why": "w",
                       "extends": os.path.relpath(base, os.path.dirname(path)), **sections}, file)
        return path
    return scenario


def refusals():
    with tempfile.TemporaryDirectory() as scratch:
        scenario = writer_of("small-log", scratch)

        cases = [
            ("too many records", scenario(workload={"messages": 65}), 3, "65 records"),
            ("too many groups", scenario(tuning={"wal.group_max_batches": 1}), 3, "groups"),
            ("too many segments", scenario(tuning={"wal.segment_bytes": "4KiB",
                                                   "wal.group_max_batches": 100},
                                           workload={"rate": "100000/s",
                                                     "payload": "900B"}), 3, "at most"),
            ("more than one log", scenario(cluster={"topics": [
                {"name": "orders", "partitions": 2, "replication_factor": 1}]}), 3, "2 partitions"),
            ("a scenario that is none", "no-such-scenario", 3, "no-such-scenario"),
        ]
        for name, path, code, word in cases:
            got, out, err = run("enumerate", path)
            expect(f"{name}: exit {code}", got == code, f"exit {got}\n{err}")
            expect(f"{name}: says why", word in err, err)
            expect(f"{name}: no noise on stdout", out == "", out)
    for state in ["banana", "e1.power.u.s1.n1111", "e99999.power.u.s1.n", "e1.process.f999"]:
        got, _, err = run("enumerate", "small-log", "--state", state)
        expect(f"--state {state}: exit 2", got == 2, err)
    expect("no scenario: exit 2", run("enumerate")[0] == 2)
    expect("a word that --nested does not know: exit 2",
           run("enumerate", "small-log", "--nested", "some")[0] == 2)


def one_state():
    code, out, err = run("enumerate", "small-log", "--state", "e0.power.u.s1.n")
    expect("a sound state: exit 0 and a story",
           code == 0 and "nothing is wrong with it" in err, err)
    code, out, _ = run("enumerate", "small-log", "--state", "e0.power.u.s1.n+e3.power.u.s1.n0",
                       "--json")
    line = json.loads(out)
    expect("a nested state as JSON", code == 0 and line["finding"] == "" and line["story"], out)


def planted():
    for name, mutant in [("small-log-acked-on-write", "ack-on-write"),
                         ("small-log-name-not-synced", "directory-not-synced")]:
        if not os.path.exists(os.path.join(mutants, "brokersim-" + mutant)):
            print(f"skipped {name}: {mutant} is not built")
            continue
        for seed in ["1", "2", "3"]:
            code, out, err = run("enumerate", name, "--seed", seed, "--json")
            expect(f"{name}: found, as it expects", code == 0, err)
            line = json.loads(out)
            lost = [one for one in line["findings"] if one["code"] == "LOST_ACKED"]
            expect(f"{name}: LOST_ACKED", len(lost) == 1 and lost[0]["states"] > 0, out)
            if not lost:
                continue
            words = shlex.split(lost[0]["command"])
            expect(f"{name}: a command to paste", words[:2] == ["./dev", "run"], str(words))
            code, _, err = run(*words[2:])
            expect(f"{name}: the state plays alone", code == 1, err)
            expect(f"{name}: and tells its story",
                   "power fails" in err and "LOST_ACKED" in err, err)
            # Shrunk: no bit of it can go without the finding going too.
            state = words[words.index("--state") + 1]
            for at, letter in enumerate(state):
                inside = state.rfind(".", 0, at) + 1
                if letter == "1" and state[inside] in "un" and at > inside:
                    smaller = state[:at] + "0" + state[at + 1:]
                    code, _, err = run("enumerate", name, "--seed", seed, "--state", smaller)
                    expect(f"{name}: {state} is smallest", code != 1, smaller + err)


def clean_clusters():
    for seed in ["1", "2"]:
        code, out, err = run("enumerate", "small-cluster", "--cluster", "--seed", seed, "--json")
        expect("small-cluster: exit 0", code == 0, err)
        line = json.loads(out)
        expect("small-cluster: nothing is found", line["findings"] == [], out)
        expect("small-cluster: every run says something", line["undecided"] == 0, out)
        expect("small-cluster: 64 states an instant", line["states"] == 64 * line["instants"], out)
        expect("small-cluster: many instants", line["instants"] > 100, out)
        expect("small-cluster: equal disks are played once", 1000 < line["played"] < line["states"],
               out)
        code, again, _ = run("enumerate", "small-cluster", "--cluster", "--seed", seed, "--json")
        expect("small-cluster: the same hash again", line["hash"] == json.loads(again)["hash"])


def cluster_refusals():
    with tempfile.TemporaryDirectory() as scratch:
        scenario = writer_of("small-cluster", scratch)

        cases = [
            ("too many brokers", scenario(cluster={"brokers": 4}), "4 brokers"),
            ("too many records", scenario(workload={"messages": 65}), "65 records"),
            ("more than one partition", scenario(cluster={"topics": [
                {"name": "orders", "partitions": 2, "replication_factor": 3}]}), "2 partitions"),
        ]
        for name, path, word in cases:
            got, out, err = run("enumerate", path, "--cluster")
            expect(f"cluster, {name}: exit 3", got == 3, f"exit {got}\n{err}")
            expect(f"cluster, {name}: says why", word in err, err)
            expect(f"cluster, {name}: no noise on stdout", out == "", out)
    for state in ["banana", "c", "c1", "c1.keep", "c1.keep.keep.some", "c99999.keep.keep.keep",
                  "c1x.keep.keep.keep", "e0.power.u.s1.n"]:
        got, _, err = run("enumerate", "small-cluster", "--cluster", "--state", state)
        expect(f"cluster, --state {state}: exit 2", got == 2, err)
    got, _, err = run("enumerate", "small-log", "--state", "c1.keep")
    expect("a state of a cluster without --cluster: exit 2", got == 2, err)


def planted_cluster():
    name, mutant = "small-cluster-torn-tail", "torn-tail-stops-node"
    if not os.path.exists(os.path.join(mutants, "brokersim-" + mutant)):
        print(f"skipped {name}: {mutant} is not built")
        return
    code, out, err = run("enumerate", name, "--cluster", "--json")
    expect(f"{name}: found, as it expects", code == 0, err)
    found = json.loads(out)["findings"]
    expect(f"{name}: R24", [one["code"] for one in found] == ["R24"], out)
    for one in found:
        expect(f"{name}: one torn disk is enough", sorted(one["state"].split(".")[1:]) in
               [["keep", "keep", "max"], ["keep", "keep", "min"]], one["state"])
        words = shlex.split(one["command"])
        code, _, err = run(*words[2:])
        expect(f"{name}: the state plays alone", code == 1 and "R24" in err, err)
        sound = one["state"].replace("min", "drop").replace("max", "drop")
        code, _, err = run(*words[2:-1], sound)
        expect(f"{name}: the same instant without the tear is sound",
               code == 0 and "power fails" in err and "nothing is wrong" in err, err)


clean_logs()
clean_clusters()
cluster_refusals()
planted_cluster()
refusals()
one_state()
planted()
print(f"{checks} checks, {len(failures)} failed")
sys.exit(1 if failures else 0)
