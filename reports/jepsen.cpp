// One pass over the ops; a table of processes keeps each of Jepsen's to one operation at a time.
#include "reports/jepsen.h"

#include "reports/escape.h"
#include "reports/pairing.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace brokersim::reports {
namespace {

/// A string of EDN on one line: quotes, backslashes and control characters are escaped.
std::string edn_quoted(std::string_view raw) {
    std::string out = "\"";
    for (char const c : clean_utf8(raw)) {
        auto const byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\r') {
            out += "\\r";
        } else if (c == '\t') {
            out += "\\t";
        } else if (byte < 0x20 || byte == 0x7f) {
            out += fmt::format("\\u{:04x}", byte);
        } else {
            out += c;
        }
    }
    return out + '"';
}

std::string_view keyword(OpType type) {
    switch (type) {
        case OpType::invoke:
            return ":invoke";
        case OpType::ok:
            return ":ok";
        case OpType::fail:
            return ":fail";
        case OpType::info:
            return ":info";
    }
    return "";
}

/// Jepsen's processes of every client.
class Processes {
public:
    explicit Processes(std::size_t clients) : free_(clients) {}

    /// The lowest process of the client that has nothing open, or a new one.
    std::uint32_t take(ProcessId client) {
        std::vector<std::uint32_t>& free = free_[client];
        if (free.empty()) {
            return next_++;
        }
        auto const lowest = std::min_element(free.begin(), free.end());
        std::uint32_t const process = *lowest;
        free.erase(lowest);
        return process;
    }
    /// Its operation is complete. After info a process is never used again.
    void give_back(ProcessId client, std::uint32_t process, OpType type) {
        if (type != OpType::info) {
            free_[client].push_back(process);
        }
    }

private:
    std::vector<std::vector<std::uint32_t>> free_;
    std::uint32_t next_ = 0;
};

class JepsenWriter {
public:
    explicit JepsenWriter(const History& history)
        : history_{history},
          processes_{history.names.process_count()},
          open_polls_(history.names.process_count(), none),
          send_of_op_(history.ops().size(), none) {
        // A malformed history has the ops of its sends all the same.
        (void)pair_sends(history, pairing_);
        process_of_send_.resize(pairing_.sends.size(), none);
        for (std::uint32_t i = 0; i < pairing_.sends.size(); ++i) {
            for (std::uint32_t const op :
                 {pairing_.sends[i].invoked, pairing_.sends[i].completed}) {
                if (op != none) {
                    send_of_op_[op] = i;
                }
            }
        }
        number_keys();
    }

    std::string text() {
        head();
        for (std::uint32_t position = 0; position < history_.ops().size(); ++position) {
            const History::Op& op = history_.ops()[position];
            time_ = op.time == absent ? time_ : op.time;
            write(op, position);
        }
        return std::move(text_);
    }

private:
    void number_keys() {
        const Names& names = history_.names;
        for (KeyId key = 0; key < names.key_count(); ++key) {
            by_name_.push_back(key);
        }
        std::sort(by_name_.begin(), by_name_.end(), [&](KeyId left, KeyId right) {
            return names.key_text(left) < names.key_text(right);
        });
        numbers_.resize(by_name_.size());
        for (std::uint32_t i = 0; i < by_name_.size(); ++i) {
            numbers_[by_name_[i]] = i;
        }
    }

    void head() {
        const Header& header = history_.header;
        text_ += fmt::format("; scenario {}, seed {}\n", edn_quoted(header.scenario),
                             edn_quoted(header.seed));
        for (std::uint32_t i = 0; i < by_name_.size(); ++i) {
            text_ += fmt::format("; key {} is {}\n", i,
                                 edn_quoted(history_.names.key_text(by_name_[i])));
        }
    }

    void line(OpType type, std::string_view process, std::string_view f, std::string_view value,
              std::string_view more) {
        text_ +=
            fmt::format("{{:index {}, :time {}, :type {}, :process {}, :f :{}, :value {}{}}}\n",
                        index_++, time_, keyword(type), process, f, value, more);
    }

    void client_line(OpType type, std::uint32_t process, std::string_view f, std::string_view value,
                     std::string_view client, std::string_view more = "") {
        line(type, fmt::format("{}", process), f, value,
             fmt::format("{}, :client {}", more, client));
    }

    [[nodiscard]] std::string client_name(ProcessId client) const {
        const Names& names = history_.names;
        return names.process_is_number(client) ? fmt::format("{}", names.process_number(client))
                                               : edn_quoted(names.process_text(client));
    }

    [[nodiscard]] std::string value_text(ValueId value) const {
        const Names& names = history_.names;
        if (value == no_value) {
            return "nil";
        }
        return names.is_number(value) ? fmt::format("{}", names.number(value))
                                      : edn_quoted(names.value_text(value));
    }

    [[nodiscard]] std::string pairs(History::Range range) const {
        std::string out = "[";
        for (const Record& record : history_.records(range)) {
            out += fmt::format("{}[{} {}]", out.size() > 1 ? " " : "", record.offset,
                               value_text(record.value));
        }
        return out + "]";
    }

    [[nodiscard]] std::string key_list(std::span<const KeyId> keys) const {
        std::string out = "[";
        for (KeyId const key : keys) {
            out += fmt::format("{}{}", out.size() > 1 ? " " : "", numbers_[key]);
        }
        return out + "]";
    }

    void write(const History::Op& op, std::uint32_t position) {
        switch (op.kind) {
            case OpKind::send:
                send(op, position);
                break;
            case OpKind::poll:
                poll(op);
                break;
            case OpKind::assign:
                assign(op, "assign");
                break;
            case OpKind::subscribe:
                assign(op, "subscribe");
                break;
            case OpKind::drain:
                drain(op);
                break;
            case OpKind::crash:
                nemesis("crash", node_text(op));
                break;
            case OpKind::restart:
                nemesis("restart", node_text(op));
                break;
            case OpKind::leader:
                nemesis("leader", fact_text(op));
                break;
            case OpKind::budget_exceeded:
                nemesis("budget-exceeded", fact_text(op));
                break;
            case OpKind::partition:
                nemesis("partition", nodes_text(op));
                break;
            case OpKind::heal:
                nemesis("heal", nodes_text(op));
                break;
            case OpKind::hw:
            case OpKind::leo:
            case OpKind::replica:
            case OpKind::end:
            case OpKind::ignored:
                break;  // nothing in the format says this
        }
    }

    [[nodiscard]] std::string mops(const History::Op& op, bool with_offsets) const {
        std::string out = "[";
        for (const SendMop& mop : history_.sends(op)) {
            std::string value = value_text(mop.value);
            if (with_offsets) {
                value = mop.offset == absent ? fmt::format("[nil {}]", value)
                                             : fmt::format("[{} {}]", mop.offset, value);
            }
            out +=
                fmt::format("{}[:send {} {}]", out.size() > 1 ? " " : "", numbers_[mop.key], value);
        }
        return out + "]";
    }

    void send(const History::Op& op, std::uint32_t position) {
        std::uint32_t const index = send_of_op_[position];
        std::string const client = client_name(op.process);
        std::uint32_t& process = process_of_send_[index];
        if (process == none) {
            process = processes_.take(op.process);
            client_line(OpType::invoke, process, "send", mops(op, false), client);
        }
        if (op.type == OpType::invoke) {
            return;
        }
        OpType const type = pairing_.sends[index].handed ? OpType::info : op.type;
        client_line(type, process, "send", mops(op, type == OpType::ok), client);
        processes_.give_back(op.process, process, type);
    }

    void invoke_poll(const History::Op& op) {
        open_polls_[op.process] = processes_.take(op.process);
        client_line(OpType::invoke, open_polls_[op.process], "poll", "[[:poll]]",
                    client_name(op.process));
    }

    void poll(const History::Op& op) {
        if (op.type == OpType::invoke) {
            invoke_poll(op);
            return;
        }
        std::uint32_t& open = open_polls_[op.process];
        if (open == none) {
            invoke_poll(op);
        }
        client_line(op.type, open, "poll", responses(op), client_name(op.process));
        processes_.give_back(op.process, open, op.type);
        open = none;
    }

    /// Parts of one response stand together.
    [[nodiscard]] std::string responses(const History::Op& op) const {
        std::string out = "[";
        auto const parts = history_.parts(op);
        for (std::size_t i = 0; i < parts.size();) {
            std::size_t const first = i;
            bool any_result = false;
            std::string records;
            for (; i < parts.size() && parts[i].mop == parts[first].mop; ++i) {
                any_result = any_result || parts[i].has_records;
                if (parts[i].key != no_key && parts[i].has_records) {
                    records += fmt::format("{}{} {}", records.empty() ? "" : ", ",
                                           numbers_[parts[i].key], pairs(parts[i].records));
                }
            }
            out += out.size() > 1 ? " " : "";
            out += any_result ? fmt::format("[:poll {{{}}}]", records) : "[:poll]";
        }
        return out.size() > 1 ? out + "]" : "[[:poll]]";
    }

    void assign(const History::Op& op, std::string_view f) {
        if (op.type == OpType::invoke) {
            return;
        }
        std::uint32_t const process = processes_.take(op.process);
        std::string const client = client_name(op.process);
        std::string const keys = key_list(history_.listed(op));
        std::string_view const seek = op.seek ? ", :seek-to-beginning? true" : "";
        client_line(OpType::invoke, process, f, keys, client, seek);
        client_line(op.type, process, f, keys, client, seek);
        processes_.give_back(op.process, process, op.type);
    }

    void drain(const History::Op& op) {
        const History::StoredDrain& drain = history_.drain_of(op);
        std::uint32_t const process = processes_.take(Names::drain);  // never given back
        std::string const client =
            drain.source == DrainSource::oracle ? R"("oracle")" : R"("drain")";
        std::string const key = fmt::format("[{}]", numbers_[op.key]);
        for (OpType const type : {OpType::invoke, OpType::ok}) {
            client_line(type, process, "assign", key, client, ", :seek-to-beginning? true");
        }
        client_line(OpType::invoke, process, "poll", "[[:poll]]", client);
        client_line(OpType::ok, process, "poll",
                    fmt::format("[[:poll {{{} {}}}]]", numbers_[op.key], pairs(drain.records)),
                    client);
    }

    void nemesis(std::string_view f, std::string_view value) {
        line(OpType::info, ":nemesis", f, value, "");
        line(OpType::info, ":nemesis", f, value, "");
    }

    [[nodiscard]] std::string node_text(const History::Op& op) const {
        constexpr std::array<std::string_view, 4> disks{":kept", ":lost", ":wiped", ":damaged"};
        return fmt::format("{{:node {}, :disk {}}}", history_.fact_of(op).node,
                           disks[static_cast<std::size_t>(op.disk)]);
    }

    [[nodiscard]] std::string nodes_text(const History::Op& op) const {
        return fmt::format("[{}]", fmt::join(history_.listed(op), " "));
    }

    /// What is given of key, node, epoch and reason.
    [[nodiscard]] std::string fact_text(const History::Op& op) const {
        const History::Fact& fact = history_.fact_of(op);
        std::string out;
        auto const add = [&](std::string_view name, const std::string& value) {
            out += fmt::format("{}:{} {}", out.empty() ? "" : ", ", name, value);
        };
        if (op.key != no_key) {
            add("key", fmt::format("{}", numbers_[op.key]));
        }
        if (fact.node != none) {
            add("node", fmt::format("{}", fact.node));
        }
        if (fact.epoch != absent) {
            add("epoch", fmt::format("{}", fact.epoch));
        }
        if (fact.text != none) {
            add("reason", edn_quoted(history_.names.free_text(fact.text)));
        }
        return "{" + out + "}";
    }

    const History& history_;
    Pairing pairing_;
    Processes processes_;
    std::vector<std::uint32_t> open_polls_;       // by client: Jepsen's process, or none
    std::vector<std::uint32_t> send_of_op_;       // by position
    std::vector<std::uint32_t> process_of_send_;  // none before its first line
    std::vector<KeyId> by_name_;
    std::vector<std::uint32_t> numbers_;  // by key
    std::string text_;
    std::uint64_t index_ = 0;
    std::int64_t time_ = 0;
};

}  // namespace

std::string jepsen_edn(const History& history) {
    return JepsenWriter{history}.text();
}

}  // namespace brokersim::reports
