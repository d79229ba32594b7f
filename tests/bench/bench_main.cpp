// The figures of `./dev bench`, as JSON lines with units; medians of several repetitions.
//
// What is timed: whole runs of scenarios, from an empty cluster to the verdict, with all checks on
// and with all off; an idle cluster; the judge alone, on histories of the simulator and from
// outside; the enumeration of a log of 64 records; and the simulated disk alone, with nobody
// watching.
// CPU time, not wall time, because the machine is shared; compare ratios of one run, not absolutes
// of two days.
#include "broker_core/base/hash.h"
#include "reports/history_json.h"
#include "reports/judge.h"
#include "scenarios/library.h"
#include "scenarios/parser.h"
#include "sim/enumerate/enumeration.h"
#include "sim/run.h"
#include "tests/support/manual_disk.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <optional>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <vector>

namespace {

using namespace brokersim;

double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

long peak_kib() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

void print(const std::string& name, const std::string& checks, const std::string& unit,
           double value, double target) {
    fmt::print(
        "{{\"v\":1,\"type\":\"bench\",\"name\":\"{}\",\"checks\":\"{}\",\"unit\":\"{}\","
        "\"value\":{:.1f},\"target\":{:.1f}}}\n",
        name, checks, unit, value, target);
    std::fflush(stdout);
}

struct Totals {
    double cpu = 0;
    double events = 0;
    double virtual_seconds = 0;
    double runs = 0;
};

Totals measure(const Scenario& scenario, std::uint64_t seeds, bool checks) {
    Totals totals;
    RunOptions options;
    options.checks.invariants = checks;
    options.judge = checks;
    double const began = cpu_seconds();
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        RunResult const result = run_once(scenario, broker::mix64(seed), options);
        totals.events += static_cast<double>(result.events);
        totals.virtual_seconds += static_cast<double>(result.virtual_ns) * 1e-9;
        totals.runs += 1;
    }
    totals.cpu = cpu_seconds() - began;
    return totals;
}

void bench_scenario(const Scenario& scenario, const std::string& prefix, std::uint64_t seeds,
                    bool idle) {
    constexpr int repetitions = 5;
    for (bool const checks : {true, false}) {
        std::vector<double> events;
        std::vector<double> runs;
        std::vector<double> virtual_seconds;
        for (int i = 0; i < repetitions; ++i) {
            Totals const totals = measure(scenario, seeds, checks);
            events.push_back(totals.events / totals.cpu);
            runs.push_back(totals.runs / totals.cpu);
            virtual_seconds.push_back(totals.virtual_seconds / totals.cpu);
        }
        std::string const state = checks ? "on" : "off";
        print(prefix + "_events", state, "events/s", median(events), idle ? 0 : 3e6);
        if (!idle) {
            print(prefix + "_seeds", state, "seeds/s", median(runs), 250);
        }
        print(prefix + "_virtual_time", state, "virtual s/CPU s", median(virtual_seconds),
              idle ? 30'000 : 2'500);
    }
}

/// A history of `sends` acknowledged messages, each read once and drained.
reports::History make_history(std::uint32_t sends) {
    using namespace reports;
    History history;
    history.config.idempotent = true;
    history.reserve(sends, std::size_t{sends} * 2);
    KeyId const key = history.names.key("orders/0");
    ProcessId const producer = history.names.process(1);
    ProcessId const consumer = history.names.process(2);
    RunId const run = history.names.run("bench");
    std::vector<Record> all;
    for (std::uint32_t i = 0; i < sends; ++i) {
        ValueId const value = history.names.value(run, 1, i);
        SendMop const asked{key, value};
        SendMop const done{key, value, i};
        history.send_invoke(i * 2, producer, {&asked, 1});
        history.send_done(i * 2 + 1, producer, OpType::ok, {&done, 1});
        Record const record{i, value};
        PollPart part;
        part.key = key;
        part.hw = i + 1;
        part.from = i;
        part.records = {&record, 1};
        history.poll_done(i * 2 + 1, consumer, OpType::ok, {&part, 1});
        all.push_back(record);
    }
    Drain drain{.key = key, .start = 0, .hw = sends, .records = all, .control = {}, .corrupt = {}};
    history.drain(sends * 2, drain);
    return history;
}

/// Operations per second, the median of so many judgements; 0 if the history is not found legal.
/// The first one also pays for fresh pages of memory.
double judge_rate(const reports::History& history, int repetitions) {
    std::vector<double> rates;
    for (int i = 0; i < repetitions; ++i) {
        double const began = cpu_seconds();
        auto const judgement = reports::judge(history);
        double const took = cpu_seconds() - began;
        if (!judgement || judgement->verdict != reports::Verdict::pass) {
            std::fputs("bench: the judge did not pass a legal history\n", stderr);
            return 0;
        }
        rates.push_back(static_cast<double>(history.ops().size()) / took);
    }
    return median(rates);
}

void bench_judge() {
    print("judge_dense_ids", "on", "operations/s", judge_rate(make_history(300'000), 5), 50e6);
}

/// A history as `check` gets it from outside: values are any texts, which are hashed each time they
/// are named, on four keys. Per message an invocation, a completion and a poll of its record.
reports::History outside_history(std::uint32_t sends) {
    using namespace reports;
    constexpr std::uint32_t keys = 4;
    History history;
    history.config.idempotent = true;
    history.reserve(sends, std::size_t{sends} * 2);
    std::vector<std::vector<Record>> logs(keys);
    for (std::uint32_t i = 0; i < sends; ++i) {
        std::string const key_name = fmt::format("orders/{}", i % keys);
        std::string const text = fmt::format("payload-{:016x}", broker::mix64(i));
        KeyId const key = history.names.key(key_name);
        auto const offset = static_cast<std::int64_t>(logs[i % keys].size());
        SendMop const asked{key, history.names.value(text)};
        history.send_invoke(i * 2, history.names.process(i % keys), {&asked, 1});
        SendMop const done{key, history.names.value(text), offset};
        history.send_done(i * 2 + 1, history.names.process(i % keys), OpType::ok, {&done, 1});
        Record const record{offset, history.names.value(text)};
        PollPart part;
        part.key = key;
        part.hw = offset + 1;
        part.from = offset;
        part.records = {&record, 1};
        history.poll_done(i * 2 + 1, history.names.process(100), OpType::ok, {&part, 1});
        logs[i % keys].push_back(record);
    }
    for (std::uint32_t i = 0; i < keys; ++i) {
        auto const end = static_cast<std::int64_t>(logs[i].size());
        history.drain(sends * 2, {.key = history.names.key(fmt::format("orders/{}", i)),
                                  .start = 0,
                                  .hw = end,
                                  .records = logs[i],
                                  .control = {},
                                  .corrupt = {}});
    }
    return history;
}

/// Ten million operations: the judge alone, how its time grows from half of them, and, of a tenth,
/// what reading the file costs besides.
void bench_outside() {
    constexpr std::uint32_t sends = 3'333'334;
    double half = 0;
    {
        reports::History const history = outside_history(sends / 2);
        half = static_cast<double>(history.ops().size()) / judge_rate(history, 3);
    }
    {
        reports::History const history = outside_history(sends);
        double const rate = judge_rate(history, 3);
        print("judge_outside_ids", "on", "operations/s", rate, 5e6);
        print("judge_growth", "on", "times, of twice the operations",
              static_cast<double>(history.ops().size()) / rate / half, 2.3);
    }
    std::istringstream in{reports::history_text(outside_history(sends / 10))};
    double const began = cpu_seconds();
    auto const history = reports::read_history(in, "bench");
    double const took = cpu_seconds() - began;
    if (history) {
        print("read_history", "on", "operations/s",
              static_cast<double>(history->ops().size()) / took, 0);
    }
}

/// States visited, and disks that were recovered because none like them was met before.
void bench_enumeration(const Scenario& scenario) {
    std::vector<double> visited;
    std::vector<double> distinct;
    for (int i = 0; i < 5; ++i) {
        auto recording = enumeration::record_log(draw_run(scenario, 1));
        if (!recording) {
            fmt::print(stderr, "bench: {}\n", recording.error());
            return;
        }
        double const began = cpu_seconds();
        enumeration::EnumerationReport const report =
            enumeration::Enumeration{*recording, {}}.run();
        double const took = cpu_seconds() - began;
        if (!report.clean()) {
            std::fputs("bench: the enumeration found something\n", stderr);
            return;
        }
        visited.push_back(static_cast<double>(report.visited) / took);
        distinct.push_back(static_cast<double>(report.distinct) / took);
    }
    print("enumerate_states", "on", "states/s", median(visited), 100e3);
    print("enumerate_recovered", "on", "disks/s", median(distinct), 0);
}

/// Appends of 100 bytes to a log of 64 KiB that begins anew when it is full, each with its
/// completion; a sync with its own after every `writes_per_sync` of them. Nanoseconds per write.
double disk_write_ns(DiskProfile profile, std::uint32_t writes_per_sync) {
    constexpr std::uint32_t writes = 300'000;
    constexpr std::uint64_t bytes = 100;
    constexpr std::uint64_t log_bytes = 64 * 1024;
    test::ManualDisk manual{1, DiskSpec{traits_of(profile), 0}};
    broker::OpIds ops;
    FileHandle const file = manual.disk.create(ops.draw(), "p0-0000000000000001.log");
    manual.disk.sync_dir(ops.draw());
    manual.complete_all();
    broker::Bytes const data(bytes, std::byte{0x70});
    double const began = cpu_seconds();
    for (std::uint32_t i = 0; i < writes; ++i) {
        manual.disk.write(ops.draw(), file, i * bytes % log_bytes, data);
        manual.complete_at(0);
        if ((i + 1) % writes_per_sync == 0) {
            manual.disk.sync(ops.draw(), file);
            manual.complete_at(0);
        }
    }
    return (cpu_seconds() - began) * 1e9 / writes;
}

void bench_disk() {
    std::vector<double> synced;
    std::vector<double> small;
    std::vector<double> journaled;
    for (int i = 0; i < 5; ++i) {
        synced.push_back(disk_write_ns(DiskProfile::strict, 1));
        small.push_back(disk_write_ns(DiskProfile::strict, 100));
        journaled.push_back(disk_write_ns(DiskProfile::ext4_ordered, 1));
    }
    print("disk_append_and_sync", "off", "ns", median(synced), 1'000);
    print("disk_small_write", "off", "ns", median(small), 150);
    print("disk_append_and_sync_ext4_ordered", "off", "ns", median(journaled), 1'000);
}

std::optional<Scenario> scenario_named(const std::string& name) {
    FoundScenarios const found = find_scenario(name, {"scenarios/library"});
    if (found.paths.size() != 1) {
        fmt::print(stderr, "bench: {}\n", found.error);
        return std::nullopt;
    }
    ParseOutcome outcome = parse_scenario(found.paths.front());
    if (!outcome.scenario) {
        std::fputs(render_text(outcome.diagnostics, 1).c_str(), stderr);
    }
    return std::move(outcome.scenario);
}

}  // namespace

int main(int argc, char** argv) {
    std::uint64_t const seeds = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 60;
    for (const auto& [name, prefix, idle] :
         {std::tuple{"standard", "standard", false}, std::tuple{"idle", "idle", true}}) {
        std::optional<Scenario> const scenario = scenario_named(name);
        if (!scenario) {
            return 3;
        }
        bench_scenario(*scenario, prefix, idle ? std::max<std::uint64_t>(1, seeds / 10) : seeds,
                       idle);
    }
    print("peak_memory", "on", "KiB", static_cast<double>(peak_kib()), 32 * 1024);
    bench_judge();
    bench_disk();
    bench_outside();
    std::optional<Scenario> const small_log = scenario_named("small-log");
    if (!small_log) {
        return 3;
    }
    bench_enumeration(*small_log);
    return 0;
}
