// Tests of the log in memory and of what a leader knows of a follower.
#include "broker_core/raft/log.h"

#include "broker_core/raft/progress.h"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include <algorithm>

namespace broker::raft {
namespace {

Log log_of(std::vector<std::uint64_t> const& terms) {
    Log log;
    for (std::uint64_t const term : terms) {
        log.append(Entry{Term{term}, false, {}});
    }
    return log;
}

constexpr Duration patience = 25_ms;

/// A follower in full flow up to `match`.
RaftTuning window(std::uint32_t messages, std::uint64_t bytes = 1 << 20) {
    RaftTuning tuning;
    tuning.max_inflight = messages;
    tuning.max_inflight_bytes = bytes;
    return tuning;
}

Progress replicating(std::uint64_t match) {
    Progress progress{LogIndex{match + 1}};
    progress.accepted(LogIndex{match});
    return progress;
}

}  // namespace

TEST_CASE("log: terms before the first entry and behind the last one are 0", "[raft]") {
    Log const log = log_of({1, 1, 3});

    CHECK(log.term_at(LogIndex{0}) == Term{0});
    CHECK(log.term_at(LogIndex{3}) == Term{3});
    CHECK(log.term_at(LogIndex{4}) == Term{0});
    CHECK(log.matches(LogIndex{0}, Term{0}));
    CHECK(log.matches(LogIndex{2}, Term{1}));
    CHECK_FALSE(log.matches(LogIndex{2}, Term{3}));
    CHECK_FALSE(log.matches(LogIndex{4}, Term{0}));
}

TEST_CASE("log: a later last term is more up to date than a longer log", "[raft]") {
    Log const log = log_of({1, 1, 3});

    CHECK(log.up_to_date(LogIndex{3}, Term{3}));
    CHECK(log.up_to_date(LogIndex{4}, Term{3}));
    CHECK(log.up_to_date(LogIndex{1}, Term{4}));
    CHECK_FALSE(log.up_to_date(LogIndex{2}, Term{3}));
    CHECK_FALSE(log.up_to_date(LogIndex{9}, Term{2}));
}

TEST_CASE("log: the last possible match steps over whole terms", "[raft]") {
    Log const log = log_of({1, 1, 4, 4, 5, 5, 6, 6, 6});

    CHECK(log.last_possible_match(LogIndex{9}, Term{6}) == LogIndex{9});
    CHECK(log.last_possible_match(LogIndex{99}, Term{6}) == LogIndex{9});
    CHECK(log.last_possible_match(LogIndex{9}, Term{5}) == LogIndex{6});
    CHECK(log.last_possible_match(LogIndex{9}, Term{3}) == LogIndex{2});
    CHECK(log.last_possible_match(LogIndex{5}, Term{6}) == LogIndex{5});
    CHECK(log.last_possible_match(LogIndex{9}, Term{0}) == LogIndex{0});
    CHECK(log.last_possible_match(LogIndex{0}, Term{6}) == LogIndex{0});
    CHECK(Log{}.last_possible_match(LogIndex{3}, Term{1}) == LogIndex{0});
}

TEST_CASE("log: the last possible match never steps over a real one", "[raft]") {
    rc::prop("two logs with a common prefix", [] {
        auto terms = *rc::gen::container<std::vector<std::uint64_t>>(rc::gen::inRange(1, 6));
        auto other = *rc::gen::container<std::vector<std::uint64_t>>(rc::gen::inRange(1, 6));
        std::sort(terms.begin(), terms.end());
        std::sort(other.begin(), other.end());
        Log const mine = log_of(terms);
        Log const theirs = log_of(other);
        std::uint64_t common = 0;
        while (common < std::min(terms.size(), other.size()) && terms[common] == other[common]) {
            ++common;
        }

        LogIndex const at = theirs.last_index();
        LogIndex const match = mine.last_possible_match(at, theirs.last_term());

        RC_ASSERT(match >= LogIndex{common});
        RC_ASSERT(match <= mine.last_index());
    });
}

TEST_CASE("progress: while probing one append is on its way at a time", "[raft]") {
    Progress progress{LogIndex{5}};

    CHECK(progress.may_send(window(64)));
    progress.sent(LogIndex{9}, 10);
    CHECK_FALSE(progress.may_send(window(64)));
    CHECK(progress.next() == LogIndex{5});
    CHECK(progress.accepted(LogIndex{9}));

    CHECK(progress.replicating());
    CHECK(progress.match() == LogIndex{9});
    CHECK(progress.next() == LogIndex{10});
    CHECK(progress.may_send(window(64)));
}

TEST_CASE("progress: in full flow appends leave ahead of their replies, up to the window",
          "[raft]") {
    Progress progress = replicating(4);

    progress.sent(LogIndex{5}, 10);
    progress.sent(LogIndex{6}, 10);
    CHECK(progress.next() == LogIndex{7});
    CHECK_FALSE(progress.may_send(window(2)));
    CHECK(progress.accepted(LogIndex{5}));

    CHECK(progress.may_send(window(2)));
    CHECK(progress.match() == LogIndex{5});
}

TEST_CASE("progress: a late success is no news and takes nothing back", "[raft]") {
    Progress progress = replicating(9);

    CHECK_FALSE(progress.accepted(LogIndex{4}));

    CHECK(progress.match() == LogIndex{9});
    CHECK(progress.next() == LogIndex{10});
}

TEST_CASE("progress: a refused probe goes back to where the logs may agree", "[raft]") {
    Progress progress{LogIndex{10}};
    progress.sent(LogIndex{10}, 10);

    CHECK(progress.rejected(LogIndex{9}, LogIndex{3}, Time{}, patience));

    CHECK(progress.next() == LogIndex{4});
    CHECK(progress.may_send(window(64)));
    CHECK_FALSE(progress.rejected(LogIndex{9}, LogIndex{1}, Time{}, patience));
    CHECK(progress.next() == LogIndex{4});
}

TEST_CASE("progress: in full flow only a gap that stands is a loss", "[raft]") {
    Progress progress = replicating(4);
    for (std::uint64_t last = 5; last <= 8; ++last) {
        progress.sent(LogIndex{last}, 10);
    }

    CHECK_FALSE(progress.rejected(LogIndex{6}, LogIndex{4}, Time{}, patience));
    CHECK_FALSE(progress.rejected(LogIndex{7}, LogIndex{4}, Time{} + 24_ms, patience));
    CHECK(progress.replicating());
    CHECK(progress.rejected(LogIndex{7}, LogIndex{4}, Time{} + 25_ms, patience));

    CHECK_FALSE(progress.replicating());
    CHECK(progress.next() == LogIndex{5});
}

TEST_CASE("progress: a refusal below what is known to match is stale", "[raft]") {
    Progress progress = replicating(9);

    CHECK_FALSE(progress.rejected(LogIndex{7}, LogIndex{2}, Time{} + 1_s, patience));

    CHECK(progress.replicating());
    CHECK(progress.match() == LogIndex{9});
}

TEST_CASE("progress: a sign of life frees a lost probe and the head of a full window", "[raft]") {
    Progress probing{LogIndex{5}};
    probing.sent(LogIndex{5}, 10);
    probing.alive(window(64));
    CHECK(probing.may_send(window(64)));

    Progress full = replicating(4);
    full.sent(LogIndex{5}, 10);
    full.sent(LogIndex{6}, 10);
    full.alive(window(2));
    CHECK(full.may_send(window(2)));
}

TEST_CASE("progress: the window counts bytes as well as messages", "[raft]") {
    Progress progress = replicating(4);
    progress.sent(LogIndex{5}, 600);
    CHECK(progress.may_send(window(64, 1000)));
    progress.sent(LogIndex{6}, 600);
    CHECK_FALSE(progress.may_send(window(64, 1000)));
    progress.alive(window(64, 1000));
    CHECK(progress.may_send(window(64, 1000)));
}

TEST_CASE("progress: while a snapshot goes over nothing else does, until its end shows", "[raft]") {
    Progress progress{LogIndex{5}};
    progress.install(LogIndex{20});
    CHECK_FALSE(progress.may_send(window(64)));
    CHECK(progress.may_send_chunk());
    progress.chunk_sent();
    CHECK_FALSE(progress.may_send_chunk());
    progress.chunk_wanted(100);
    CHECK(progress.chunk_offset() == 100);

    CHECK_FALSE(progress.rejected(LogIndex{7}, LogIndex{2}, Time{} + 1_s, patience));
    CHECK(progress.accepted(LogIndex{4}));  // a late reply to an append
    CHECK(progress.installing());
    CHECK(progress.accepted(LogIndex{20}));
    CHECK(progress.replicating());
    CHECK(progress.next() == LogIndex{21});
}

TEST_CASE("raft log: what a snapshot stands for is gone, but its last term is known", "[raft]") {
    Log log{{Entry{Term{1}}, Entry{Term{1}}, Entry{Term{2}}, Entry{Term{3}}}};
    log.compact(Snapshot{LogIndex{2}, Term{1}, {}, {}});

    CHECK(log.start() == LogIndex{2});
    CHECK(log.first_index() == LogIndex{3});
    CHECK(log.last_index() == LogIndex{4});
    CHECK(log.term_at(LogIndex{1}) == Term{});
    CHECK(log.term_at(LogIndex{2}) == Term{1});
    CHECK(log.at(LogIndex{3}).term == Term{2});
    CHECK(log.matches(LogIndex{2}, Term{1}));
    CHECK_FALSE(log.matches(LogIndex{1}, Term{1}));
    CHECK(log.last_possible_match(LogIndex{4}, Term{2}) == LogIndex{3});
    CHECK(log.last_possible_match(LogIndex{4}, Term{0}) == LogIndex{1});
    CHECK(log.last_possible_match(LogIndex{2}, Term{0}) == LogIndex{1});
    CHECK(log.last_possible_match(LogIndex{1}, Term{1}) == LogIndex{1});

    log.truncate(LogIndex{3});
    CHECK(log.last_index() == LogIndex{2});
    CHECK(log.last_term() == Term{1});
    log.reset(Snapshot{LogIndex{9}, Term{4}, {}, {}});
    CHECK(log.last_index() == LogIndex{9});
    CHECK(log.last_term() == Term{4});
}

}  // namespace broker::raft
