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
Json const* member(Json const& object, char const* name) {
    auto const found = object.find(name);
    return found == object.end() ? nullptr : &*found;
}

Json const& required(Json const& object, char const* name) {
    Json const* found = member(object, name);
    if (found == nullptr) {
        refuse("'{}' is missing", name);
    }
    return *found;
}

std::int64_t integer(Json const& json, char const* name) {
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

std::int64_t integer_within(Json const& json, char const* name, std::int64_t low,
                            std::int64_t high) {
    std::int64_t const number = integer(json, name);
    if (number < low || number > high) {
        refuse("'{}' must be from {} to {}", name, low, high);
    }
    return number;
}

/// absent if the member is not there or null.
std::int64_t optional_integer(Json const& object, char const* name) {
    Json const* found = member(object, name);
    return found == nullptr || found->is_null() ? absent : integer(*found, name);
}

std::string const& text(Json const& json, char const* name) {
    if (!json.is_string()) {
        refuse("'{}' must be a string", name);
    }
    return json.get_ref<std::string const&>();
}

Json const& list(Json const& json, char const* name) {
    if (!json.is_array()) {
        refuse("'{}' must be a list", name);
    }
    return json;
}

Json const& object(Json const& json, char const* name) {
    if (!json.is_object()) {
        refuse("'{}' must be an object", name);
    }
    return json;
}

bool boolean(Json const& json, char const* name) {
    if (!json.is_boolean()) {
        refuse("'{}' must be true or false", name);
    }
    return json.get<bool>();
}

Choice optional_choice(Json const& parent, char const* name) {
    Json const* found = member(parent, name);
    if (found == nullptr || found->is_null()) {
        return Choice::unset;
    }
    return boolean(*found, name) ? Choice::yes : Choice::no;
}

Acks parse_acks(Json const& json) {
    std::string const& word = text(json, "acks");
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
std::optional<OpKind> find_kind(std::array<KindName, N> const& kinds, std::string_view name) {
    auto const found = std::find_if(kinds.begin(), kinds.end(),
                                    [&](KindName const& kind) { return kind.name == name; });
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

    std::optional<ReadError> read_line(std::string const& line) {
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
        } catch (LineError const& error) {
            return malformed(line_, error.text).value();
        } catch (Json::exception const& error) {
            return malformed(line_, fmt::format("not JSON: {}", error.what())).value();
        }
        if (transactional_) {
            return ReadError{ReadError::Kind::transactional,
                             fmt::format("{}:{}: transactions are not judged", file_, line_)};
        }
        return std::nullopt;
    }

    void read_header(Json const& json) {
        if (Json const* format = member(json, "format");
            format == nullptr || *format != "brokersim-history/1") {
            refuse("the first line must have the format \"brokersim-history/1\"");
        }
        if (Json const* ops = member(json, "ops")) {
            ops_promised_ = integer_within(*ops, "ops", 0, number_max);
        }
        Header& header = history_.header;
        for (auto const& [name, place] :
             {std::pair{"name", &header.name}, std::pair{"seed", &header.seed},
              std::pair{"scenario", &header.scenario}, std::pair{"recorder", &header.recorder}}) {
            if (Json const* found = member(json, name)) {
                *place = found->is_string() ? found->get<std::string>() : found->dump();
            }
        }
        read_config(object(required(json, "config"), "config"));
    }

    void read_config(Json const& json) {
        Config& config = history_.config;
        config.acks = parse_acks(required(json, "acks"));
        config.idempotent = boolean(required(json, "idempotent"), "idempotent");
        for (auto const& [name, place] :
             {std::pair{"contiguous", &config.contiguous}, std::pair{"realtime", &config.realtime},
              std::pair{"retention", &config.retention},
              std::pair{"transactional", &transactional_}}) {
            if (Json const* found = member(json, name)) {
                *place = boolean(*found, name);
            }
        }
        constexpr std::int64_t bound = 1'000'000'000;
        struct Number {
            char const* name;
            std::int64_t* place;
            std::int64_t low;
        };
        for (Number const& number : {Number{"max_in_flight", &config.max_in_flight, 1},
                                     Number{"required_acks", &config.required_acks, 0},
                                     Number{"network_dup", &config.network_dup, 0},
                                     Number{"reader_stops_at", &config.reader_stops_at, 0}}) {
            if (Json const* found = member(json, number.name)) {
                *number.place = integer_within(*found, number.name, number.low, bound);
            }
        }
        if (Json const* found = member(json, "durable")) {
            std::string const& word = text(*found, "durable");
            if (word != "flushed" && word != "leo") {
                refuse("'durable' must be \"flushed\" or \"leo\"");
            }
            config.durable = word == "leo" ? DurableEnd::leo : DurableEnd::flushed;
        }
    }

    void read_op(Json const& json) {
        Json const& process = required(json, "process");
        if (!process.is_string() && !process.is_number_integer()) {
            refuse("'process' must be an integer or a string");
        }
        type_ = parse_type(required(json, "type"));
        std::string const& f = text(required(json, "f"), "f");
        time_ = optional_integer(json, "time");
        if (Json const* pos = member(json, "pos"); pos != nullptr && !pos->is_null()) {
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

    static OpType parse_type(Json const& json) {
        std::string const& word = text(json, "type");
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

    ValueId value(Json const& json) {
        return json.is_string() ? history_.names.value(json.get_ref<std::string const&>())
                                : history_.names.value(value_number(json));
    }

    static std::int64_t value_number(Json const& json) {
        if (!json.is_number_integer()) {
            refuse("'value' must be an integer or a string");
        }
        return integer(json, "value");
    }

    KeyId key(Json const& json) { return history_.names.key(text(json, "key")); }

    void refuse_drained(KeyId key) const {
        if (key < drained_.size() && drained_[key]) {
            refuse("key {} was drained before", history_.names.key_text(key));
        }
    }

    void read_client_op(Json const& json, std::string const& f) {
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

    void read_send(Json const& json) {
        std::vector<SendMop> mops;
        for (Json const& mop : list(required(json, "mops"), "mops")) {
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
        if (Json const* acks = member(json, "acks"); acks != nullptr && !acks->is_null()) {
            fields.acks = parse_acks(*acks);
        }
        fields.idempotent = optional_choice(json, "idempotent");
        fields.batch = optional_choice(json, "batch");
        bool const one_key = std::all_of(mops.begin(), mops.end(), [&](SendMop const& mop) {
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

    static std::uint32_t optional_count(Json const& json, char const* name) {
        Json const* found = member(json, name);
        if (found == nullptr || found->is_null()) {
            return 0;
        }
        return static_cast<std::uint32_t>(integer_within(*found, name, 1, 1'000'000'000));
    }

    std::vector<Record> records(Json const& json) {
        std::vector<Record> read;
        for (Json const& pair : list(json, "records")) {
            if (!pair.is_array() || pair.size() != 2) {
                refuse("a record must be [offset, value]");
            }
            read.push_back({integer(pair[0], "offset"), value(pair[1])});
        }
        return read;
    }

    static std::vector<std::int64_t> offsets(Json const& parent, char const* name) {
        std::vector<std::int64_t> read;
        Json const* found = member(parent, name);
        if (found != nullptr && !found->is_null()) {
            for (Json const& offset : list(*found, name)) {
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

    void read_poll(Json const& json) {
        history_.begin_poll(time_, process_, type_);
        std::uint32_t number = 0;
        for (Json const& mop : list(required(json, "mops"), "mops")) {
            if (text(required(object(mop, "mop"), "f"), "f") != "poll") {
                refuse("a mop of a poll must have the f \"poll\"");
            }
            read_poll_mop(mop, number++);
        }
    }

    void read_poll_mop(Json const& mop, std::uint32_t number) {
        std::vector<std::pair<KeyId, Part>> parts;
        auto const each = [&](char const* name, auto use) {
            Json const* found = member(mop, name);
            if (found == nullptr || found->is_null()) {
                return false;
            }
            for (auto const& [text, json] : object(*found, name).items()) {
                KeyId const id = history_.names.key(text);
                refuse_drained(id);
                auto part = std::find_if(parts.begin(), parts.end(),
                                         [&](auto const& other) { return other.first == id; });
                if (part == parts.end()) {
                    part = parts.insert(part, {id, Part{}});
                }
                use(part->second, json);
            }
            return true;
        };
        bool const result = each("records", [&](Part& part, Json const& read) {
            part.records = records(read);
            part.has_records = true;
        });
        each("hw", [](Part& part, Json const& read) { part.hw = integer(read, "hw"); });
        each("from", [](Part& part, Json const& read) { part.from = integer(read, "from"); });
        each("epoch", [](Part& part, Json const& read) { part.epoch = integer(read, "epoch"); });
        each("corrupt", [](Part& part, Json const& read) {
            for (Json const& offset : list(read, "corrupt")) {
                part.corrupt.push_back(integer(offset, "corrupt"));
            }
        });
        bool const any_records = std::any_of(
            parts.begin(), parts.end(), [](auto const& part) { return part.second.has_records; });
        if (parts.empty() || result != any_records) {
            history_.add_part({.key = no_key, .records = {}, .corrupt = {}, .mop = number}, result);
        }
        for (auto const& [id, part] : parts) {
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

    void read_assign(Json const& json, OpKind kind) {
        std::vector<KeyId> keys;
        for (Json const& name : list(required(json, "keys"), "keys")) {
            keys.push_back(key(name));
        }
        Json const* seek = member(json, "seek");
        bool const seeks = seek != nullptr && !seek->is_null();
        history_.assign(time_, process_, type_, keys, seeks ? Choice::yes : Choice::no, kind);
    }

    void read_drain(Json const& json, std::string const& f) {
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
        Json const* source = member(json, "source");
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

    std::uint32_t node(Json const& json) const {
        return static_cast<std::uint32_t>(
            integer_within(required(json, "node"), "node", 0, 1'000'000'000));
    }

    static Disk disk(Json const& json) {
        Json const* found = member(json, "disk");
        if (found == nullptr || found->is_null()) {
            return Disk::kept;
        }
        std::string const& word = text(*found, "disk");
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

    KeyId optional_key(Json const& json) {
        Json const* found = member(json, "key");
        return found == nullptr || found->is_null() ? no_key : key(*found);
    }

    void read_sim_op(Json const& json, std::string const& f) {
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
                Json const* reason = member(json, "reason");
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
    void read_end(Json const& json) {
        Json const* name = member(json, "key");
        Json const* end = member(json, "end");
        if (name == nullptr || !name->is_string() || end == nullptr || !end->is_number_integer()) {
            history_.ignored(time_, "end");
            return;
        }
        std::int64_t const start = optional_integer(json, "start");
        std::int64_t const control = optional_integer(json, "control");
        history_.end(time_, key(*name), start == absent ? 0 : start, integer(*end, "end"),
                     control == absent ? 0 : control);
    }

    static std::vector<std::uint32_t> nodes(Json const& json) {
        std::vector<std::uint32_t> read;
        Json const* found = member(json, "nodes");
        if (found != nullptr && found->is_array()) {
            for (Json const& node : *found) {
                if (node.is_number_integer()) {
                    read.push_back(static_cast<std::uint32_t>(
                        integer_within(node, "nodes", 0, 1'000'000'000)));
                }
            }
        }
        return read;
    }

    void read_replica(Json const& json) {
        std::vector<ReplicaEntry> entries;
        for (Json const& entry : list(required(json, "entries"), "entries")) {
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
