// Appending to the flat arrays of a history.
#include "reports/history.h"

namespace brokersim::reports {

namespace {

/// Copies `from` behind `pool`; a history is bound to 2^32 - 2 elements per pool.
template <class T>
History::Range append_range(std::vector<T>& pool, std::span<const T> from) {
    History::Range const range{static_cast<std::uint32_t>(pool.size()),
                               static_cast<std::uint32_t>(from.size())};
    pool.insert(pool.end(), from.begin(), from.end());
    return range;
}

}  // namespace

History::Op& History::append(OpKind kind, OpType type, std::int64_t time, ProcessId process) {
    ops_.push_back({.time = time, .process = process, .kind = kind, .type = type});
    return ops_.back();
}

History::Range History::store(std::span<const Record> records) {
    return append_range(records_, records);
}

History::Range History::store(std::span<const std::int64_t> offsets) {
    return append_range(offsets_, offsets);
}

History::Range History::store_list(std::span<const std::uint32_t> list) {
    return append_range(lists_, list);
}

void History::append_send(OpType type, std::int64_t time, ProcessId process,
                          std::span<const SendMop> mops, const SendFields& fields) {
    Op& op = append(OpKind::send, type, time, process);
    Range const range = append_range(sends_, mops);
    op.first = range.first;
    op.count = range.count;
    if (fields != SendFields{}) {
        op.details = static_cast<std::uint32_t>(fields_.size());
        fields_.push_back(fields);
    }
}

void History::send_invoke(std::int64_t time, ProcessId process, std::span<const SendMop> mops,
                          const SendFields& fields) {
    append_send(OpType::invoke, time, process, mops, fields);
}

void History::send_done(std::int64_t time, ProcessId process, OpType type,
                        std::span<const SendMop> mops, const SendFields& fields) {
    append_send(type, time, process, mops, fields);
}

void History::begin_poll(std::int64_t time, ProcessId process, OpType type) {
    append(OpKind::poll, type, time, process).first = static_cast<std::uint32_t>(parts_.size());
}

void History::add_part(const PollPart& part, bool has_records) {
    parts_.push_back({.hw = part.hw,
                      .from = part.from,
                      .epoch = part.epoch,
                      .key = part.key,
                      .mop = part.mop,
                      .records = store(part.records),
                      .corrupt = store(part.corrupt),
                      .has_records = has_records});
    ++ops_.back().count;
}

void History::poll_invoke(std::int64_t time, ProcessId process) {
    begin_poll(time, process, OpType::invoke);
    add_part({.key = no_key, .records = {}, .corrupt = {}}, false);
}

void History::poll_done(std::int64_t time, ProcessId process, OpType type,
                        std::span<const PollPart> parts) {
    begin_poll(time, process, type);
    for (const PollPart& part : parts) {
        add_part(part, true);
    }
    if (parts.empty()) {
        add_part({.key = no_key, .records = {}, .corrupt = {}}, false);
    }
}

void History::assign(std::int64_t time, ProcessId process, OpType type, std::span<const KeyId> keys,
                     Choice seek, OpKind kind) {
    Range const range = store_list(keys);
    Op& op = append(kind, type, time, process);
    op.first = range.first;
    op.count = range.count;
    op.seek = seek == Choice::yes;
}

void History::drain(std::int64_t time, const Drain& drain) {
    Op& op = append(OpKind::drain, OpType::ok, time, Names::drain);
    op.key = drain.key;
    op.details = static_cast<std::uint32_t>(drains_.size());
    drains_.push_back({.start = drain.start,
                       .hw = drain.hw,
                       .epoch = drain.epoch,
                       .records = store(drain.records),
                       .control = store(drain.control),
                       .corrupt = store(drain.corrupt),
                       .source = drain.source});
}

History::Op& History::append_fact(OpKind kind, std::int64_t time, const Fact& fact) {
    Op& op = append(kind, OpType::info, time, Names::sim);
    op.details = static_cast<std::uint32_t>(facts_.size());
    facts_.push_back(fact);
    return op;
}

void History::crash(std::int64_t time, std::uint32_t node, Disk disk) {
    append_fact(OpKind::crash, time, {.node = node}).disk = disk;
}

void History::restart(std::int64_t time, std::uint32_t node, Disk disk) {
    append_fact(OpKind::restart, time, {.node = node}).disk = disk;
}

void History::leader(std::int64_t time, KeyId key, std::uint32_t node, std::int64_t epoch) {
    append_fact(OpKind::leader, time, {.epoch = epoch, .node = node}).key = key;
}

void History::partition(std::int64_t time, std::span<const std::uint32_t> nodes) {
    Range const range = store_list(nodes);
    Op& op = append(OpKind::partition, OpType::info, time, Names::sim);
    op.first = range.first;
    op.count = range.count;
}

void History::heal(std::int64_t time, std::span<const std::uint32_t> nodes) {
    partition(time, nodes);
    ops_.back().kind = OpKind::heal;
}

void History::hw(std::int64_t time, KeyId key, std::uint32_t node, std::int64_t hw,
                 std::int64_t epoch) {
    append_fact(OpKind::hw, time, {.first = hw, .epoch = epoch, .node = node}).key = key;
}

void History::leo(std::int64_t time, KeyId key, std::uint32_t node, std::int64_t leo,
                  std::int64_t flushed) {
    append_fact(OpKind::leo, time, {.first = leo, .second = flushed, .node = node}).key = key;
}

void History::replica(std::int64_t time, const Replica& replica) {
    Range const range = append_range(entries_, replica.entries);
    Op& op = append_fact(OpKind::replica, time,
                         {.first = replica.start, .second = replica.hw, .node = replica.node});
    op.key = replica.key;
    op.first = range.first;
    op.count = range.count;
}

void History::budget_exceeded(std::int64_t time, KeyId key, std::string_view reason) {
    append_fact(OpKind::budget_exceeded, time, {.text = names.text(reason)}).key = key;
}

void History::end(std::int64_t time, KeyId key, std::int64_t start, std::int64_t end,
                  std::int64_t control) {
    append_fact(OpKind::end, time, {.first = start, .second = end, .epoch = control}).key = key;
}

void History::ignored(std::int64_t time, std::string_view name) {
    append_fact(OpKind::ignored, time, {.text = names.text(name)});
}

std::span<const SendMop> History::sends(const Op& op) const {
    return std::span{sends_}.subspan(op.first, op.count);
}

SendFields History::send_fields(const Op& op) const {
    return op.details == none ? SendFields{} : fields_[op.details];
}

std::span<const History::StoredPart> History::parts(const Op& op) const {
    return std::span{parts_}.subspan(op.first, op.count);
}

std::span<const std::uint32_t> History::listed(const Op& op) const {
    return std::span{lists_}.subspan(op.first, op.count);
}

std::span<const ReplicaEntry> History::entries(const Op& op) const {
    return std::span{entries_}.subspan(op.first, op.count);
}

void History::reserve(std::size_t sends, std::size_t records) {
    ops_.reserve(2 * sends + records / 8);
    sends_.reserve(2 * sends);
    fields_.reserve(sends);
    records_.reserve(records);
}

void History::clear_ops() {
    ops_.clear();
    sends_.clear();
    fields_.clear();
    parts_.clear();
    records_.clear();
    offsets_.clear();
    lists_.clear();
    drains_.clear();
    facts_.clear();
    entries_.clear();
}

}  // namespace brokersim::reports
