// A step of a node, and what follows: the invariants look, then its effects leave, and its timer
// and whoever waits for a probe are seen to.
#include "broker_core/base/check.h"
#include "broker_core/base/hash.h"
#include "sim/check_tripped.h"
#include "sim/observer.h"
#include "sim/world.h"

#include <fmt/core.h>

#include <algorithm>

namespace brokersim {
namespace {

/// What a datagram between brokers is about, as a bit; 0: nothing that has a word.
std::uint32_t word_of(ByteSpan datagram) {
    using broker::raft::MessageKind;
    if (datagram.size() <= broker::datagram_header_bytes) {
        return 0;
    }
    auto const kind = std::to_integer<std::uint8_t>(datagram[broker::datagram_header_bytes]);
    switch (static_cast<MessageKind>(kind)) {
        case MessageKind::pre_vote:
        case MessageKind::pre_vote_reply:
        case MessageKind::vote:
        case MessageKind::vote_reply:
        case MessageKind::timeout_now:
            return bit_of(MessageWord::votes);
        case MessageKind::append:
            return bit_of(MessageWord::appends);
        case MessageKind::append_reply:
            return bit_of(MessageWord::append_replies);
        case MessageKind::heartbeat:
        case MessageKind::heartbeat_reply:
            return bit_of(MessageWord::heartbeats);
        case MessageKind::snapshot:
        case MessageKind::snapshot_reply:
            return bit_of(MessageWord::snapshot_chunks);
    }
    return 0;
}

}  // namespace

void World::send_datagram(std::uint32_t from, std::uint32_t to, broker::Bytes bytes) {
    std::uint32_t const word = word_of(bytes);
    network_.send(from, to, std::move(bytes), word);
}

void World::step(Host& host, const broker::Event& event) {
    host.submitted_before = host.disk->submitted();
    if (host.node->over()) {
        return;  // it just stopped, and a fault that this set off reached it before it was down
    }
    ++host.activity.steps;
    host.clock.credit([this](std::uint32_t element) { faults_->mark_effective(element); });
    if (std::optional<Strengths::Strength> const slow = host.slowness.cpu.strongest()) {
        host.busy_until = scheduler_.now() + Duration{slow->value};
        host.slow_step_at = scheduler_.now();
    }
    try {
        host.node->step(host.clock.at(scheduler_.now()), event);
    } catch (const CheckTripped& tripped) {
        const broker::CheckFailure& failure = tripped.failure;
        std::string_view file{failure.file};
        std::size_t const slash = file.rfind("broker_core/");
        file.remove_prefix(slash == std::string_view::npos ? 0 : slash);
        std::string_view stem = file.substr(file.rfind('/') + 1);
        stem = stem.substr(0, stem.find('.'));
        std::string const place = fmt::format("{}.{}", stem, failure.function);
        violations_.add_check(place, host.number, [&] {
            return fmt::format("{}:{}: {} failed in {}", file, failure.line, failure.condition,
                               failure.function);
        });
        trace_.line([&] { return fmt::format("n{} CHECK {}", host.number, failure.condition); });
        host.network.effects.clear();
        crash(host.number - 1, CrashKind::process);
        if (phase_ == Phase::settle || phase_ == Phase::drain) {
            host.state = HostState::failed;  // it would only trip again: no crash loop
        }
        return;
    }
    after_step(host, event);
}

void World::check_beliefs(const Host& host, const broker::Event& event) {
    auto const look_at = [&](PartitionId partition) {
        if (const broker::Replica* const replica = host.node->replica(partition)) {
            beliefs_.on_step(host.number, *replica);
        }
    };
    if (const auto* const datagram = std::get_if<broker::DatagramReceived>(&event)) {
        if (std::optional<PartitionId> const partition = datagram_partition(datagram->bytes)) {
            look_at(*partition);
        }
    } else if (const auto* const done = std::get_if<broker::DiskDone>(&event)) {
        look_at(broker::partition_of(done->op));
    } else if (!std::holds_alternative<broker::RequestReceived>(event)) {
        for (const broker::PartitionInfo& info : topics_.partitions()) {
            look_at(info.id);
        }
    }
}

void World::after_step(Host& host, const broker::Event& event) {
    broker::Node& node = *host.node;
    for (const broker::Fact& fact : node.facts()) {
        if (fact.kind == broker::FactKind::fate) {
            continue;  // the answer says it, and is folded when it leaves
        }
        trace_.fold((static_cast<std::uint64_t>(fact.kind) << 48U) ^ (fact.index.value() << 8U) ^
                    fact.term.value());
        trace_.line([&] {
            constexpr const char* names[] = {"leader",    "deposed",   "accepted",  "truncated",
                                             "appended",  "committed", "serving",   "installed",
                                             "compacted", "log start", "asked for", "refused"};
            return fmt::format("n{}/{} {} {} term {} index {}..{}", host.number, host.incarnation,
                               topics_.label(fact.partition),
                               names[static_cast<std::size_t>(fact.kind)], fact.term.value(),
                               fact.index.value(), fact.last.value());
        });
    }
    if (trace_.observer() != nullptr) {
        trace_.observer()->on_step(host.number, host.incarnation, node);
    }
    if (checks_.invariants && !node.facts().empty()) {
        send_invariants_.on_facts(host.number, node.facts());
        raft_invariants_.on_step(host.number, node, host.disk->damage().met() > host.damage_before);
        for (PartitionId const partition : raft_invariants_.take_cuts()) {
            record_loss(partition);
        }
    }
    if (checks_.invariants && !node.over()) {
        check_beliefs(host, event);
    }
    if (!node.facts().empty()) {
        record_leaders(host);
        note_tiebreaker(host, event);
    }
    bool const has_effects =
        !host.network.effects.empty() || host.disk->submitted() != host.submitted_before;
    host.activity.steps_with_effects += has_effects ? 1U : 0U;
    if (has_effects && host.doom) {
        crash_inside(host);
        return;
    }
    release_effects(host);
    if (!host.recovered && node.serving()) {
        host.recovered = true;
        tell("node_recovered", host.number - 1);
    }
    if (faults_->active()) {
        if (!watched_.empty()) {
            watch_probes(host);
        }
        if (faults_->looks()) {
            faults_->look(host.number - 1);
        }
    }
    if (!host.up()) {
        return;  // an armed fault took it just now
    }
    if (node.over()) {
        bool const failed = node.state() == broker::NodeState::failed;
        trace_.line([&] {
            return fmt::format("n{}/{} {}", host.number, host.incarnation,
                               failed         ? "failed"
                               : node.clean() ? "stopped"
                                              : "stopped, grace exceeded");
        });
        // A node that stops for an error of its disk may come back once the cause is gone.
        bool const broken = failed && !host.has_excuse();
        if (broken) {
            violations_.add("R24", host.number, [&] {
                return fmt::format("n{} stopped for an error of its disk, which gave it none",
                                   host.number);
            });
        }
        down(host, broken ? HostState::failed : HostState::down);
        // The process is gone, its page cache is not.
        host.disk->crash_process();
        if (trace_.observer() != nullptr) {
            trace_.observer()->on_node(host.number, host.incarnation,
                                       failed ? NodeChange::broke : NodeChange::stopped);
        }
        return;
    }
    arm_timer(host);
}

void World::crash_inside(Host& host) {
    // Disk operations and messages of the step, in the order in which it asked for them.
    std::vector<Effect>& effects = host.network.effects;
    std::uint64_t const on_disk = host.disk->submitted() - host.submitted_before;
    std::uint64_t const total = on_disk + effects.size();
    std::uint64_t const kept = crash_random_.below(total);
    std::size_t messages = 0;
    while (messages < effects.size() &&
           effects[messages].disk_ops - host.submitted_before + messages < kept) {
        ++messages;
    }
    std::uint64_t const disk_kept = std::min(kept - messages, on_disk);
    trace_.line([&] {
        return fmt::format("n{}/{} crashes inside a step: {} of {} effects happen", host.number,
                           host.incarnation, kept, total);
    });
    effects.resize(messages);
    host.disk->retract(on_disk - disk_kept);
    release_effects(host);
    Host::Doom const doom = *host.doom;
    if (crash(host.number - 1, doom.kind)) {
        faults_->mark_effective(doom.element);
    }
}

void World::release_effects(Host& host) {
    // Moved out first: what a client does at once may make this node send again later only.
    std::vector<Effect> effects;
    effects.swap(host.network.effects);
    for (Effect& effect : effects) {
        switch (effect.kind) {
            case Effect::Kind::datagram:
                if (checks_.invariants) {
                    send_invariants_.on_datagram(host.number, effect.bytes);
                }
                trace_.fold(broker::hash_bytes(
                    ByteSpan{effect.bytes}.first(std::min<std::size_t>(effect.bytes.size(), 64))));
                send_datagram(host.number - 1, effect.to, std::move(effect.bytes));
                break;
            case Effect::Kind::response: {
                Connection& connection = network_.connection(effect.to);
                std::int64_t epoch = -1;
                RequestTag tag;
                if (!connection.expected.empty()) {
                    tag = connection.expected.front();
                    connection.expected.pop_front();
                    connection.arrived -= std::min<std::size_t>(connection.arrived, 1);
                    ByteSpan const payload = ByteSpan{effect.bytes}.subspan(frame_prefix_bytes);
                    if (trace_.observer() != nullptr) {
                        trace_.observer()->on_answer_sent(host.number, host.incarnation, effect.to,
                                                          tag, payload);
                    }
                    if (checks_.invariants) {
                        epoch = send_invariants_.on_response(host.number, tag, payload, *host.node);
                    }
                } else {
                    violations_.add("B13", host.number, [&] {
                        return fmt::format("n{} sent a response that nobody asked for",
                                           host.number);
                    });
                }
                trace_.fold(broker::hash_bytes(effect.bytes));
                if (!network_.respond(effect.to, std::move(effect.bytes), epoch, tag)) {
                    tell("response_lost", host.number - 1);
                }
                if (!std::exchange(host.replied, true) && host.incarnation > 1) {
                    tell("first_reply_after_restart", host.number - 1);
                }
                break;
            }
            case Effect::Kind::close:
                network_.close_by_broker(effect.to);
                break;
            case Effect::Kind::read:
            case Effect::Kind::read_not:
                network_.connection(effect.to).read = effect.kind == Effect::Kind::read;
                schedule_unread(effect.to);
                break;
        }
    }
    effects.clear();
    if (host.network.effects.empty()) {
        host.network.effects.swap(effects);  // keep the capacity
    }
}

void World::arm_timer(Host& host) {
    Time const deadline = host.node->next_deadline();
    if (deadline >= host.armed_for) {
        return;  // the timer on its way comes early enough, and looks again then
    }
    Time const due = host.clock.when(deadline);
    if (due == Time::never()) {
        return;  // its clock stands, and looks again when it goes on
    }
    host.armed_for = deadline;
    host.due = std::max(due, scheduler_.now());
    host.armed = host.due;
    if (std::optional<Strengths::Strength> const late = host.slowness.timers.strongest()) {
        std::int64_t const by = timer_random_.exponential(late->value, late->value * 10);
        host.armed = host.due + Duration{by};
    }
    scheduler_.push(host.armed, Work{WorkKind::node_timer, host.number - 1, host.incarnation, 0});
}

void World::record_leaders(const Host& host) {
    // Both ends of a leadership excuse the loss of an acks=1 message: an isolated leader goes on
    // acknowledging after its successor was elected, until it notices (Kafka, acks=1).
    for (const broker::Fact& fact : host.node->facts()) {
        if (fact.kind == broker::FactKind::became_leader ||
            fact.kind == broker::FactKind::stepped_down) {
            recorder_.history().leader(scheduler_.now().nanoseconds(),
                                       recorder_.key(fact.partition.value()), host.number,
                                       static_cast<std::int64_t>(fact.term.value()));
        }
        if (fact.kind == broker::FactKind::became_leader) {
            faults_->on_leader(host.number - 1, fact.partition.value());
        }
    }
}

void World::tell(std::string_view event, std::uint32_t host, std::uint64_t times,
                 std::string_view of) {
    faults_->on_event(event, host, times, of);
    for (std::uint32_t step = 0; step < steps_.size(); ++step) {
        on_step_event(step, event, host, times, of);
    }
}

void World::choose_watched() {
    std::vector<std::string> names = faults_->watched();
    for (const StepConfig& step : config_.steps) {
        names.push_back(step.trigger.event);
    }
    for (const std::string& name : names) {
        std::optional<broker::Probe> const probe = broker::probe_named(name);
        bool const known = std::any_of(watched_.begin(), watched_.end(),
                                       [&](const Watched& w) { return w.name == name; });
        if (probe && !known) {
            watched_.push_back(Watched{name, *probe, {}});
            watched_.back().seen.resize(config_.brokers);
        }
    }
}

void World::watch_probes(const Host& host) {
    for (Watched& watched : watched_) {
        auto& [incarnation, seen] = watched.seen[host.number - 1];
        if (incarnation != host.incarnation) {
            incarnation = host.incarnation;
            seen = 0;
        }
        std::uint64_t const count = host.node->probes().count(watched.probe);
        if (count == seen) {
            continue;
        }
        std::uint64_t const times = count - seen;
        seen = count;
        tell(watched.name, host.number - 1, times);
    }
}

}  // namespace brokersim
