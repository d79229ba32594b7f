// Writes brokersim-history/1, field by field in a fixed order.
#include "reports/finding.h"
#include "reports/history_json.h"

#include <fmt/format.h>

#include <iterator>
#include <ostream>

namespace brokersim::reports {

namespace {

std::string_view acks_text(Acks acks) {
    switch (acks) {
        case Acks::zero:
            return "0";
        case Acks::one:
            return "1";
        case Acks::all:
        case Acks::unset:
            break;
    }
    return "all";
}

std::string_view type_text(OpType type) {
    switch (type) {
        case OpType::invoke:
            return "invoke";
        case OpType::ok:
            return "ok";
        case OpType::fail:
            return "fail";
        case OpType::info:
            break;
    }
    return "info";
}

std::string_view disk_text(Disk disk) {
    switch (disk) {
        case Disk::kept:
            return "kept";
        case Disk::lost:
            return "lost";
        case Disk::wiped:
            return "wiped";
        case Disk::damaged:
            break;
    }
    return "damaged";
}

std::string_view kind_text(OpKind kind) {
    switch (kind) {
        case OpKind::send:
            return "send";
        case OpKind::poll:
            return "poll";
        case OpKind::assign:
            return "assign";
        case OpKind::subscribe:
            return "subscribe";
        case OpKind::drain:
            return "drain";
        case OpKind::crash:
            return "crash";
        case OpKind::restart:
            return "restart";
        case OpKind::leader:
            return "leader";
        case OpKind::partition:
            return "partition";
        case OpKind::heal:
            return "heal";
        case OpKind::hw:
            return "hw";
        case OpKind::leo:
            return "leo";
        case OpKind::replica:
            return "replica";
        case OpKind::budget_exceeded:
            return "budget_exceeded";
        case OpKind::end:
            return "end";
        case OpKind::ignored:
            break;
    }
    return "";
}

class Writer {
public:
    explicit Writer(const History& history) : history_{history} {}

    /// The header line.
    std::string header() {
        line_.clear();
        append(R"({{"format":"brokersim-history/1","config":{{"acks":"{}","idempotent":{})",
               acks_text(history_.config.acks), history_.config.idempotent);
        const Config& config = history_.config;
        Config const usual;
        not_usual("max_in_flight", config.max_in_flight, usual.max_in_flight);
        not_usual("contiguous", config.contiguous, usual.contiguous);
        not_usual("realtime", config.realtime, usual.realtime);
        not_usual("required_acks", config.required_acks, usual.required_acks);
        line_ += config.durable == DurableEnd::leo ? R"(,"durable":"leo")" : "";
        if (config.durability != usual.durability) {
            append(R"(,"durability":"{}")",
                   durability_words[static_cast<std::size_t>(config.durability)]);
        }
        not_usual("network_dup", config.network_dup, usual.network_dup);
        not_usual("retention", config.retention, usual.retention);
        not_usual("reader_stops_at", config.reader_stops_at, usual.reader_stops_at);
        append(R"(}},"ops":{})", history_.ops().size());
        for (const auto& [name, text] :
             {std::pair{"name", &history_.header.name}, std::pair{"seed", &history_.header.seed},
              std::pair{"scenario", &history_.header.scenario},
              std::pair{"recorder", &history_.header.recorder}}) {
            if (!text->empty()) {
                append(R"(,"{}":{})", name, json_quoted(*text));
            }
        }
        return line_ += "}\n";
    }

    /// The line of one op; the reference is good until the next call.
    const std::string& op(const History::Op& op) {
        line_.clear();
        line_ += R"({"process":)";
        if (history_.names.process_is_number(op.process)) {
            append("{}", history_.names.process_number(op.process));
        } else {
            line_ += json_quoted(history_.names.process_text(op.process));
        }
        append(R"(,"type":"{}","f":)", type_text(op.type));
        if (op.kind == OpKind::ignored) {
            line_ += json_quoted(history_.names.free_text(history_.fact_of(op).text));
        } else {
            append(R"("{}")", kind_text(op.kind));
        }
        body(op);
        number("time", op.time);
        return line_ += "}\n";
    }

private:
    template <class... Args>
    void append(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(line_), format, std::forward<Args>(args)...);
    }

    template <class T>
    void not_usual(const char* name, T value, T usual) {
        if (value != usual) {
            append(R"(,"{}":{})", name, value);
        }
    }

    void number(const char* name, std::int64_t value) {
        if (value != absent) {
            append(R"(,"{}":{})", name, value);
        }
    }

    void value(ValueId value) {
        if (value == no_value) {
            line_ += "null";
        } else if (history_.names.is_number(value)) {
            append("{}", history_.names.number(value));
        } else {
            line_ += json_quoted(history_.names.value_text(value));
        }
    }

    void key(KeyId key) {
        if (key != no_key) {
            append(R"(,"key":{})", json_quoted(history_.names.key_text(key)));
        }
    }

    template <class List, class Each>
    void joined(const List& list, Each each) {
        line_ += '[';
        bool first = true;
        for (const auto& element : list) {
            line_ += first ? "" : ",";
            first = false;
            each(element);
        }
        line_ += ']';
    }

    void records(History::Range range) {
        joined(history_.records(range), [&](const Record& record) {
            append("[{},", record.offset);
            value(record.value);
            line_ += ']';
        });
    }

    void offsets(History::Range range) {
        joined(history_.offsets(range), [&](std::int64_t offset) { append("{}", offset); });
    }

    void named_offsets(const char* name, History::Range range) {
        if (range.count != 0) {
            append(R"(,"{}":)", name);
            offsets(range);
        }
    }

    void body(const History::Op& op) {
        switch (op.kind) {
            case OpKind::send:
                send(op);
                break;
            case OpKind::poll:
                poll(op);
                break;
            case OpKind::assign:
            case OpKind::subscribe:
                line_ += R"(,"keys":)";
                joined(history_.listed(op),
                       [&](KeyId id) { line_ += json_quoted(history_.names.key_text(id)); });
                line_ += op.seek ? R"(,"seek":true)" : "";
                break;
            case OpKind::drain:
                drain(op);
                break;
            case OpKind::crash:
            case OpKind::restart:
                append(R"(,"node":{},"disk":"{}")", history_.fact_of(op).node, disk_text(op.disk));
                break;
            case OpKind::partition:
            case OpKind::heal:
                line_ += R"(,"nodes":)";
                joined(history_.listed(op), [&](std::uint32_t node) { append("{}", node); });
                break;
            case OpKind::leader:
            case OpKind::hw:
            case OpKind::leo:
            case OpKind::replica:
            case OpKind::budget_exceeded:
            case OpKind::end:
                fact(op);
                break;
            case OpKind::ignored:
                break;
        }
    }

    void send(const History::Op& op) {
        line_ += R"(,"mops":)";
        joined(history_.sends(op), [&](const SendMop& mop) {
            append(R"({{"f":"send","key":{},"value":)",
                   json_quoted(history_.names.key_text(mop.key)));
            value(mop.value);
            number("offset", mop.offset);
            line_ += '}';
        });
        SendFields const fields = history_.send_fields(op);
        number("attempts", fields.attempts == 0 ? absent : fields.attempts);
        number("pid", fields.pid);
        number("epoch", fields.epoch);
        number("seq", fields.sequence);
        if (fields.acks != Acks::unset) {
            append(R"(,"acks":"{}")", acks_text(fields.acks));
        }
        choice("idempotent", fields.idempotent);
        number("max_copies", fields.max_copies == 0 ? absent : fields.max_copies);
        choice("batch", fields.batch);
    }

    void choice(const char* name, Choice choice) {
        if (choice != Choice::unset) {
            append(R"(,"{}":{})", name, choice == Choice::yes);
        }
    }

    void poll(const History::Op& op) {
        line_ += R"(,"mops":[)";
        auto const parts = history_.parts(op);
        for (std::size_t first = 0; first < parts.size();) {
            std::size_t last = first;
            while (last < parts.size() && parts[last].mop == parts[first].mop) {
                ++last;
            }
            line_ += first == 0 ? "" : ",";
            mop(parts.subspan(first, last - first));
            first = last;
        }
        line_ += ']';
    }

    void mop(std::span<const History::StoredPart> parts) {
        line_ += R"({"f":"poll","records":)";
        bool first = true;
        bool null = true;
        for (const History::StoredPart& part : parts) {
            null = null && !part.has_records;
            if (part.key != no_key && part.has_records) {
                append("{}{}:", first ? "{" : ",", json_quoted(history_.names.key_text(part.key)));
                first = false;
                records(part.records);
            }
        }
        line_ += null ? "null" : first ? "{}" : "}";
        by_key(parts, "hw", &History::StoredPart::hw);
        by_key(parts, "from", &History::StoredPart::from);
        by_key(parts, "epoch", &History::StoredPart::epoch);
        first = true;
        for (const History::StoredPart& part : parts) {
            if (part.corrupt.count != 0) {
                append("{}{}:", first ? R"(,"corrupt":{)" : ",",
                       json_quoted(history_.names.key_text(part.key)));
                first = false;
                offsets(part.corrupt);
            }
        }
        line_ += first ? "}" : "}}";
    }

    void by_key(std::span<const History::StoredPart> parts, const char* name,
                std::int64_t History::StoredPart::* field) {
        bool first = true;
        for (const History::StoredPart& part : parts) {
            if (part.*field != absent) {
                if (first) {
                    append(R"(,"{}":{{)", name);
                }
                append("{}{}:{}", first ? "" : ",", json_quoted(history_.names.key_text(part.key)),
                       part.*field);
                first = false;
            }
        }
        line_ += first ? "" : "}";
    }

    void drain(const History::Op& op) {
        const History::StoredDrain& drain = history_.drain_of(op);
        key(op.key);
        number("start", drain.start);
        number("hw", drain.hw);
        line_ += R"(,"records":)";
        records(drain.records);
        named_offsets("control", drain.control);
        named_offsets("corrupt", drain.corrupt);
        number("epoch", drain.epoch);
        line_ += drain.source == DrainSource::oracle ? R"(,"source":"oracle")" : "";
    }

    void fact(const History::Op& op) {
        const History::Fact& fact = history_.fact_of(op);
        key(op.key);
        if (op.kind == OpKind::budget_exceeded) {
            append(R"(,"reason":{})", json_quoted(history_.names.free_text(fact.text)));
            return;
        }
        if (fact.node != History::none) {
            append(R"(,"node":{})", fact.node);
        }
        bool const is_hw = op.kind == OpKind::hw;
        bool const is_leo = op.kind == OpKind::leo;
        bool const is_end = op.kind == OpKind::end;
        number(is_hw ? "hw" : is_leo ? "leo" : "start", fact.first);
        number(is_end ? "end" : is_leo ? "flushed" : "hw", fact.second);
        number(is_end ? "control" : "epoch", fact.epoch);
        if (op.kind == OpKind::replica) {
            line_ += R"(,"entries":)";
            joined(history_.entries(op), [&](const ReplicaEntry& entry) {
                append("[{},{},", entry.offset, entry.epoch);
                value(entry.value);
                line_ += ']';
            });
        }
    }

    const History& history_;
    std::string line_;
};

}  // namespace

void write_history(const History& history, std::ostream& out) {
    Writer writer{history};
    out << writer.header();
    for (const History::Op& op : history.ops()) {
        out << writer.op(op);
    }
}

std::string history_text(const History& history) {
    Writer writer{history};
    std::string text = writer.header();
    for (const History::Op& op : history.ops()) {
        text += writer.op(op);
    }
    return text;
}

}  // namespace brokersim::reports
