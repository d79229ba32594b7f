// What a history says of the cluster: crashes, leaders, watermarks, what replicas held.
#include "reports/history_reader.h"

namespace brokersim::reports {

using namespace json_fields;

namespace {

constexpr std::array sim_kinds{
    KindName{"crash", OpKind::crash},   KindName{"restart", OpKind::restart},
    KindName{"leader", OpKind::leader}, KindName{"partition", OpKind::partition},
    KindName{"heal", OpKind::heal},     KindName{"hw", OpKind::hw},
    KindName{"leo", OpKind::leo},       KindName{"replica", OpKind::replica},
    KindName{"end", OpKind::end},       KindName{"budget_exceeded", OpKind::budget_exceeded}};

}  // namespace

std::uint32_t HistoryReader::node(const Json& json) const {
    return static_cast<std::uint32_t>(
        integer_within(required(json, "node"), "node", 0, 1'000'000'000));
}

Disk HistoryReader::disk(const Json& json) {
    const Json* found = member(json, "disk");
    if (found == nullptr || found->is_null()) {
        return Disk::kept;
    }
    const std::string& word = text(*found, "disk");
    if (word == "kept") {
        return Disk::kept;
    }
    if (word == "lost") {
        return Disk::lost;
    }
    if (word == "wiped") {
        return Disk::wiped;
    }
    if (word != "damaged") {
        refuse("'disk' must be \"kept\", \"lost\", \"wiped\" or \"damaged\"");
    }
    return Disk::damaged;
}

KeyId HistoryReader::optional_key(const Json& json) {
    const Json* found = member(json, "key");
    return found == nullptr || found->is_null() ? no_key : key(*found);
}

void HistoryReader::read_sim_op(const Json& json, const std::string& f) {
    OpKind const kind = find_kind(sim_kinds, f).value_or(OpKind::ignored);
    if (kind != OpKind::ignored && type_ != OpType::info) {
        refuse("ops of process \"sim\" have the type \"info\"");
    }
    switch (kind) {
        case OpKind::crash:
            history_.crash(time_, node(json), disk(json));
            break;
        case OpKind::restart:
            history_.restart(time_, node(json), disk(json));
            break;
        case OpKind::leader:
            history_.leader(time_, optional_key(json), node(json), optional_integer(json, "epoch"));
            break;
        case OpKind::partition:
            history_.partition(time_, nodes(json));
            break;
        case OpKind::heal:
            history_.heal(time_, nodes(json));
            break;
        case OpKind::hw:
            history_.hw(time_, key(required(json, "key")), node(json),
                        integer(required(json, "hw"), "hw"), optional_integer(json, "epoch"));
            break;
        case OpKind::leo:
            history_.leo(time_, key(required(json, "key")), node(json),
                         integer(required(json, "leo"), "leo"),
                         integer(required(json, "flushed"), "flushed"));
            break;
        case OpKind::replica:
            read_replica(json);
            break;
        case OpKind::budget_exceeded: {
            const Json* reason = member(json, "reason");
            history_.budget_exceeded(time_, optional_key(json),
                                     reason == nullptr ? "" : text(*reason, "reason"));
            break;
        }
        case OpKind::end:
            read_end(json);
            break;
        case OpKind::ignored:
            history_.ignored(time_, f);
            break;
        case OpKind::send:
        case OpKind::poll:
        case OpKind::assign:
        case OpKind::subscribe:
        case OpKind::drain:
            break;
    }
}

void HistoryReader::read_end(const Json& json) {
    const Json* name = member(json, "key");
    const Json* end = member(json, "end");
    if (name == nullptr || !name->is_string() || end == nullptr || !end->is_number_integer()) {
        history_.ignored(time_, "end");
        return;
    }
    std::int64_t const start = optional_integer(json, "start");
    std::int64_t const control = optional_integer(json, "control");
    history_.end(time_, key(*name), start == absent ? 0 : start, integer(*end, "end"),
                 control == absent ? 0 : control);
}

std::vector<std::uint32_t> HistoryReader::nodes(const Json& json) {
    std::vector<std::uint32_t> read;
    const Json* found = member(json, "nodes");
    if (found != nullptr && found->is_array()) {
        for (const Json& node : *found) {
            if (node.is_number_integer()) {
                read.push_back(
                    static_cast<std::uint32_t>(integer_within(node, "nodes", 0, 1'000'000'000)));
            }
        }
    }
    return read;
}

void HistoryReader::read_replica(const Json& json) {
    std::vector<ReplicaEntry> entries;
    for (const Json& entry : list(required(json, "entries"), "entries")) {
        if (!entry.is_array() || entry.size() != 3) {
            refuse("an entry must be [offset, epoch, value]");
        }
        entries.push_back({integer(entry[0], "offset"), integer(entry[1], "epoch"),
                           entry[2].is_null() ? no_value : value(entry[2])});
    }
    history_.replica(time_, {.key = key(required(json, "key")),
                             .node = node(json),
                             .start = integer(required(json, "start"), "start"),
                             .hw = integer(required(json, "hw"), "hw"),
                             .entries = entries});
}

}  // namespace brokersim::reports
