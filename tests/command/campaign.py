"""Campaigns and findings as users live them: kills, crashes, shards, shrinking, repro lines."""

import json
import os
import random
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as xml
from pathlib import Path

EXE, ROOT = sys.argv[1], sys.argv[2]
MUTANTS = Path(EXE).parent / "mutants"
SMALL = ["scenarios/library/legality", "scenarios/library/base"]
WORK = Path(tempfile.mkdtemp(prefix="brokersim-"))
failures = []


def run(*arguments, **options):
    return subprocess.run([EXE, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True,
                          timeout=300, **options)


def campaign(out, *arguments, scenarios=SMALL, **options):
    return run("campaign", *scenarios, "-q", "--out", out, "--no-canaries", *arguments, **options)


def expect(what, condition, detail=""):
    if not condition:
        failures.append(what)
        print(f"FAILED: {what}\n{detail}")


def pasted(line):
    """Runs a line of output as a shell would, with this build in place of ./dev run."""
    words = shlex.split(line.strip().replace("./dev run ", "", 1))
    return run(*words)


def commands_of(text):
    return [line for line in text.split("\n") if line.startswith("    ./dev run ")]


def merged(folder):
    return (Path(folder) / "merged.jsonl").read_text()


def summary(folder):
    return json.loads((Path(folder) / "summary.json").read_text())


def test_kill_and_resume():
    whole, killed = WORK / "whole", WORK / "killed"
    began = time.time()
    first = campaign(whole, "--seeds", 400, "--seed", 5, "-j", 2)
    took = time.time() - began
    expect("a clean campaign is green", first.returncode == 0, first.stderr)
    random.seed(1)
    kills = 0
    command = ["campaign", *SMALL, "--no-canaries", "--seeds", "400", "--seed", "5"]
    while kills < 8:
        process = subprocess.Popen([EXE, *command, "-q", "-j", "2", "--out", str(killed)],
                                   cwd=ROOT, stderr=subprocess.DEVNULL)
        try:
            process.wait(random.uniform(0.02, took / 5))
            break
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
        if (killed / "manifest.json").exists():
            command = ["campaign", "--resume"]
    last = run("campaign", "--resume", "-q", "--out", killed)
    expect("a killed campaign resumes to the same exit code", last.returncode == 0, last.stderr)
    expect("and to the same results, line for line", merged(killed) == merged(whole))
    again = run("campaign", "--resume", "-q", "--out", killed)
    expect("resuming what is done changes nothing",
           again.returncode == 0 and merged(killed) == merged(whole), again.stderr)


def test_shards():
    parts = [WORK / f"part{i}" for i in (1, 2, 3)]
    for i, part in enumerate(parts, 1):
        done = campaign(part, "--seeds", 400, "--seed", 5, "--shard", f"{i}/3")
        expect(f"shard {i}/3 is green", done.returncode == 0, done.stderr)
    one = run("merge", *parts, "--out", WORK / "all")
    expect("three shards merge to what one machine did",
           one.returncode == 0 and merged(WORK / "all") == merged(WORK / "whole"), one.stderr)
    run("merge", *reversed(parts), parts[0], "--out", WORK / "other")
    expect("order and repetition change nothing", merged(WORK / "other") == merged(WORK / "all"))
    run("merge", *parts, "--out", WORK / "all")
    rows = subprocess.run([sys.executable, "-c",
                           "import sqlite3,sys;print(sqlite3.connect(sys.argv[1]).execute("
                           "'select count(*), sum(seeds) from chunk').fetchone())",
                           WORK / "all/merged.sqlite"], capture_output=True, text=True).stdout
    expect("the store counts each seed once",
           str(sum(json.loads(line)["seeds"] for line in merged(WORK / "all").split("\n") if line
                   and json.loads(line)["type"] == "chunk")) in rows, rows)
    missing = run("merge", parts[0], parts[2], "--out", WORK / "hole")
    expect("a missing shard is named, and exit code 7",
           missing.returncode == 7 and "of shard 2/3" in missing.stderr, missing.stderr)


def test_truncated_results():
    """A result file cut at any byte is read, and nothing is invented."""
    source = next((WORK / "whole").glob("shard-*.jsonl"))
    text = source.read_bytes()
    cut = WORK / "cut"
    cut.mkdir()
    shutil.copy(WORK / "whole/manifest.json", cut)
    known = set(merged(WORK / "whole").split("\n"))
    for at in sorted(random.Random(2).sample(range(len(text)), 12)):
        (cut / source.name).write_bytes(text[:at])
        result = run("merge", cut)
        expect(f"cut at byte {at}", result.returncode in (5, 7), result.stderr)
        expect(f"cut at byte {at} invents nothing", set(merged(cut).split("\n")) <= known)


def with_worker(out, act, *arguments):
    """Runs a slow campaign and does something to its first worker."""
    process = subprocess.Popen([EXE, "campaign", "scenarios/library/bench/standard.json",
                                "--no-canaries", "-q", "-j", "1", "--seed", "3", "--out",
                                str(out), *map(str, arguments)],
                               cwd=ROOT, stderr=subprocess.PIPE, text=True)
    for _ in range(200):
        time.sleep(0.02)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        if children:
            time.sleep(0.1)
            act(int(children[0]))
            break
    error = process.communicate(timeout=120)[1]
    return process.returncode, error


def test_broken_workers():
    code, error = with_worker(WORK / "segv", lambda pid: os.kill(pid, signal.SIGSEGV),
                              "--seeds", 100)
    found = summary(WORK / "segv")
    expect("a worker that crashes is a finding with its seed, and the campaign goes on",
           code == 1 and found["seeds"] >= 100 and len(found["findings"]) == 1
           and found["findings"][0]["signature"] == "CRASH/SIGSEGV/none"
           and found["findings"][0]["shortest"][0]["seed"].startswith("0x"), error)
    bundle = WORK / "segv" / found["findings"][0]["shortest"][0]["bundle"]
    expect("and has a bundle", (bundle / "repro.json").exists())
    code, error = with_worker(WORK / "stop", lambda pid: os.kill(pid, signal.SIGSTOP),
                              "--seeds", 100, "--timeout", "1s")
    expect("a worker that hangs is a finding of its own",
           code == 1 and "L5/hang.wall_limit/none" in error, error)
    code, error = with_worker(WORK / "kill", lambda pid: os.kill(pid, signal.SIGKILL),
                              "--seeds", 100)
    expect("a worker killed from outside is the machine's trouble, and its chunk runs again",
           code == 0 and "trouble of the machine" in error
           and summary(WORK / "kill")["seeds"] >= 100, error)
    small = campaign(WORK / "memory", "--seeds", 64, "--memory", 1, "-j", 1)
    expect("no memory is no finding: 75", small.returncode == 75, small.stderr)


def test_disk_full():
    def little_room():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
    full = campaign(WORK / "full", "--seeds", 2000, "--seed", 5, scenarios=["standard"],
                    preexec_fn=little_room)
    expect("a full disk ends it with 75", full.returncode == 75, full.stderr)
    text = next((WORK / "full").glob("shard-*.jsonl")).read_text()
    for line in text.split("\n")[:-1]:
        json.loads(line)
    expect("and what is written is whole", text.endswith("\n") and len(text) > 1000)


def test_idle_faults():
    """A fault that does nothing makes runs void, and a campaign of them is not green."""
    base = os.path.relpath(Path(ROOT) / "scenarios/library/base/base-one-broker.json", WORK)
    idle = WORK / "promotes-nobody.json"
    idle.write_text(json.dumps({
        "format": 1, "name": "promotes-nobody", "why": "A test.", "extends": base,
        "workload": {"messages": 10}, "run": {"virtual_time": "1s"},
        "faults": {"script": [{"id": "it", "at": "500ms", "do": "promote",
                               "args": {"partition": "orders/0"}}]}}))
    done = campaign(WORK / "idle", "--seeds", 64, scenarios=[idle])
    expect("a campaign of void runs exits 6", done.returncode == 6, done.stderr)
    expect("and counts them", summary(WORK / "idle")["void"] == 64, done.stderr)


def test_interrupt():
    out = WORK / "stopped"
    process = subprocess.Popen([EXE, "campaign", *SMALL, "--no-canaries", "--budget", "5m", "--out",
                                str(out)], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    error = process.communicate(timeout=60)[1]
    expect("Ctrl-C finishes, reports and exits 130",
           process.returncode == 130 and "--resume" in error and summary(out)["seeds"] > 0, error)
    shown = run("status", out)
    expect("status reads what is there", shown.returncode == 0 and "seeds" in shown.stdout,
           shown.stderr)


def test_budget_and_bad_input():
    timed = campaign(WORK / "timed", "--budget", "1s", scenarios=["standard"])
    expect("a budget in time ends by itself", timed.returncode == 0 and
           summary(WORK / "timed")["seeds"] > 0, timed.stderr)
    for arguments, code in ((["campaign", "--seeds", "1", "no-such-scenario"], 3),
                            (["campaign"], 2), (["campaign", "--budget", "8"], 2),
                            (["campaign", "--seeds", "0"], 5),
                            (["campaign", "--seeds", "5", "--shard", "4/3"], 2),
                            (["campaign", "--seeds", "5", "--shard", "0/3"], 2),
                            (["campaign", "--resume"], 2),
                            (["campaign", "--seeds", "5", "--out", str(WORK / "whole")], 2),
                            (["merge", str(WORK)], 2), (["status", str(WORK)], 2),
                            (["explain", "standard", "--seed", "1", "--message", "9/9"], 2),
                            (["explain", "standard"], 2),
                            (["shrink", "standard", "--seed", "1"], 6),
                            (["replay", "standard", "--seed", "1", "--window", "9..2"], 2),
                            (["replay", "standard", "--seed", "1", "--filter", "moon=1"], 2),
                            (["replay", str(WORK / "no-such-bundle")], 3),
                            (["regress", "--pins", str(WORK)], 5)):
        result = run(*arguments)
        expect(f"{' '.join(arguments)} exits {code}", result.returncode == code,
               f"{result.returncode}\n{result.stderr}")
    (WORK / "bad").mkdir()
    for text in ("", "{", "[]", '{"v":1}', '{"v":2}', "\0\xff", '{"v":1,"seed":7,"scenario":[]}'):
        (WORK / "bad/repro.json").write_text(text)
        for command in ("replay", "explain", "shrink"):
            expect(f"{command} of a broken bundle exits 125",
                   run(command, WORK / "bad").returncode == 125, text)
        expect("and --bisect says skip", run("replay", "--bisect", WORK / "bad").returncode == 125)


def planted():
    """(scenario, a failing seed) of each planted bug that is built."""
    for name in ("canaries/ack-on-write", "canaries/entries-before-their-term",
                 "canaries/promise-outlives-its-term", "incident/incident-a-inline-wal-skipped",
                 "incident/incident-b-flush-appends-again"):
        scenario = f"scenarios/library/{name}.json"
        plant = json.loads(Path(ROOT, scenario).read_text()).get("plant", [""])[0]
        lines = run("run", scenario, "--seeds", 200, "--json").stdout.split("\n")
        failed = [json.loads(line) for line in lines if '"verdict":"fail"' in line]
        if failed:
            yield scenario, plant, failed[0]


def test_findings():
    """Shrink, explain, replay and pins on every planted bug."""
    factors = []
    for scenario, plant, line in planted():
        seed, signature = line["seed"], line["signature"]
        out = WORK / "bundles"
        shown = run("run", scenario, "--seed", seed, "--out", out)
        commands = commands_of(shown.stderr)
        expect(f"{plant}: four commands", len(commands) == 4, shown.stderr)
        for command in commands:
            result = pasted(command)
            wanted = 1 if " replay " in command else 0
            expect(f"{plant}: {command.strip()}", result.returncode == wanted,
                   result.stdout + result.stderr)
        bundle = re.search(r"run explain (\S+)", shown.stderr).group(1)
        replay = run("replay", bundle)
        expect(f"{plant}: replay is identical", "identical" in replay.stderr, replay.stderr)
        story = run("explain", bundle).stdout
        expect(f"{plant}: explain names the signature and a message, or says that there is none",
               signature in story and ("message " in story), story)
        small = Path(bundle, "shrunk.json")
        text = json.loads(small.read_text())
        expect(f"{plant}: the small file plants the same bug", text["plant"] == [plant])
        alone = WORK / "alone"
        alone.mkdir(exist_ok=True)
        shutil.copy(small, alone)
        lines = run("run", alone / "shrunk.json", "--json").stdout.split("\n")
        shrunk = json.loads(lines[0])
        expect(f"{plant}: it fails by itself, in the same way", shrunk["signature"] == signature,
               shrunk)
        factors.append(line["events"] / shrunk["events"])
        pins = WORK / "pins"
        expect(f"{plant}: pinned", run("regress", "--pin", bundle, "--pins", pins).returncode == 0)
    if factors:
        factors.sort()
        print("shrink factors:", " ".join(f"{factor:.1f}" for factor in factors))
        expect("shrinking pays", factors[len(factors) // 2] >= 5, factors)
        replayed = run("regress", "--pins", pins)
        expect("pins of planted bugs are found again", replayed.returncode == 0, replayed.stderr)


def test_changed_source():
    """The same bundle under another source: gone, or the same failure, with the event."""
    for scenario, _, line in list(planted())[-1:]:
        out = WORK / "moved"
        run("run", scenario, "--seed", line["seed"], "--out", out)
        bundle = next(out.glob("*/*"))
        repro = json.loads((bundle / "repro.json").read_text())
        marks = bytearray((bundle / "trace.hash").read_bytes())
        marks[8 + 16 * 499] ^= 1
        (bundle / "trace.hash").write_bytes(marks)
        (bundle / "repro.json").write_text(json.dumps({**repro, "source": "another",
                                                       "trace_hash": "00000000000000ff"}))
        moved = run("replay", bundle)
        expect("another source: same failure, both sides of the first event that differs",
               moved.returncode == 1 and "same failure, diverged at event 500" in moved.stderr
               and "recorded" in moved.stderr and "now" in moved.stderr, moved.stderr)
        expect("bisect: the same signature is 1",
               run("replay", "--bisect", bundle).returncode == 1)
        (bundle / "repro.json").write_text(json.dumps({**repro, "trace_hash": "00000000000000ff"}))
        unsteady = run("replay", bundle)
        expect("the same source: not deterministic, 4", unsteady.returncode == 4, unsteady.stderr)
        clean = {**repro, "source": "another", "mutant": "", "trace_hash": "00000000000000ff"}
        clean["scenario"] = {key: value for key, value in repro["scenario"].items()
                             if key not in ("plant", "expect")}
        clean["scenario"]["expect"] = {"holds": ["no_lost_acks"]}
        (bundle / "repro.json").write_text(json.dumps(clean))
        fixed = run("replay", bundle)
        expect("the bug is mended: gone, 0", fixed.returncode == 0 and "gone" in fixed.stderr,
               fixed.stderr)
        expect("bisect: gone is 0", run("replay", "--bisect", bundle).returncode == 0)


def test_replay_options():
    one = ("replay", "standard", "--seed", "1")
    plain = run(*one)
    full = run(*one, "--log", "full", "--window", "10..20")
    hashes = [re.search(r"identical: (.*)", result.stderr).group(1) for result in (plain, full)]
    expect("a log changes no hash", hashes[0] == hashes[1])
    events = {int(line.split()[0]) for line in full.stdout.split("\n") if line.strip()}
    expect("a window shows its events and no others", events == set(range(10, 21)), full.stdout)
    brief = run(*one, "--log", "short", "--filter", "node=n2").stdout
    expect("a filter by node", "n2:" in brief and "n1:" not in brief, brief)
    life = run(*one, "--log", "short", "--filter", "msg=1/0").stdout
    expect("a filter by message", "acked" in life and life.count("#0 of producer-1") > 5, life)
    until = run(*one, "--log", "full", "--window", "1..99", "--until", "30")
    expect("--until leaves early", "left after event 30" in until.stderr
           and not re.search(r"^ *31 ", until.stdout, re.M), until.stdout)
    expect("--break-at stops for a debugger",
           run(*one, "--break-at", "500").returncode == -signal.SIGTRAP)


def test_exports():
    one = ("standard", "--seed", "1")
    trace = json.loads(run("export", *one, "--format", "perfetto").stdout)
    kinds = {event["ph"] for event in trace["traceEvents"]}
    expect("perfetto: slices, names and arrows", {"M", "X", "s", "f"} <= kinds, kinds)
    lines = run("export", *one, "--format", "shiviz", "--message", "1/0").stdout.split("\n")[:-1]
    own = {}
    for text, clock in zip(lines[::2], lines[1::2]):
        match = re.fullmatch(r"(\S*) ({.*})", clock)
        host, counts = match.group(1), json.loads(match.group(2))
        own[host] = own.get(host, 0) + 1
        expect("shiviz: a clock's own entry grows by one", counts[host] == own[host], clock)
    expect("shiviz: the message meets the brokers", {"producer-1", "n1", "n2", "n3"} <= own.keys())
    history = WORK / "history.jsonl"
    history.write_text(run("export", *one, "--format", "history").stdout)
    expect("check reads the exported history", run("check", history).returncode == 0)
    edn = run("export", *one, "--format", "jepsen")
    recorded = [json.loads(line) for line in history.read_text().split("\n")[1:] if line]
    for kind in ("ok", "fail", "info"):
        sends = sum(op["f"] == "send" and op["type"] == kind for op in recorded)
        told = len(re.findall(rf":type :{kind}, :process \d+, :f :send,", edn.stdout))
        expect(f"jepsen: every send that ended with {kind}", sends == told, (sends, told))
    expect("jepsen: one map per line", all(re.fullmatch(r";.*|\{:index \d+, .*\}", line)
                                           for line in edn.stdout.split("\n")[:-1]))
    expect("jepsen: the same bytes again",
           run("export", *one, "--format", "jepsen").stdout == edn.stdout)
    expect("no such format: 2", run("export", *one, "--format", "edn").returncode == 2)
    expect("no such run: 3", run("export", WORK / "nothing", "--format", "jepsen").returncode == 3)
    expect("a scenario without a seed: 2",
           run("export", "standard", "--format", "jepsen").returncode == 2)


def test_campaign_over_plants():
    """The distinct signatures are the planted bugs, and each repro line works when pasted."""
    out = WORK / "plants"
    result = run("campaign", "scenarios/library/canaries", "scenarios/library/incident",
                 "scenarios/library/legality", "--seeds", 1500, "--seed", 1, "-q", "--out", out)
    found = summary(out)
    plants = {row["signature"].split(":")[0] for row in found["planted"]}
    hit = {canary["mutant"] for canary in found["canaries"] if canary["found"]}
    green = len(hit) == len({canary["mutant"] for canary in found["canaries"]})
    expect("green if every canary was found, else red", result.returncode == (0 if green else 1),
           result.stderr)
    expect("the distinct bugs are the plants", plants == hit, (plants, hit))
    print(f"{len(found['planted'])} signatures of {len(plants)} plants, "
          f"{len(found['canaries'])} canaries")
    expect("about one signature per plant", len(found["planted"]) <= 1.5 * len(plants),
           [row["signature"] for row in found["planted"]])
    for row in found["planted"]:
        for seed in row["shortest"]:
            again = pasted(seed["repro"])
            expect(f"pasted: {seed['repro']}",
                   again.returncode == 1 and row["signature"] in again.stderr, again.stderr)
            expect("its bundle is there", (out / seed["bundle"] / "repro.json").exists())
    expect("nothing is left out of the product list by mistake", found["findings"] == [])


def test_hostile_names():
    """Folders and scenario texts of any kind reach every report as text and nothing else."""
    folder = WORK / "it's <b>\"hostile\" & $(touch pwned) `x` ::error::"
    folder.mkdir()
    text = json.loads(Path(ROOT, "scenarios/library/legality/t01-no-fault.json").read_text())
    text["name"] = "hostile-names"
    text["why"] = "]]> </script><script>alert(1)</script> %0A::error::"
    text["extends"] = []
    text["expect"] = {"violates": "no_lost_acks"}
    text.pop("covers", None)
    path = folder / "hostile-names.json"
    base = json.loads(Path(ROOT, "scenarios/library/base/base-three-brokers.json").read_text())
    path.write_text(json.dumps({**base, **text, "tags": ["demonstration"]} | {"extends": []}))
    out = folder / "out"
    result = run("campaign", path, "--seeds", 3, "-q", "--out", out, "--ci", "github")
    if not (out / "junit.xml").exists():
        expect("a campaign in a hostile folder", False, result.stderr)
        return
    xml.parse(out / "junit.xml")
    summary(out)
    expect("nothing was run by a name", not Path(ROOT, "pwned").exists())
    for case in re.findall(r"::error .*", result.stdout):
        expect("an annotation is one line", "::" in case)


TESTS = [test_kill_and_resume, test_shards, test_truncated_results, test_broken_workers,
         test_disk_full, test_idle_faults, test_interrupt, test_budget_and_bad_input,
         test_replay_options, test_exports, test_hostile_names]
if MUTANTS.is_dir() and any(MUTANTS.iterdir()):
    TESTS += [test_findings, test_changed_source, test_campaign_over_plants]
else:
    print("planted bugs are not built: their tests are skipped")

try:
    for test in TESTS:
        began = time.time()
        test()
        print(f"{test.__name__}: {time.time() - began:.1f} s", flush=True)
finally:
    shutil.rmtree(WORK, ignore_errors=True)
sys.exit(1 if failures else 0)
