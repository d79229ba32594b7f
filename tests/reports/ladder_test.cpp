// Ladders, causes and signatures of small hand-made timelines; bundles read back as written.
#include "reports/ladder.h"

#include "reports/bundle.h"
#include "reports/diagnosis.h"
#include "reports/explain.h"

#include <catch2/catch.hpp>

namespace brokersim::reports {
namespace {

/// One message in one partition on three brokers.
Timeline timeline_with(std::vector<Rung> rungs) {
    Timeline timeline;
    timeline.brokers = 3;
    timeline.run = "00000000000000aa";
    timeline.partitions = {Partition{"orders/0", 3}};
    timeline.messages = {TracedMessage{1, 42, 0}};
    timeline.rungs = std::move(rungs);
    return timeline;
}

Rung at(std::uint64_t event, Step step, std::uint32_t node, std::uint64_t index = 5) {
    bool const entry = step >= Step::appended && step <= Step::committed;
    bool const end = step == Step::truncated || step == Step::lost;
    return Rung{.step = step,
                .event = event,
                .time_ns = static_cast<std::int64_t>(event) * 1000,
                .node = node,
                .incarnation = 1,
                .index = entry || end ? index : 0,
                .term = 2};
}

Cause cause_of(std::vector<Rung> rungs) {
    Timeline const timeline = timeline_with(std::move(rungs));
    return cause_of_loss(timeline, build_ladder(timeline, 0), UINT64_MAX);
}

}  // namespace

TEST_CASE("ladder: the first missing rung below the promise is the cause", "[ladder]") {
    Rung const sent = at(1, Step::sent, 0);
    Rung const appended = at(3, Step::appended, 1);
    Rung const written = at(4, Step::written, 1);
    Rung const ack = at(9, Step::ack_sent, 1);

    CHECK(cause_of({sent, appended, ack}) == Cause::never_written);
    CHECK(cause_of({sent, appended, written, ack}) == Cause::acked_unsynced);
    CHECK(cause_of({sent, appended, written, at(5, Step::synced, 1), ack,
                    at(10, Step::synced, 2)}) == Cause::acked_unsynced);
    std::vector<Rung> quorum = {sent, appended, written, at(5, Step::synced, 1),
                                at(6, Step::synced, 2)};
    auto const with = [&](std::vector<Rung> more) {
        std::vector<Rung> all = quorum;
        all.insert(all.end(), more.begin(), more.end());
        return cause_of(all);
    };
    CHECK(with({ack}) == Cause::acked_uncommitted);
    CHECK(with({at(7, Step::committed, 1), ack, at(12, Step::truncated, 2)}) ==
          Cause::truncated_after_commit);
    CHECK(with({at(7, Step::committed, 1), ack, at(12, Step::lost, 1)}) == Cause::lost_on_disk);
    CHECK(with({at(7, Step::committed, 1), ack}) == Cause::none);
}

TEST_CASE("ladder: two entries of one admission were written twice, of two a retry was missed",
          "[ladder]") {
    std::vector<Rung> rungs = {at(1, Step::sent, 0), at(2, Step::admitted, 1),
                               at(3, Step::appended, 1, 5), at(8, Step::appended, 1, 6)};
    Timeline const once = timeline_with(rungs);
    rungs.insert(rungs.begin() + 3, at(7, Step::admitted, 1));
    Timeline const twice = timeline_with(rungs);

    CHECK(cause_of_copies(build_ladder(once, 0)) == Cause::written_twice);
    CHECK(cause_of_copies(build_ladder(twice, 0)) == Cause::dedup_lost);
    CHECK(ladder_text(once, 0).find("they part at the append") != std::string::npos);
}

TEST_CASE("explain: a station that was never passed is a line", "[ladder]") {
    Timeline const timeline =
        timeline_with({at(1, Step::sent, 0), at(2, Step::appended, 1), at(9, Step::ack_sent, 1)});

    std::string const text = ladder_text(timeline, 0);

    CHECK(text.find("never  nobody      written") != std::string::npos);
    CHECK(text.find("never  nobody      synced") != std::string::npos);
    CHECK(text.find("orders/0 #42 of producer-1   (id 1/42)") != std::string::npos);
}

TEST_CASE("signature: the fault counts only if it touched the message's brokers in its time",
          "[signature]") {
    Timeline timeline = timeline_with({at(10, Step::sent, 0), at(12, Step::admitted, 1),
                                       at(13, Step::appended, 1), at(20, Step::ack_sent, 1)});
    Failure const failure{.violated = "R16", .event = 20, .node = 1};
    auto const signature = [&](std::uint64_t event, std::uint32_t node) {
        timeline.faults = {Fault{
            .id = "f", .kind = "crash.power", .nodes = {node}, .event = event, .effective = true}};
        return diagnose(timeline, failure, Judgement{}).signature;
    };

    CHECK(signature(15, 1) == "R16/never_written/crash.power.leader");
    CHECK(signature(5, 1) == "R16/never_written/none");
    CHECK(signature(15, 2) == "R16/never_written/none");
    CHECK(signature(25, 1) == "R16/never_written/none");
}

TEST_CASE("message names: of this run, and none of another", "[ladder]") {
    Timeline const timeline = timeline_with({});

    CHECK(timeline.find("1/42") == 0U);
    CHECK(timeline.find("00000000000000aa/1/42") == 0U);
    CHECK_FALSE(timeline.find("00000000000000bb/1/42"));
    for (const char* const name : {"", "/", "1", "1/", "x/42", "1/43", "-1/42"}) {
        CHECK_FALSE(timeline.find(name));
    }
}

TEST_CASE("bundle: what is written is read back, also with hostile texts", "[bundle]") {
    Repro repro;
    repro.scenario_name = "a\"b</script>\n";
    repro.scenario_json = R"({"name":"x"})";
    repro.seed = UINT64_MAX;
    repro.trace_hash = 0x123456789abcdef0U;
    repro.checkpoints = {1, UINT64_MAX};
    repro.plan = {{R"({"id":"f"})", true}};
    repro.violated = {"R16"};
    repro.signature = "R16/x/none";

    auto const read = parse_repro(to_json(repro));

    REQUIRE(read.has_value());
    CHECK(read->scenario_name == repro.scenario_name);
    CHECK(read->seed == repro.seed);
    CHECK(read->checkpoints == repro.checkpoints);
    CHECK(read->plan.front().json == repro.plan.front().json);
    CHECK(to_json(*read).size() == to_json(repro).size());
    std::string const text = to_json(repro);
    for (std::size_t cut = 0; cut < text.size() - 2; ++cut) {
        REQUIRE_FALSE(parse_repro(text.substr(0, cut)).has_value());
    }
}

TEST_CASE("bundle: marks of events are read back, and anything else is none", "[bundle]") {
    std::vector<EventMark> const marks = {{1, 2, 3, 4}, {0xffffffff, 14, 0xffffff, INT64_MAX}};

    std::vector<EventMark> const read = decode_marks(encode_marks(marks));

    REQUIRE(read.size() == 2);
    CHECK(read[1].state == marks[1].state);
    CHECK(read[1].kind == marks[1].kind);
    CHECK(read[1].target == marks[1].target);
    CHECK(read[1].time_ns == marks[1].time_ns);
    CHECK(decode_marks("nonsense").empty());
    CHECK(decode_marks("").empty());
}

}  // namespace brokersim::reports
