// Encodings of configurations and snapshots, and which changes make sense.
#include "broker_core/raft/configuration.h"

#include "broker_core/base/check.h"
#include "broker_core/base/crc32c.h"

namespace broker::raft {
namespace {

constexpr std::size_t members_max = 255;

void append_members(Bytes& target, const std::vector<Member>& members) {
    for (const Member& member : members) {
        append_le(target, member.id.value());
        append_le(target, member.disk.value());
    }
}

bool ascending(const std::vector<Member>& members) {
    return std::adjacent_find(members.begin(), members.end(), [](const Member& a, const Member& b) {
               return a.id >= b.id;
           }) == members.end();
}

std::vector<Member> read_members(ByteReader& reader, std::size_t count) {
    std::vector<Member> members;
    for (std::size_t i = 0; i < count && reader.ok(); ++i) {
        BrokerId const id{reader.le<std::uint32_t>()};
        DiskUuid const disk{reader.le<std::uint64_t>()};
        members.push_back(Member{id, disk});
    }
    return members;
}

}  // namespace

std::vector<Member> Configuration::members() const {
    std::vector<Member> all = voters;
    all.insert(all.end(), outgoing.begin(), outgoing.end());
    all.insert(all.end(), learners.begin(), learners.end());
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

Result<void> check_change(const Configuration& from, const Configuration& target) {
    if (target.voters.empty() || target.joint()) {
        return fail(ErrorCode::invalid, "raft: a change needs voters, and one set of them");
    }
    if (target.voters.size() + target.learners.size() > members_max) {
        return fail(ErrorCode::invalid, "raft: too many members");
    }
    if (!ascending(target.voters) || !ascending(target.learners)) {
        return fail(ErrorCode::invalid, "raft: members must ascend, each broker once");
    }
    for (const Member& learner : target.learners) {
        bool const votes = std::any_of(target.voters.begin(), target.voters.end(),
                                       [&](const Member& voter) { return voter.id == learner.id; });
        if (votes) {
            return fail(ErrorCode::invalid, "raft: a broker cannot vote and learn");
        }
    }
    if (target == from) {
        return fail(ErrorCode::invalid, "raft: nothing to change");
    }
    return {};
}

ControlKind control_kind(ByteSpan payload) {
    if (payload.empty()) {
        return ControlKind::no_op;
    }
    return static_cast<ControlKind>(payload[0]);
}

Bytes encode_configuration(const Configuration& configuration) {
    CHECK(configuration.voters.size() <= members_max);
    CHECK(configuration.outgoing.size() <= members_max);
    CHECK(configuration.learners.size() <= members_max);
    Bytes bytes;
    append_le(bytes, static_cast<std::uint8_t>(ControlKind::configuration));
    append_le(bytes, static_cast<std::uint8_t>(configuration.voters.size()));
    append_le(bytes, static_cast<std::uint8_t>(configuration.outgoing.size()));
    append_le(bytes, static_cast<std::uint8_t>(configuration.learners.size()));
    append_members(bytes, configuration.voters);
    append_members(bytes, configuration.outgoing);
    append_members(bytes, configuration.learners);
    return bytes;
}

Result<Configuration> decode_configuration(ByteSpan payload) {
    ByteReader reader{payload};
    auto const kind = reader.le<std::uint8_t>();
    auto const voters = reader.le<std::uint8_t>();
    auto const outgoing = reader.le<std::uint8_t>();
    auto const learners = reader.le<std::uint8_t>();
    Configuration configuration;
    configuration.voters = read_members(reader, voters);
    configuration.outgoing = read_members(reader, outgoing);
    configuration.learners = read_members(reader, learners);
    bool const whole = reader.ok() && reader.remaining() == 0 && !configuration.voters.empty() &&
                       ascending(configuration.voters) && ascending(configuration.outgoing) &&
                       ascending(configuration.learners);
    if (!whole || kind != static_cast<std::uint8_t>(ControlKind::configuration)) {
        return fail(ErrorCode::corrupt, "raft: configuration");
    }
    return configuration;
}

Bytes encode_snapshot(const Snapshot& snapshot) {
    Bytes const members = encode_configuration(snapshot.configuration);
    Bytes bytes;
    append_le(bytes, snapshot.index.value());
    append_le(bytes, snapshot.term.value());
    append_le(bytes, static_cast<std::uint32_t>(members.size()));
    append(bytes, members);
    append(bytes, snapshot.state);
    append_le(bytes, crc32c(bytes));
    return bytes;
}

Result<Snapshot> decode_snapshot(ByteSpan bytes) {
    constexpr std::size_t crc_bytes = 4;
    if (bytes.size() < crc_bytes) {
        return fail(ErrorCode::corrupt, "raft: snapshot too short");
    }
    ByteSpan const body = bytes.first(bytes.size() - crc_bytes);
    if (load_le<std::uint32_t>(bytes.data() + body.size()) != crc32c(body)) {
        return fail(ErrorCode::corrupt, "raft: snapshot checksum");
    }
    ByteReader reader{body};
    Snapshot snapshot;
    snapshot.index = LogIndex{reader.le<std::uint64_t>()};
    snapshot.term = Term{reader.le<std::uint64_t>()};
    auto const members = reader.le<std::uint32_t>();
    Result<Configuration> configuration = decode_configuration(reader.bytes(members));
    if (!reader.ok() || !configuration) {
        return fail(ErrorCode::corrupt, "raft: snapshot configuration");
    }
    snapshot.configuration = std::move(*configuration);
    ByteSpan const state = reader.bytes(reader.remaining());
    snapshot.state.assign(state.begin(), state.end());
    return snapshot;
}

}  // namespace broker::raft
