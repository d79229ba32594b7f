// Reads brokersim-history/1 line by line: the header, and what clients did.
#include "reports/history_reader.h"
#include "reports/pairing.h"

#include <istream>

namespace brokersim::reports {

using namespace json_fields;

namespace {

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

constexpr std::array client_kinds{KindName{"send", OpKind::send}, KindName{"poll", OpKind::poll},
                                  KindName{"assign", OpKind::assign},
                                  KindName{"subscribe", OpKind::subscribe}};

}  // namespace

tl::expected<History, ReadError> HistoryReader::read(std::istream& in) {
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

tl::unexpected<ReadError> HistoryReader::malformed(std::uint32_t line,
                                                   std::string_view what) const {
    return tl::unexpected{
        ReadError{ReadError::Kind::malformed, fmt::format("{}:{}: {}", file_, line, what)}};
}

std::optional<ReadError> HistoryReader::read_line(const std::string& line) {
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

void HistoryReader::read_header(const Json& json) {
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

void HistoryReader::read_config(const Json& json) {
    Config& config = history_.config;
    config.acks = parse_acks(required(json, "acks"));
    config.idempotent = boolean(required(json, "idempotent"), "idempotent");
    for (const auto& [name, place] :
         {std::pair{"contiguous", &config.contiguous}, std::pair{"realtime", &config.realtime},
          std::pair{"retention", &config.retention}, std::pair{"transactional", &transactional_}}) {
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

void HistoryReader::read_op(const Json& json) {
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
    process_ = process.is_string() ? history_.names.process(process.get_ref<std::string const&>())
                                   : history_.names.process(integer(process, "process"));
    if (process_ == Names::sim) {
        read_sim_op(json, f);
    } else if (process_ == Names::drain) {
        read_drain(json, f);
    } else {
        read_client_op(json, f);
    }
}

OpType HistoryReader::parse_type(const Json& json) {
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

ValueId HistoryReader::value(const Json& json) {
    return json.is_string() ? history_.names.value(json.get_ref<std::string const&>())
                            : history_.names.value(value_number(json));
}

std::int64_t HistoryReader::value_number(const Json& json) {
    if (!json.is_number_integer()) {
        refuse("'value' must be an integer or a string");
    }
    return integer(json, "value");
}

void HistoryReader::refuse_drained(KeyId key) const {
    if (key < drained_.size() && drained_[key]) {
        refuse("key {} was drained before", history_.names.key_text(key));
    }
}

void HistoryReader::read_client_op(const Json& json, const std::string& f) {
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

void HistoryReader::read_send(const Json& json) {
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
    bool const one_key = std::all_of(
        mops.begin(), mops.end(), [&](const SendMop& mop) { return mop.key == mops.front().key; });
    if (fields.batch == Choice::yes && !one_key) {
        refuse("a batch has one key");
    }
    if (type_ == OpType::invoke) {
        history_.send_invoke(time_, process_, mops, fields);
    } else {
        history_.send_done(time_, process_, type_, mops, fields);
    }
}

std::uint32_t HistoryReader::optional_count(const Json& json, const char* name) {
    const Json* found = member(json, name);
    if (found == nullptr || found->is_null()) {
        return 0;
    }
    return static_cast<std::uint32_t>(integer_within(*found, name, 1, 1'000'000'000));
}

std::vector<Record> HistoryReader::records(const Json& json) {
    std::vector<Record> read;
    for (const Json& pair : list(json, "records")) {
        if (!pair.is_array() || pair.size() != 2) {
            refuse("a record must be [offset, value]");
        }
        read.push_back({integer(pair[0], "offset"), value(pair[1])});
    }
    return read;
}

std::vector<std::int64_t> HistoryReader::offsets(const Json& parent, const char* name) {
    std::vector<std::int64_t> read;
    const Json* found = member(parent, name);
    if (found != nullptr && !found->is_null()) {
        for (const Json& offset : list(*found, name)) {
            read.push_back(integer(offset, name));
        }
    }
    return read;
}

void HistoryReader::read_poll(const Json& json) {
    history_.begin_poll(time_, process_, type_);
    std::uint32_t number = 0;
    for (const Json& mop : list(required(json, "mops"), "mops")) {
        if (text(required(object(mop, "mop"), "f"), "f") != "poll") {
            refuse("a mop of a poll must have the f \"poll\"");
        }
        read_poll_mop(mop, number++);
    }
}

void HistoryReader::read_poll_mop(const Json& mop, std::uint32_t number) {
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
    bool const any_records = std::any_of(parts.begin(), parts.end(),
                                         [](const auto& part) { return part.second.has_records; });
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

void HistoryReader::read_assign(const Json& json, OpKind kind) {
    std::vector<KeyId> keys;
    for (const Json& name : list(required(json, "keys"), "keys")) {
        keys.push_back(key(name));
    }
    const Json* seek = member(json, "seek");
    bool const seeks = seek != nullptr && !seek->is_null();
    history_.assign(time_, process_, type_, keys, seeks ? Choice::yes : Choice::no, kind);
}

void HistoryReader::read_drain(const Json& json, const std::string& f) {
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

tl::expected<History, ReadError> read_history(std::istream& in, std::string_view file) {
    return HistoryReader{file}.read(in);
}

}  // namespace brokersim::reports
