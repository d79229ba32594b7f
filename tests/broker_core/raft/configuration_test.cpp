// Tests of configurations: majorities, single and joint, which changes make sense, and bytes.
#include "broker_core/raft/configuration.h"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include <map>
#include <set>

namespace broker::raft {
namespace {

std::vector<Member> members(std::initializer_list<std::uint32_t> ids) {
    std::vector<Member> list;
    for (std::uint32_t const id : ids) {
        list.push_back(Member{BrokerId{id}, DiskUuid{7}});
    }
    return list;
}

/// Some of brokers 1..9, `size_min` of them at least, ascending.
std::vector<Member> drawn_members(std::size_t size_min) {
    std::vector<Member> list;
    for (std::uint32_t id = 1; id <= 9; ++id) {
        bool const must = list.size() + (9 - id) < size_min;
        if (must || *rc::gen::inRange(0, 3) == 0) {
            list.push_back(Member{BrokerId{id}, DiskUuid{*rc::gen::inRange<std::uint64_t>(0, 3)}});
        }
    }
    return list;
}

Configuration drawn_configuration() {
    return Configuration{drawn_members(1), drawn_members(0), drawn_members(0)};
}

}  // namespace

TEST_CASE("configuration: a joint one needs both majorities", "[raft]") {
    Configuration const joint{members({1, 2, 3}), members({3, 4, 5}), members({6})};
    auto const with = [&](std::set<std::uint32_t> const& ids) {
        return joint.is_quorum([&](Member const& m) { return ids.count(m.id.value()) > 0; });
    };
    CHECK_FALSE(with({1, 2, 3}));
    CHECK_FALSE(with({3, 4, 5}));
    CHECK_FALSE(with({1, 2, 6}));
    CHECK(with({1, 3, 4}));
    CHECK(with({1, 2, 4, 5}));
}

TEST_CASE("configuration: the quorum index is what a quorum has reached, and no more", "[raft]") {
    rc::prop("any configuration and progress", [] {
        Configuration const configuration = drawn_configuration();
        std::map<Member, LogIndex> reached;
        for (Member const& member : configuration.members()) {
            reached[member] = LogIndex{*rc::gen::inRange<std::uint64_t>(0, 10)};
        }
        std::vector<LogIndex> scratch;
        LogIndex const index = configuration.quorum_index(
            [&](Member const& member) { return reached.at(member); }, scratch);
        auto const quorum_at = [&](LogIndex at) {
            return configuration.is_quorum(
                [&](Member const& member) { return reached.at(member) >= at; });
        };
        RC_ASSERT(quorum_at(index));
        RC_ASSERT(!quorum_at(index.next()));
    });
}

TEST_CASE("configuration: two quorums of one configuration share a member", "[raft]") {
    rc::prop("any configuration and halves", [] {
        Configuration const configuration = drawn_configuration();
        std::set<Member> half;
        for (Member const& member : configuration.members()) {
            if (*rc::gen::arbitrary<bool>()) {
                half.insert(member);
            }
        }
        bool const one =
            configuration.is_quorum([&](Member const& m) { return half.count(m) > 0; });
        bool const other =
            configuration.is_quorum([&](Member const& m) { return half.count(m) == 0; });
        RC_ASSERT(!(one && other));
    });
}

TEST_CASE("configuration: what cannot be a change is refused", "[raft]") {
    Configuration const now{members({1, 2, 3}), {}, {}};
    CHECK(check_change(now, Configuration{members({1, 2}), {}, members({3})}).has_value());
    CHECK_FALSE(check_change(now, now).has_value());
    CHECK_FALSE(check_change(now, Configuration{{}, {}, members({1})}).has_value());
    CHECK_FALSE(check_change(now, Configuration{members({2, 1}), {}, {}}).has_value());
    CHECK_FALSE(check_change(now, Configuration{members({1, 1}), {}, {}}).has_value());
    CHECK_FALSE(check_change(now, Configuration{members({1, 2}), {}, members({2})}).has_value());
    CHECK_FALSE(check_change(now, Configuration{members({1}), members({2}), {}}).has_value());
}

TEST_CASE("configuration and snapshot: bytes give back what was encoded, damaged ones nothing",
          "[raft]") {
    rc::prop("any snapshot", [] {
        Configuration const configuration = drawn_configuration();
        RC_ASSERT(decode_configuration(encode_configuration(configuration)) == configuration);

        Snapshot snapshot{LogIndex{*rc::gen::arbitrary<std::uint64_t>()},
                          Term{*rc::gen::arbitrary<std::uint64_t>()},
                          configuration,
                          {}};
        for (std::uint8_t const byte : *rc::gen::arbitrary<std::vector<std::uint8_t>>()) {
            snapshot.state.push_back(static_cast<std::byte>(byte));
        }
        Bytes bytes = encode_snapshot(snapshot);
        RC_ASSERT(decode_snapshot(bytes) == snapshot);
        auto const at = *rc::gen::inRange<std::size_t>(0, bytes.size());
        bytes[at] ^= std::byte{0x10};
        RC_ASSERT(!decode_snapshot(bytes).has_value());
        bytes[at] ^= std::byte{0x10};
        bytes.resize(at);
        RC_ASSERT(!decode_snapshot(bytes).has_value());
    });
}

}  // namespace broker::raft
