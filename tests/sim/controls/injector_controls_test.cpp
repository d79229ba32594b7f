// A fault that does nothing makes its run void, whatever its kind.
//
// Every kind has one scripted control. With the injector as it is the control passes, with an idle
// one in its place every run is void: so no kind can die silently. A kind without a control is red.
#include "faults/fault.h"
#include "idle_injector.h"
#include "scenarios/parser.h"
#include "sim/run.h"
#include "tests/support/written_scenario.h"

#include <catch2/catch.hpp>
#include <fmt/core.h>

#include <algorithm>
#include <string>

namespace brokersim {
namespace {

/// it: the keys of the element under test, which has the id "it". before: elements that it needs,
/// each with a comma behind it.
struct Control {
    FaultKind kind;
    const char* it;
    const char* before = "";
    std::uint32_t brokers = 3;
    const char* limits = "{}";
};

using K = FaultKind;

constexpr Control controls[] = {
    {K::crash, R"j("at":"1s","target":"n1","for":"1s","args":{"kind":"process"})j"},
    {K::shutdown, R"j("at":"1s","target":"n1","for":"1s")j"},
    {K::restart, R"j("at":"2s","target":"n1")j",
     R"j({"id":"down","at":"1s","do":"crash","target":"n1","args":{"kind":"process"}},)j"},
    {K::all_down, R"j("at":"2s","for":"500ms","args":{"kind":"power"})j"},
    {K::start_order, R"j("at":"2s","for":"200ms","args":{"kind":"process","by":"1s"})j"},
    {K::rolling_restart, R"j("at":"1s","target":"all","args":{"by":"300ms"})j"},
    {K::crash_loop, R"j("at":"1s","target":"n1","args":{"kind":"power","times":3})j"},
    {K::pause, R"j("at":"1s","target":"leader(orders/0)","for":"1s")j"},
    {K::suspend, R"j("at":"1s","target":"leader(orders/0)","for":"2s")j"},
    {K::slow_cpu, R"j("at":"1s","target":"leader(orders/0)","for":"2s","args":{"by":"5ms"})j"},
    {K::late_timer, R"j("at":"1s","target":"leader(orders/0)","for":"3s","args":{"by":"50ms"})j"},
    {K::clock_skew,
     R"j("at":"1s","target":"leader(orders/0)","for":"3s","args":{"offset":"10m"})j"},
    {K::clock_drift, R"j("at":"1s","target":"n1","for":"3s","args":{"ppm":50000})j"},
    {K::clock_forward, R"j("at":"1s","target":"leader(orders/0)","for":"2s","args":{"by":"24h"})j"},
    {K::clock_back, R"j("at":"1s","target":"leader(orders/0)","for":"2s","args":{"by":"1h"})j"},
    {K::clock_freeze, R"j("at":"1s","target":"leader(orders/0)","for":"2s")j"},
    {K::monotonic_drift, R"j("at":"1s","target":"n1","for":"3s","args":{"ppm":1000000})j"},
    {K::partition, R"j("at":"1s","for":"2s","topology":"leader")j"},
    {K::drop, R"j("at":"1s","for":"2s","args":{"probability":0.2})j"},
    {K::duplicate, R"j("at":"1s","for":"2s","args":{"probability":0.5})j"},
    {K::reorder, R"j("at":"1s","for":"2s","args":{"probability":0.5,"by":"20ms"})j"},
    {K::delay, R"j("at":"1s","target":"leader(orders/0)","for":"2s","args":{"by":"60ms"})j"},
    {K::reset, R"j("at":"1s","target":"clients")j"},
    {K::clog, R"j("at":"1s","target":"follower(orders/0)","for":"1s")j"},
    {K::slow_link, R"j("at":"1s","target":"leader(orders/0)","for":"2s","args":{"factor":50})j"},
    {K::bandwidth, R"j("at":"1s","for":"3s","args":{"bytes_per_second":20000,"queue":4})j"},
    {K::flap, R"j("at":"1s","for":"3s","topology":"leader","args":{"by":"300ms"})j"},
    {K::client_partition, R"j("at":"1s","target":"leader(orders/0)","for":"2s")j"},
    {K::half_open, R"j("at":"1s")j"},
    {K::refuse, R"j("at":"1s","target":"all","for":"1s")j",
     R"j({"id":"reset","at":"1100ms","do":"reset","target":"clients"},)j"},
    {K::disk_stall, R"j("at":"1s","target":"leader(orders/0)","for":"1s")j"},
    {K::slow_disk, R"j("at":"1s","target":"leader(orders/0)","for":"2s","args":{"factor":50})j"},
    {K::sync_error, R"j("at":"1s","target":"leader(orders/0)","for":"1s")j"},
    {K::write_error, R"j("at":"1s","target":"leader(orders/0)","for":"1s")j"},
    {K::read_error, R"j("at":"1200ms","target":"n1","for":"2s","args":{"strikes":"all"})j",
     R"j({"id":"down","at":"1s","do":"crash","target":"n1","for":"500ms"},)j"},
    {K::disk_full,
     R"j("at":"1s","target":"leader(orders/0)","for":"1s","args":{"strikes":"all"})j"},
    {K::short_write,
     R"j("at":"1s","target":"leader(orders/0)","for":"3s","args":{"strikes":"all"})j"},
    {K::short_read, R"j("at":"1s","target":"n1","for":"3s","args":{"strikes":"all"})j",
     R"j({"id":"down","at":"2s","do":"crash","target":"n1","for":"500ms"},)j"},
    {K::lost_write, R"j("at":"2s","target":"follower(orders/0)","args":{"lost_at":"tail"})j"},
    {K::stale_read, R"j("at":"2s","target":"leader(orders/0)")j"},
    {K::bit_rot, R"j("at":"2s","target":"follower(orders/0)")j"},
    {K::sector_error, R"j("at":"2s","target":"follower(orders/0)")j"},
    {K::misdirected_write, R"j("at":"2s","target":"follower(orders/0)")j"},
    {K::read_flip, R"j("at":"2s","target":"follower(orders/0)")j"},
    {K::misdirected_read, R"j("at":"2s","target":"follower(orders/0)")j"},
    {K::lost_fsync, R"j("at":"1s","target":"n2","for":"4s","args":{"then_power":true})j"},
    {K::stale_image, R"j("at":"500ms","target":"follower(orders/0)","for":"1s")j"},
    {K::wipe, R"j("at":"2s","target":"follower(orders/0)")j"},
    {K::transfer_leader, R"j("at":"2s","target":"follower(orders/0)")j"},
    {K::add_voter, R"j("at":"2s","target":"one","args":{"partition":"orders/0"})j", "", 4},
    {K::remove_voter, R"j("at":"2s","target":"leader(orders/0)")j"},
    {K::add_learner, R"j("at":"2s","target":"one","args":{"partition":"orders/0"})j", "", 4},
    {K::promote, R"j("at":"3s","args":{"partition":"orders/0"})j",
     R"j({"id":"learn","at":"1s","do":"add_learner","target":"one",)j"
     R"j("args":{"partition":"orders/0"}},)j",
     4},
    {K::replace_voter,
     R"j("at":"2s","target":"follower(orders/0)","args":{"partition":"orders/0"})j", "", 4},
    {K::joint_change, R"j("at":"2s","args":{"partition":"orders/0"})j", "", 5},
    {K::delete_records, R"j("at":"2s","args":{"partition":"orders/0","percent":60})j"},
    {K::force_reconfigure, R"j("at":"2s")j",
     R"j({"id":"down2","at":"1s","do":"crash","target":"n2"},)j"
     R"j({"id":"down3","at":"1s","do":"crash","target":"n3"},)j",
     3, R"j({"budget":"beyond"})j"},
    {K::heal, R"j("at":"2s","args":{"fault":"sleep"})j",
     R"j({"id":"sleep","at":"1s","do":"pause","target":"n1","for":"3s"},)j"},
};

constexpr std::uint64_t seeds[] = {1, 2, 3};

const Control* control_of(FaultKind kind) {
    auto const* const found = std::find_if(std::begin(controls), std::end(controls),
                                           [=](const Control& c) { return c.kind == kind; });
    return found == std::end(controls) ? nullptr : found;
}

Scenario scenario_of(const Control& control) {
    std::string const text = fmt::format(
        R"j({{"format":1,"name":"control","why":"A test.","extends":"base-three-brokers.json",
             "cluster":{{"brokers":{},"topics":[
                 {{"name":"orders","partitions":2,"replication_factor":3}}]}},
             "workload":{{"messages":600}},"run":{{"virtual_time":"6s"}},
             "faults":{{"limits":{},"script":[{}{{"id":"it","do":"{}",{}}}]}}}})j",
        control.brokers, control.limits, control.before, name_of(control.kind), control.it);
    return test::written_scenario("control", text);
}

ElementFate fate_of_it(const RunResult& run) {
    auto const it = std::find_if(run.faults.begin(), run.faults.end(),
                                 [](const FaultLine& line) { return line.id == "it"; });
    return it == run.faults.end() ? ElementFate::scheduled : it->fate;
}

bool lacks_effect(const RunResult& run) {
    return std::count(run.void_kinds.begin(), run.void_kinds.end(),
                      VoidReason::fault_without_effect) > 0;
}

}  // namespace

TEST_CASE("control: every kind of fault has an effect, and without it its run is void",
          "[control]") {
    for (std::size_t i = 0; i < fault_kind_count; ++i) {
        auto const kind = static_cast<FaultKind>(i);
        const Control* const control = control_of(kind);
        INFO(name_of(kind));
        CHECK(control != nullptr);  // a new kind brings its control
        if (control == nullptr) {
            continue;
        }
        Scenario const scenario = scenario_of(*control);
        for (std::uint64_t const seed : seeds) {
            INFO("seed " << seed);

            RunResult const acting = run_once(scenario, seed);

            CHECK(acting.verdict == RunVerdict::pass);
            CHECK(fate_of_it(acting) == ElementFate::effective);
            if (kind == FaultKind::heal) {
                continue;  // no injector: the next test has its control
            }
            IdleInjector const idle{kind};
            RunResult const silent = run_once(scenario, seed);

            CHECK(silent.verdict == RunVerdict::void_run);
            CHECK(fate_of_it(silent) != ElementFate::effective);
            CHECK(lacks_effect(silent));
        }
    }
}

TEST_CASE("control: a heal that ends nothing makes its run void", "[control]") {
    Control too_late = *control_of(FaultKind::heal);
    too_late.it = R"j("at":"5s","args":{"fault":"sleep"})j";
    Scenario const scenario = scenario_of(too_late);

    for (std::uint64_t const seed : seeds) {
        RunResult const run = run_once(scenario, seed);

        CHECK(run.verdict == RunVerdict::void_run);
        CHECK(lacks_effect(run));
    }
}

}  // namespace brokersim
