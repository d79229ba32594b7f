// The interpreter of Raft dialogues.
#include "tests/broker_core/raft/raft_dialogue.h"

#include "tests/broker_core/raft/stand_in_log.h"

#include <fmt/core.h>

namespace broker::raft {
namespace {

std::uint32_t node_of(test::Command const& command) {
    return static_cast<std::uint32_t>(std::stoul(command.words.at(0)));
}

std::string text_of(Bytes const& bytes) {
    std::string text;
    for (std::byte const b : bytes) {
        text += static_cast<char>(b);
    }
    return text;
}

std::string list_text(std::vector<Member> const& members) {
    std::string text;
    for (Member const& member : members) {
        text += (text.empty() ? "" : ",") + std::to_string(member.id.value());
        text += member.disk != DiskUuid{} ? "'" : "";  // on another disk than the first
    }
    return text.empty() ? "none" : text;
}

std::string configuration_text(Configuration const& configuration) {
    std::string text = "voters=" + list_text(configuration.voters);
    text += configuration.joint() ? " and " + list_text(configuration.outgoing) : "";
    text += configuration.learners.empty() ? "" : " learners=" + list_text(configuration.learners);
    return text;
}

std::string entry_text(Term term, bool control, ByteSpan payload) {
    std::string text = std::to_string(term.value());
    if (!control) {
        return text + text_of(Bytes{payload.begin(), payload.end()});
    }
    Result<Configuration> const configuration = decode_configuration(payload);
    return text + (configuration ? "{" + configuration_text(*configuration) + "}" : "-");
}

/// What a message says, in one line.
std::string message_text(Received const& received) {
    static constexpr const char* kinds[] = {
        "pre_vote",  "pre_vote_reply",  "vote",     "vote_reply",     "append",     "append_reply",
        "heartbeat", "heartbeat_reply", "snapshot", "snapshot_reply", "timeout_now"};
    Message const& message = received.message;
    std::string text = fmt::format("{} term={}", kinds[static_cast<std::size_t>(message.kind)],
                                   message.term.value());
    switch (message.kind) {
        case MessageKind::pre_vote:
        case MessageKind::vote:
        case MessageKind::timeout_now:
            text += fmt::format(" last={}/{}{}", message.index.value(), message.log_term.value(),
                                message.force ? " forced" : "");
            break;
        case MessageKind::pre_vote_reply:
        case MessageKind::vote_reply:
            text += message.reject ? " refused" : " granted";
            break;
        case MessageKind::append: {
            text += fmt::format(" after={}/{} commit={} entries=", message.index.value(),
                                message.log_term.value(), message.commit.value());
            for (EntryView const& entry : received.entries) {
                text += (&entry == received.entries.data() ? "" : ",") +
                        entry_text(entry.term, entry.control, entry.payload);
            }
            break;
        }
        case MessageKind::append_reply:
            text += message.reject ? fmt::format(" refused={} hint={}/{}", message.index.value(),
                                                 message.hint.value(), message.log_term.value())
                                   : fmt::format(" match={}", message.index.value());
            break;
        case MessageKind::heartbeat:
            text += fmt::format(" commit={}", message.commit.value());
            text += message.round > 0 ? fmt::format(" round={}", message.round) : "";
            break;
        case MessageKind::heartbeat_reply:
            text += message.round > 0 ? fmt::format(" round={}", message.round) : "";
            break;
        case MessageKind::snapshot:
            text += fmt::format(" last={}/{} bytes={}..{} of {}", message.index.value(),
                                message.log_term.value(), message.offset,
                                message.offset + message.count, message.total);
            break;
        case MessageKind::snapshot_reply:
            text += fmt::format(" last={} wants={}", message.index.value(), message.offset);
            break;
    }
    return text;
}

const char* role_text(Role const& role) {
    static constexpr const char* roles[] = {"follower", "pre-candidate", "candidate", "leader"};
    return roles[role.index()];
}

}  // namespace

std::string Dialogue::run(test::Command const& command) {
    output_.clear();
    std::string const& name = command.name;
    std::size_t const arrow =
        command.words.empty() ? std::string::npos : command.words[0].find("->");
    Link link{};
    if (arrow != std::string::npos) {
        link.from = static_cast<std::uint32_t>(std::stoul(command.words[0].substr(0, arrow)));
        link.to = static_cast<std::uint32_t>(std::stoul(command.words[0].substr(arrow + 2)));
    }
    if (name == "cluster") {
        cluster(command);
    } else if (name == "wait") {
        now_ = now_ + 1_ms * command.number("ms");
    } else if (name == "deliver") {
        deliver(link, command.number("nth"));
    } else if (name == "drop") {
        drop(link, command.number("nth"));
    } else if (name == "probe") {
        probe(link, command);
    } else if (name == "copy") {
        links_[{link.from, link.to}].push_front(links_[{link.from, link.to}].front());
    } else if (name == "stabilize") {
        stabilize(static_cast<std::uint32_t>(command.number("cut")));
    } else if (name == "log") {
        set_log(node_of(command), command);
    } else if (name == "tick") {
        now_ = std::max(now_, nodes_.at(node_of(command)).raft->next_deadline());
        step(node_of(command), Input{Tick{}});
    } else if (name == "propose") {
        Raft& raft = *nodes_.at(node_of(command)).raft;
        if (!raft.accepts_proposals()) {
            say(raft.is_leader() ? "refused: handing over" : "refused: not the leader");
            return output_;
        }
        ByteSpan const payload = as_bytes(command.words.at(1));
        step(node_of(command), Input{Propose{Bytes{payload.begin(), payload.end()}}});
    } else if (name == "change") {
        std::uint32_t const id = node_of(command);
        Configuration const target{
            members_of(command.text("voters")), {}, members_of(command.text("learners"))};
        say_outcome(id, nodes_.at(id).raft->change_members(now_, target));
    } else if (name == "force") {
        std::uint32_t const id = node_of(command);
        Configuration const target{members_of(command.text("voters")), {}, {}};
        say_outcome(id, nodes_.at(id).raft->force_members(now_, target));
    } else if (name == "transfer") {
        std::uint32_t const id = node_of(command);
        BrokerId const to{static_cast<std::uint32_t>(command.number("to"))};
        say_outcome(id, nodes_.at(id).raft->transfer_leadership(now_, to));
    } else if (name == "read") {
        std::uint32_t const id = node_of(command);
        auto const number = static_cast<std::uint64_t>(command.number("id"));
        say_outcome(id, nodes_.at(id).raft->read_index(now_, number));
    } else if (name == "compact") {
        Node& node = nodes_.at(node_of(command));
        LogIndex const index{static_cast<std::uint64_t>(command.number("index"))};
        std::string const state = "state as of " + command.text("index");
        ByteSpan const bytes = as_bytes(state);
        node.raft->compact(node.raft->snapshot_at(index, Bytes{bytes.begin(), bytes.end()}));
        sync_log(node_of(command));
    } else if (name == "members") {
        show_members(node_of(command));
    } else if (name == "stable") {
        std::uint32_t const id = node_of(command);
        say(fmt::format("{}: stable {}", id, nodes_.at(id).raft->stable().value()));
    } else if (name == "stale") {
        step(node_of(command),
             Input{wal::Wal::synced(
                 LogIndex{static_cast<std::uint64_t>(command.number("index"))},
                 Term{static_cast<std::uint64_t>(command.number("term"))},
                 Generation{static_cast<std::uint64_t>(command.number("generation"))})});
    } else if (name == "wipe") {
        Node& node = nodes_.at(node_of(command));
        node.disk = Stored{};
        node.uuid = DiskUuid{node.uuid.value() + 1};
        start(node_of(command));
        show(node_of(command));
    } else if (name == "manual") {
        nodes_.at(node_of(command)).manual = true;
    } else if (name == "automatic") {
        nodes_.at(node_of(command)).manual = false;
    } else if (name == "durable") {
        sync_log(node_of(command));
    } else if (name == "vote-durable") {
        sync_vote(node_of(command));
    } else if (name == "restart") {
        start(node_of(command));
        show(node_of(command));
    } else if (name == "show") {
        show(node_of(command));
    } else {
        say("no such command: " + name);
    }
    return output_;
}

void Dialogue::cluster(test::Command const& command) {
    *this = Dialogue{};
    tuning_.max_append_bytes = static_cast<std::uint64_t>(command.number("append-bytes", 65536));
    tuning_.max_inflight = static_cast<std::uint32_t>(command.number("inflight", 64));
    tuning_.commit_before_own_sync = command.has("early-commit");
    unsynced_quorum_ = command.has("unsynced");
    tuning_.max_inflight_bytes =
        static_cast<std::uint64_t>(command.number("inflight-bytes", 1 << 20));
    tuning_.snapshot_chunk = static_cast<std::uint64_t>(command.number("chunk", 1 << 14));
    for (std::uint32_t id = 1; id <= command.number("voters"); ++id) {
        bootstrap_.voters.push_back(Member{BrokerId{id}, DiskUuid{}});
    }
    std::int64_t const nodes = command.number("nodes", command.number("voters"));
    for (std::uint32_t id = 1; id <= nodes; ++id) {
        start(id);
    }
}

std::vector<Member> Dialogue::members_of(std::string const& list) const {
    std::vector<Member> members;
    std::istringstream ids{list};
    for (std::string id; std::getline(ids, id, ',');) {
        auto const number = static_cast<std::uint32_t>(std::stoul(id));
        members.push_back(Member{BrokerId{number}, nodes_.at(number).uuid});
    }
    return members;
}

void Dialogue::say_outcome(std::uint32_t id, Result<void> const& outcome) {
    if (!outcome) {
        static constexpr const char* codes[] = {
            "not found",   "io error", "no space", "corrupt",        "damaged", "foreign",
            "unsupported", "limit",    "invalid",  "not the leader", "busy"};
        say(fmt::format("refused: {} ({})", codes[static_cast<std::size_t>(outcome.error().code)],
                        outcome.error().where));
    }
    perform(id);
}

void Dialogue::show_members(std::uint32_t id) {
    say(fmt::format("{}: {}", id, configuration_text(nodes_.at(id).raft->configuration())));
}

void Dialogue::start(std::uint32_t id) {
    Node& node = nodes_[id];
    node.raft.emplace(
        Config{Member{BrokerId{id}, node.uuid}, bootstrap_, tuning_, 1, unsynced_quorum_},
        node.disk, now_, probes_);
    node.generation = Generation{};
    node.stored = node.disk.hard_state;
    node.durable_number = node.stored_number;
    node.synced = node.raft->log().last_index();
    node.waiting.clear();
}

void Dialogue::set_log(std::uint32_t id, test::Command const& command) {
    Node& node = nodes_.at(id);
    node.disk.entries.clear();
    std::istringstream terms{command.text("terms")};
    for (std::string term; std::getline(terms, term, ',');) {
        node.disk.entries.push_back(Entry{Term{std::stoull(term)}, false, Bytes{std::byte{'x'}}});
    }
    std::int64_t const last =
        node.disk.entries.empty()
            ? 0
            : static_cast<std::int64_t>(node.disk.entries.back().term.value());
    node.disk.hard_state = HardState{Term{static_cast<std::uint64_t>(command.number("term", last))},
                                     BrokerId{static_cast<std::uint32_t>(command.number("vote"))}};
    start(id);
}

void Dialogue::step(std::uint32_t id, Input const& input) {
    nodes_.at(id).raft->step(now_, input);
    perform(id);
}

void Dialogue::deliver_bytes(std::uint32_t to, Bytes const& bytes) {
    Received received;
    REQUIRE(decode(bytes, received).has_value());
    step(to, Input{&received});
}

void Dialogue::deliver(Link link, std::int64_t nth) {
    std::deque<Bytes>& queue = links_[{link.from, link.to}];
    if (nth != 0) {
        auto const at = queue.begin() + static_cast<std::ptrdiff_t>(nth - 1);
        REQUIRE(at < queue.end());
        Bytes const bytes = *at;
        queue.erase(at);
        deliver_bytes(link.to, bytes);
        return;
    }
    for (std::size_t count = queue.size(); count > 0; --count) {
        Bytes const bytes = queue.front();
        queue.pop_front();
        deliver_bytes(link.to, bytes);
    }
}

void Dialogue::probe(Link link, test::Command const& command) {
    std::string const after = command.text("after");
    Message const message{.kind = MessageKind::append,
                          .from = BrokerId{link.from},
                          .to = BrokerId{link.to},
                          .term = Term{static_cast<std::uint64_t>(command.number("term"))},
                          .index = LogIndex{std::stoull(after)},
                          .log_term = Term{std::stoull(after.substr(after.find('/') + 1))},
                          .commit = LogIndex{static_cast<std::uint64_t>(command.number("commit"))}};
    Bytes bytes;
    encode(bytes, message, Log{});
    deliver_bytes(link.to, bytes);
}

void Dialogue::drop(Link link, std::int64_t nth) {
    std::deque<Bytes>& queue = links_[{link.from, link.to}];
    if (nth == 0) {
        queue.clear();
    } else {
        queue.erase(queue.begin() + static_cast<std::ptrdiff_t>(nth - 1));
    }
}

void Dialogue::stabilize(std::uint32_t cut) {
    quiet_ = true;
    for (bool moved = true; moved;) {
        moved = false;
        for (auto& [link, queue] : links_) {
            if (link.first == cut || link.second == cut) {
                queue.clear();
            } else if (!queue.empty()) {
                moved = true;
                deliver(Link{link.first, link.second}, 1);
            }
        }
    }
    quiet_ = false;
    for (auto const& [id, node] : nodes_) {
        show(id);
    }
}

void Dialogue::perform(std::uint32_t id) {
    Node& node = nodes_.at(id);
    Ready& ready = node.raft->ready();
    if (ready.hard_state) {
        node.stored = *ready.hard_state;
        ++node.stored_number;
        say(fmt::format("{}: term={} vote={}", id, node.stored.term.value(),
                        node.stored.vote.value()));
    }
    bool const installs = ready.install;
    if (installs) {
        say(fmt::format("{}: install {}", id, node.raft->log().start().value()));
        node.synced = LogIndex{};
        ++node.generation;
    }
    if (ready.truncate_from) {
        ++node.generation;
        say(fmt::format("{}: cut from {}", id, ready.truncate_from->value()));
        node.synced = std::min(node.synced, ready.truncate_from->previous());
    }
    if (ready.append_from) {
        say(fmt::format("{}: append {}..{}", id, ready.append_from->value(),
                        node.raft->log().last_index().value()));
    }
    if (ready.became_leader) {
        say(fmt::format("{}: leads term {}", id, node.raft->term().value()));
    }
    if (ready.stepped_down) {
        say(fmt::format("{}: stepped down", id));
    }
    for (SealedMessage& sealed : ready.messages) {
        Message const message = wal::Wal::open(std::move(sealed.message));
        Bytes bytes;
        encode(bytes, message, node.raft->log());
        node.waiting.push_back(
            Waiting{sealed.to, sealed.durable_first, node.stored_number, std::move(bytes)});
    }
    if (ready.commit) {
        say(fmt::format("{}: commit {}", id, ready.commit->value()));
    }
    for (ReadReady const& read : ready.reads) {
        say(read.lost ? fmt::format("{}: read {} lost", id, read.id)
                      : fmt::format("{}: read {} at {}", id, read.id, read.index.value()));
    }
    bool const has_log = ready.append_from.has_value() || installs;
    bool const has_state = ready.hard_state.has_value();
    ready.clear();
    if (!node.manual && has_state) {
        sync_vote(id);
    }
    if (!node.manual && has_log) {
        sync_log(id);
    }
    release(id);
}

void Dialogue::release(std::uint32_t id) {
    Node& node = nodes_.at(id);
    std::vector<Waiting> kept;
    for (Waiting& waiting : node.waiting) {
        if (waiting.durable_first > node.synced ||
            waiting.hard_state_number > node.durable_number) {
            kept.push_back(std::move(waiting));
            continue;
        }
        Received received;
        REQUIRE(decode(waiting.bytes, received).has_value());
        say(fmt::format("{}->{} {}", id, waiting.to.value(), message_text(received)));
        links_[{id, waiting.to.value()}].push_back(std::move(waiting.bytes));
    }
    node.waiting = std::move(kept);
}

void Dialogue::sync_log(std::uint32_t id) {
    Node& node = nodes_.at(id);
    Log const& log = node.raft->log();
    node.disk.snapshot = log.snapshot();
    node.disk.entries.clear();
    for (LogIndex index = log.first_index(); index <= log.last_index(); ++index) {
        node.disk.entries.push_back(log.at(index));
    }
    node.synced = log.last_index();
    step(id, Input{wal::Wal::synced(node.synced, log.last_term(), node.generation)});
}

void Dialogue::sync_vote(std::uint32_t id) {
    Node& node = nodes_.at(id);
    node.disk.hard_state = node.stored;
    node.durable_number = node.stored_number;
    step(id, Input{wal::HardStateFile::synced(node.stored.term, node.stored.vote)});
}

void Dialogue::show(std::uint32_t id) {
    Raft const& raft = *nodes_.at(id).raft;
    std::string log = raft.log().start() == LogIndex{}
                          ? ""
                          : fmt::format("[{}/{}]", raft.log().start().value(),
                                        raft.log().snapshot().term.value());
    for (LogIndex index = raft.log().first_index(); index <= raft.log().last_index(); ++index) {
        Entry const& entry = raft.log().at(index);
        log += (log.empty() ? "" : ",") + entry_text(entry.term, entry.control, entry.payload);
    }
    say(fmt::format("{}: {} term={} vote={} leader={} commit={} log={}", id, role_text(raft.role()),
                    raft.term().value(), raft.hard_state().vote.value(), raft.leader().value(),
                    raft.commit().value(), log));
}

void Dialogue::say(std::string const& line) {
    if (!quiet_) {
        output_ += line + "\n";
    }
}

}  // namespace broker::raft
