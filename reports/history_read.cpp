// Reads brokersim-history/1 line by line; nlohmann/json and its exceptions stay in this file.
#include "reports/history_json.h"
#include "reports/pairing.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <istream>
#include <optional>

namespace brokersim::reports {

namespace {

using Json = nlohmann::ordered_json;  // keeps the order of keys within a response

/// What is wrong with a line; thrown and caught within this file.
struct LineError {
    std::string text;
};

template <class... Args>
[[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) {
    throw LineError{fmt::format(format, std::forward<Args>(args)...)};
}

/// The member of that name, nullptr if there is none.
const Json* member(const Json& object, const char* name) {
    auto const found = object.find(name);
    return found == object.end() ? nullptr : &*found;
}

const Json& required(const Json& object, const char* name) {
    const Json* found = member(object, name);
    if (found == nullptr) {
        refuse("'{}' is missing", name);
    }
    return *found;
}

std::int64_t integer(const Json& json, const char* name) {
    if (!json.is_number_integer()) {
        refuse("'{}' must be an integer", name);
    }
    bool const too_large = json.is_number_unsigned() &&
                           json.get<std::uint64_t>() > static_cast<std::uint64_t>(number_max);
    auto const number = too_large ? 0 : json.get<std::int64_t>();
    if (too_large || number < -number_max) {
        refuse("'{}' is out of range", name);
    }
    return number;
}

std::int64_t integer_within(const Json& json, const char* name, std::int64_t low,
                            std::int64_t high) {
    std::int64_t const number = integer(json, name);
    if (number < low || number > high) {
        refuse("'{}' must be from {} to {}", name, low, high);
    }
    return number;
}

/// absent if the member is not there or null.
std::int64_t optional_integer(const Json& object, const char* name) {
    const Json* found = member(object, name);
    return found == nullptr || found->is_null() ? absent : integer(*found, name);
}

const std::string& text(const Json& json, const char* name) {
    if (!json.is_string()) {
        refuse("'{}' must be a string", name);
    }
    return json.get_ref<std::string const&>();
}

const Json& list(const Json& json, const char* name) {
    if (!json.is_array()) {
        refuse("'{}' must be a list", name);
    }
    return json;
}

const Json& object(const Json& json, const char* name) {
    if (!json.is_object()) {
        refuse("'{}' must be an object", name);
    }
    return json;
}

bool boolean(const Json& json, const char* name) {
    if (!json.is_boolean()) {
        refuse("'{}' must be true or false", name);
    }
    return json.get<bool>();
}

Choice optional_choice(const Json& parent, const char* name) {
    const Json* found = member(parent, name);
    if (found == nullptr || found->is_null()) {
        return Choice::unset;
    }
    return boolean(*found, name) ? Choice::yes : Choice::no;
}

Acks parse_acks(const Json& json) {
    const std::string& word = text(json, "acks");
    if (word == "all") {
        return Acks::all;
    }
    if (word == "1") {
        return Acks::one;
    }
    if (word == "0") {
        return Acks::zero;
    }
    refuse("'acks' must be \"all\", \"1\" or \"0\"");
}

struct KindName {
    std::string_view name;
    OpKind kind;
};
constexpr std::array client_kinds{KindName{"send", OpKind::send}, KindName{"poll", OpKind::poll},
                                  KindName{"assign", OpKind::assign},
                                  KindName{"subscribe", OpKind::subscribe}};
constexpr std::array sim_kinds{
    KindName{"crash", OpKind::crash},   KindName{"restart", OpKind::restart},
    KindName{"leader", OpKind::leader}, KindName{"partition", OpKind::partition},
    KindName{"heal", OpKind::heal},     KindName{"hw", OpKind::hw},
    KindName{"leo", OpKind::leo},       KindName{"replica", OpKind::replica},
    KindName{"end", OpKind::end},       KindName{"budget_exceeded", OpKind::budget_exceeded}};

template <std::size_t N>
std::optional<OpKind> find_kind(const std::array<KindName, N>& kinds, std::string_view name) {
    auto const found = std::find_if(kinds.begin(), kinds.end(),
                                    [&](const KindName& kind) { return kind.name == name; });
    return found == kinds.end() ? std::nullopt : std::optional{found->kind};
}

class Reader {
public:
    explicit Reader(std::string_view file) : file_{file} {}

    tl::expected<History, ReadError> read(std::istream& in) {
        std::string line;
        while (std::getline(in, line)) {
            ++line_;
            if (line.find_first_not_of(" \t\r") == std::string::npos) {
                continue;
            }
            if (auto error = read_line(line)) {
                return tl::unexpected{*error};
            }
        }
        if (!has_header_) {
            return malformed(std::max(line_, 1U), "there is no header");
        }
        if (ops_promised_ != absent &&
            static_cast<std::size_t>(ops_promised_) != lines_of_ops_.size()) {
            return malformed(line_, fmt::format("the header promises {} ops, here are {}",
                                                ops_promised_, lines_of_ops_.size()));
        }
        Pairing pairing;
        if (auto const flaw = pair_sends(history_, pairing)) {
            return malformed(lines_of_ops_[flaw->op], flaw->text);
        }
        return std::move(history_);
    }

private:
    tl::unexpected<ReadError> malformed(std::uint32_t line, std::string_view what) const {
        return tl::unexpected{
            ReadError{ReadError::Kind::malformed, fmt::format("{}:{}: {}", file_, line, what)}};
    }

    std::optional<ReadError> read_line(const std::string& line) {
        try {
            Json const json = Json::parse(line);
            object(json, "line");
            if (!has_header_) {
                read_header(json);
                has_header_ = true;
            } else {
                lines_of_ops_.push_back(line_);
                read_op(json);
            }
        } catch (const LineError& error) {
            return malformed(line_, error.text).value();
        } catch (const Json::exception& error) {
            return malformed(line_, fmt::format("not JSON: {}", error.what())).value();
        }
        if (transactional_) {
            return ReadError{ReadError::Kind::transactional,
                             fmt::format("{}:{}: transactions are not judged", file_, line_)};
        }
        return std::nullopt;
    }

    void read_header(const Json& json) {
        if (const Json* format = member(json, "format");
            format == nullptr || *format != "brokersim-history/1") {
            refuse("the first line must have the format \"brokersim-history/1\"");
        }
        if (const Json* ops = member(json, "ops")) {
            ops_promised_ = integer_within(*ops, "ops", 0, number_max);
        }
        Header& header = history_.header;
        for (const auto& [name, place] :
             {std::pair{"name", &header.name}, std::pair{"seed", &header.seed},
              std::pair{"scenario", &header.scenario}, std::pair{"recorder", &header.recorder}}) {
            if (const Json* found = member(json, name)) {
                *place = found->is_string() ? found->get<std::string>() : found->dump();
            }
        }
        read_config(object(required(json, "config"), "config"));
    }

    void read_config(const Json& json) {
        Config& config = history_.config;
        config.acks = parse_acks(required(json, "acks"));
        config.idempotent = boolean(required(json, "idempotent"), "idempotent");
        for (const auto& [name, place] :
             {std::pair{"contiguous", &config.contiguous}, std::pair{"realtime", &config.realtime},
              std::pair{"retention", &config.retention},
              std::pair{"transactional", &transactional_}}) {
            if (const Json* found = member(json, name)) {
                *place = boolean(*found, name);
            }
        }
        constexpr std::int64_t bound = 1'000'000'000;
        struct Number {
            const char* name;
            std::int64_t* place;
            std::int64_t low;
        };
        for (const Number& number : {Number{"max_in_flight", &config.max_in_flight, 1},
                                     Number{"required_acks", &config.required_acks, 0},
                                     Number{"network_dup", &config.network_dup, 0},
                                     Number{"reader_stops_at", &config.reader_stops_at, 0}}) {
            if (const Json* found = member(json, number.name)) {
                *number.place = integer_within(*found, number.name, number.low, bound);
            }
        }
        if (const Json* found = member(json, "durable")) {
            const std::string& word = text(*found, "durable");
            if (word != "flushed" && word != "leo") {
                refuse("'durable' must be \"flushed\" or \"leo\"");
            }
            config.durable = word == "leo" ? DurableEnd::leo : DurableEnd::flushed;
        }
        if (const Json* found = member(json, "durability")) {
            const std::string& word = text(*found, "durability");
            auto const at = std::find(durability_words.begin(), durability_words.end(), word);
            if (at == durability_words.end()) {
                refuse("'durability' must be \"fsync\", \"write_cache\" or \"none\"");
            }
            config.durability = static_cast<DurabilityMode>(at - durability_words.begin());
        }
    }

    void read_op(const Json& json) {
        const Json& process = required(json, "process");
        if (!process.is_string() && !process.is_number_integer()) {
            refuse("'process' must be an integer or a string");
        }
        type_ = parse_type(required(json, "type"));
        const std::string& f = text(required(json, "f"), "f");
        time_ = optional_integer(json, "time");
        if (const Json* pos = member(json, "pos"); pos != nullptr && !pos->is_null()) {
            auto const expected = static_cast<std::int64_t>(lines_of_ops_.size() - 1);
            if (integer(*pos, "pos") != expected) {
                refuse("'pos' must be {}, the number of this op", expected);
            }
        }
        process_ = process.is_string()
                       ? history_.names.process(process.get_ref<std::string const&>())
                       : history_.names.process(integer(process, "process"));
        if (process_ == Names::sim) {
            read_sim_op(json, f);
        } else if (process_ == Names::drain) {
            read_drain(json, f);
        } else {
            read_client_op(json, f);
        }
    }

    static OpType parse_type(const Json& json) {
        const std::string& word = text(json, "type");
        if (word == "invoke") {
            return OpType::invoke;
        }
        if (word == "ok") {
            return OpType::ok;
        }
        if (word == "fail") {
            return OpType::fail;
        }
        if (word != "info") {
            refuse("'type' must be \"invoke\", \"ok\", \"fail\" or \"info\"");
        }
        return OpType::info;
    }

    ValueId value(const Json& json) {
        return json.is_string() ? history_.names.value(json.get_ref<std::string const&>())
                                : history_.names.value(value_number(json));
    }

    static std::int64_t value_number(const Json& json) {
        if (!json.is_number_integer()) {
            refuse("'value' must be an integer or a string");
        }
        return integer(json, "value");
    }

    KeyId key(const Json& json) { return history_.names.key(text(json, "key")); }

    void refuse_drained(KeyId key) const {
        if (key < drained_.size() && drained_[key]) {
            refuse("key {} was drained before", history_.names.key_text(key));
        }
    }

    void read_client_op(const Json& json, const std::string& f) {
        auto const kind = find_kind(client_kinds, f);
        if (!kind) {
            refuse("unknown f \"{}\" of a client", f);
        }
        if (*kind == OpKind::send) {
            read_send(json);
        } else if (*kind == OpKind::poll) {
            read_poll(json);
        } else {
            read_assign(json, *kind);
        }
    }

    void read_send(const Json& json) {
        std::vector<SendMop> mops;
        for (const Json& mop : list(required(json, "mops"), "mops")) {
            if (text(required(object(mop, "mop"), "f"), "f") != "send") {
                refuse("a mop of a send must have the f \"send\"");
            }
            SendMop const read{key(required(mop, "key")), value(required(mop, "value")),
                               optional_integer(mop, "offset")};
            refuse_drained(read.key);
            mops.push_back(read);
        }
        if (mops.empty()) {
            refuse("a send has at least one mop");
        }
        SendFields fields;
        fields.pid = optional_integer(json, "pid");
        fields.epoch = optional_integer(json, "epoch");
        fields.sequence = optional_integer(json, "seq");
        fields.attempts = optional_count(json, "attempts");
        fields.max_copies = optional_count(json, "max_copies");
        if (const Json* acks = member(json, "acks"); acks != nullptr && !acks->is_null()) {
            fields.acks = parse_acks(*acks);
        }
        fields.idempotent = optional_choice(json, "idempotent");
        fields.batch = optional_choice(json, "batch");
        bool const one_key = std::all_of(mops.begin(), mops.end(), [&](const SendMop& mop) {
            return mop.key == mops.front().key;
        });
        if (fields.batch == Choice::yes && !one_key) {
            refuse("a batch has one key");
        }
        if (type_ == OpType::invoke) {
            history_.send_invoke(time_, process_, mops, fields);
        } else {
            history_.send_done(time_, process_, type_, mops, fields);
        }
    }

    static std::uint32_t optional_count(const Json& json, const char* name) {
        const Json* found = member(json, name);
        if (found == nullptr || found->is_null()) {
            return 0;
        }
        return static_cast<std::uint32_t>(integer_within(*found, name, 1, 1'000'000'000));
    }

    std::vector<Record> records(const Json& json) {
        std::vector<Record> read;
        for (const Json& pair : list(json, "records")) {
            if (!pair.is_array() || pair.size() != 2) {
                refuse("a record must be [offset, value]");
            }
            read.push_back({integer(pair[0], "offset"), value(pair[1])});
        }
        return read;
    }

    static std::vector<std::int64_t> offsets(const Json& parent, const char* name) {
        std::vector<std::int64_t> read;
        const Json* found = member(parent, name);
        if (found != nullptr && !found->is_null()) {
            for (const Json& offset : list(*found, name)) {
                read.push_back(integer(offset, name));
            }
        }
        return read;
    }

    /// What one mop says of one key, until all its objects have been seen.
    struct Part {
        std::int64_t hw = absent;
        std::int64_t from = absent;
        std::int64_t epoch = absent;
        std::vector<Record> records;
        std::vector<std::int64_t> corrupt;
        bool has_records = false;
    };

    void read_poll(const Json& json) {
        history_.begin_poll(time_, process_, type_);
        std::uint32_t number = 0;
        for (const Json& mop : list(required(json, "mops"), "mops")) {
            if (text(required(object(mop, "mop"), "f"), "f") != "poll") {
                refuse("a mop of a poll must have the f \"poll\"");
            }
            read_poll_mop(mop, number++);
        }
    }

    void read_poll_mop(const Json& mop, std::uint32_t number) {
        std::vector<std::pair<KeyId, Part>> parts;
        auto const each = [&](const char* name, auto use) {
            const Json* found = member(mop, name);
            if (found == nullptr || found->is_null()) {
                return false;
            }
            for (const auto& [text, json] : object(*found, name).items()) {
                KeyId const id = history_.names.key(text);
                refuse_drained(id);
                auto part = std::find_if(parts.begin(), parts.end(),
                                         [&](const auto& other) { return other.first == id; });
                if (part == parts.end()) {
                    part = parts.insert(part, {id, Part{}});
                }
                use(part->second, json);
            }
            return true;
        };
        bool const result = each("records", [&](Part& part, const Json& read) {
            part.records = records(read);
            part.has_records = true;
        });
        each("hw", [](Part& part, const Json& read) { part.hw = integer(read, "hw"); });
        each("from", [](Part& part, const Json& read) { part.from = integer(read, "from"); });
        each("epoch", [](Part& part, const Json& read) { part.epoch = integer(read, "epoch"); });
        each("corrupt", [](Part& part, const Json& read) {
            for (const Json& offset : list(read, "corrupt")) {
                part.corrupt.push_back(integer(offset, "corrupt"));
            }
        });
        bool const any_records = std::any_of(
            parts.begin(), parts.end(), [](const auto& part) { return part.second.has_records; });
        if (parts.empty() || result != any_records) {
            history_.add_part({.key = no_key, .records = {}, .corrupt = {}, .mop = number}, result);
        }
        for (const auto& [id, part] : parts) {
            history_.add_part({.key = id,
                               .hw = part.hw,
                               .from = part.from,
                               .epoch = part.epoch,
                               .records = part.records,
                               .corrupt = part.corrupt,
                               .mop = number},
                              part.has_records);
        }
    }

    void read_assign(const Json& json, OpKind kind) {
        std::vector<KeyId> keys;
        for (const Json& name : list(required(json, "keys"), "keys")) {
            keys.push_back(key(name));
        }
        const Json* seek = member(json, "seek");
        bool const seeks = seek != nullptr && !seek->is_null();
        history_.assign(time_, process_, type_, keys, seeks ? Choice::yes : Choice::no, kind);
    }

    void read_drain(const Json& json, const std::string& f) {
        if (f != "drain" || type_ != OpType::ok) {
            refuse("process \"drain\" has only ops of f \"drain\" and type \"ok\"");
        }
        KeyId const drained = key(required(json, "key"));
        refuse_drained(drained);
        drained_.resize(std::max<std::size_t>(drained_.size(), drained + 1U), false);
        drained_[drained] = true;
        auto const read = records(required(json, "records"));
        auto const control = offsets(json, "control");
        auto const corrupt = offsets(json, "corrupt");
        const Json* source = member(json, "source");
        bool const oracle = source != nullptr && text(*source, "source") == "oracle";
        history_.drain(time_, {.key = drained,
                               .start = integer(required(json, "start"), "start"),
                               .hw = integer(required(json, "hw"), "hw"),
                               .records = read,
                               .control = control,
                               .corrupt = corrupt,
                               .epoch = optional_integer(json, "epoch"),
                               .source = oracle ? DrainSource::oracle : DrainSource::client});
    }

    std::uint32_t node(const Json& json) const {
        return static_cast<std::uint32_t>(
            integer_within(required(json, "node"), "node", 0, 1'000'000'000));
    }

    static Disk disk(const Json& json) {
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

    KeyId optional_key(const Json& json) {
        const Json* found = member(json, "key");
        return found == nullptr || found->is_null() ? no_key : key(*found);
    }

    void read_sim_op(const Json& json, const std::string& f) {
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
                history_.leader(time_, optional_key(json), node(json),
                                optional_integer(json, "epoch"));
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

    /// An `end` op of another shape is some other observation, which is nobody's mistake.
    void read_end(const Json& json) {
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

    static std::vector<std::uint32_t> nodes(const Json& json) {
        std::vector<std::uint32_t> read;
        const Json* found = member(json, "nodes");
        if (found != nullptr && found->is_array()) {
            for (const Json& node : *found) {
                if (node.is_number_integer()) {
                    read.push_back(static_cast<std::uint32_t>(
                        integer_within(node, "nodes", 0, 1'000'000'000)));
                }
            }
        }
        return read;
    }

    void read_replica(const Json& json) {
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

    std::string file_;
    History history_;
    std::vector<std::uint32_t> lines_of_ops_;
    std::vector<bool> drained_;  // by key
    std::uint32_t line_ = 0;
    std::int64_t ops_promised_ = absent;
    bool has_header_ = false;
    bool transactional_ = false;
    // Of the op being read.
    OpType type_ = OpType::info;
    ProcessId process_ = 0;
    std::int64_t time_ = absent;
};

}  // namespace

tl::expected<History, ReadError> read_history(std::istream& in, std::string_view file) {
    return Reader{file}.read(in);
}

}  // namespace brokersim::reports
