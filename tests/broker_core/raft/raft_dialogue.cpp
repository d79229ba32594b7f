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

std::string entry_text(Term term, bool control, std::string const& payload) {
    return fmt::format("{}{}", term.value(), control ? "-" : payload);
}

/// What a message says, in one line.
std::string message_text(Received const& received) {
    static constexpr const char* kinds[] = {"pre_vote",   "pre_vote_reply", "vote",
                                            "vote_reply", "append",         "append_reply",
                                            "heartbeat",  "heartbeat_reply"};
    Message const& message = received.message;
    std::string text = fmt::format("{} term={}", kinds[static_cast<std::size_t>(message.kind)],
                                   message.term.value());
    switch (message.kind) {
        case MessageKind::pre_vote:
        case MessageKind::vote:
            text += fmt::format(" last={}/{}", message.index.value(), message.log_term.value());
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
                        entry_text(entry.term, entry.control,
                                   text_of(Bytes{entry.payload.begin(), entry.payload.end()}));
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
            break;
        case MessageKind::heartbeat_reply:
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
        if (!raft.is_leader()) {
            say("refused: not the leader");
            return output_;
        }
        ByteSpan const payload = as_bytes(command.words.at(1));
        step(node_of(command), Input{Propose{Bytes{payload.begin(), payload.end()}}});
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
    for (std::uint32_t id = 1; id <= command.number("voters"); ++id) {
        voters_.emplace_back(id);
    }
    for (BrokerId const voter : voters_) {
        start(voter.value());
    }
}

void Dialogue::start(std::uint32_t id) {
    Node& node = nodes_[id];
    node.raft.emplace(Config{BrokerId{id}, voters_, tuning_, 1, unsynced_quorum_}, node.disk_state,
                      node.disk, now_, probes_);
    node.stored = node.disk_state;
    node.durable_number = node.stored_number;
    node.synced = node.raft->log().last_index();
    node.waiting.clear();
}

void Dialogue::set_log(std::uint32_t id, test::Command const& command) {
    Node& node = nodes_.at(id);
    node.disk.clear();
    std::istringstream terms{command.text("terms")};
    for (std::string term; std::getline(terms, term, ',');) {
        node.disk.push_back(Entry{Term{std::stoull(term)}, false, Bytes{std::byte{'x'}}});
    }
    std::int64_t const last =
        node.disk.empty() ? 0 : static_cast<std::int64_t>(node.disk.back().term.value());
    node.disk_state = HardState{Term{static_cast<std::uint64_t>(command.number("term", last))},
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
    for (BrokerId const voter : voters_) {
        show(voter.value());
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
    if (ready.truncate_from) {
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
    bool const has_log = ready.append_from.has_value();
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
    node.disk.clear();
    Log const& log = node.raft->log();
    for (LogIndex index{1}; index <= log.last_index(); ++index) {
        node.disk.push_back(log.at(index));
    }
    node.synced = log.last_index();
    step(id, Input{wal::Wal::synced(node.synced, log.last_term())});
}

void Dialogue::sync_vote(std::uint32_t id) {
    Node& node = nodes_.at(id);
    node.disk_state = node.stored;
    node.durable_number = node.stored_number;
    step(id, Input{wal::HardStateFile::synced(node.stored.term, node.stored.vote)});
}

void Dialogue::show(std::uint32_t id) {
    Raft const& raft = *nodes_.at(id).raft;
    std::string log;
    for (LogIndex index{1}; index <= raft.log().last_index(); ++index) {
        Entry const& entry = raft.log().at(index);
        log += (log.empty() ? "" : ",") +
               entry_text(entry.term, entry.control, text_of(entry.payload));
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
