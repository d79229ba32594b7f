// repro.json and trace.hash, written and read.
#include "reports/bundle.h"

#include "broker_core/base/bytes.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace brokersim::reports {
namespace {

using Json = nlohmann::ordered_json;

constexpr int format_version = 1;
constexpr std::string_view marks_magic = "BSTRACE1";
constexpr std::size_t mark_bytes = 16;

std::string hex(std::uint64_t value) {
    return fmt::format("{:016x}", value);
}

bool read_hex(const std::string& text, std::uint64_t& value) {
    const char* begin = text.data();
    const char* const end = begin + text.size();
    if (text.starts_with("0x")) {
        begin += 2;
    }
    auto const [at, error] = std::from_chars(begin, end, value, 16);
    return error == std::errc{} && at == end && begin != end;
}

Json texts(const std::vector<std::string>& list) {
    Json array = Json::array();
    for (const std::string& item : list) {
        array.push_back(item);
    }
    return array;
}

/// Reads fields and remembers the first that is missing or of the wrong type.
class Fields {
public:
    explicit Fields(const Json& object) : object_{object} {}

    template <class T>
    void take(const char* key, T& value) {
        auto const at = object_.find(key);
        if (at == object_.end()) {
            fail(key);
            return;
        }
        try {
            value = at->template get<T>();
        } catch (const Json::exception&) {
            fail(key);
        }
    }
    void take_hex(const char* key, std::uint64_t& value) {
        std::string text;
        take(key, text);
        if (!read_hex(text, value)) {
            fail(key);
        }
    }
    void fail(const char* key) {
        if (error_.empty()) {
            error_ = fmt::format("\"{}\" is missing or malformed", key);
        }
    }
    [[nodiscard]] const std::string& error() const { return error_; }

private:
    const Json& object_;
    std::string error_;
};

}  // namespace

std::string canonical_json(std::string_view json) {
    return Json::parse(json, nullptr, false).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string to_json(const Repro& repro) {
    Json plan = Json::array();
    for (const Repro::PlanElement& element : repro.plan) {
        plan.push_back(
            {{"drawn", element.drawn}, {"element", Json::parse(element.json, nullptr, false)}});
    }
    Json checkpoints = Json::array();
    for (std::uint64_t const state : repro.checkpoints) {
        checkpoints.push_back(hex(state));
    }
    Json faults = Json::array();
    for (const Repro::FaultRow& row : repro.faults) {
        faults.push_back(
            {{"id", row.id}, {"kind", row.kind}, {"target", row.target}, {"fate", row.fate}});
    }
    Json const object = {{"v", format_version},
                         {"signature", repro.signature},
                         {"signature_version", repro.signature_version},
                         {"verdict", repro.verdict},
                         {"violated", texts(repro.violated)},
                         {"summary", repro.summary},
                         {"scenario_name", repro.scenario_name},
                         {"scenario_path", repro.scenario_path},
                         {"scenario_hash", repro.scenario_hash},
                         {"seed", fmt::format("{:#x}", repro.seed)},
                         {"mutant", repro.mutant},
                         {"source", repro.source},
                         {"commit", repro.commit},
                         {"dirty", repro.dirty},
                         {"build", repro.build},
                         {"trace_hash", hex(repro.trace_hash)},
                         {"events", repro.events},
                         {"virtual_ns", repro.virtual_ns},
                         {"failed_at", repro.failed_at},
                         {"messages", texts(repro.messages)},
                         {"faults", faults},
                         {"plan", plan},
                         {"checkpoint_every", repro.checkpoint_every},
                         {"checkpoints", checkpoints},
                         {"files", {{"trace.hash", 1}, {"history.jsonl", "brokersim-history/1"}}},
                         {"scenario", Json::parse(repro.scenario_json, nullptr, false)}};
    return object.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

tl::expected<Repro, std::string> parse_repro(std::string_view json) {
    Json const object = Json::parse(json, nullptr, false);
    if (!object.is_object()) {
        return tl::unexpected(std::string{"this is not JSON, or not an object"});
    }
    int version = 0;
    Fields fields{object};
    fields.take("v", version);
    if (fields.error().empty() && version != format_version) {
        return tl::unexpected(fmt::format("version {} of the format is unknown here", version));
    }
    Repro repro;
    fields.take("signature", repro.signature);
    fields.take("signature_version", repro.signature_version);
    fields.take("verdict", repro.verdict);
    fields.take("violated", repro.violated);
    fields.take("summary", repro.summary);
    fields.take("scenario_name", repro.scenario_name);
    fields.take("scenario_path", repro.scenario_path);
    fields.take("scenario_hash", repro.scenario_hash);
    fields.take_hex("seed", repro.seed);
    fields.take("mutant", repro.mutant);
    fields.take("source", repro.source);
    fields.take("commit", repro.commit);
    fields.take("dirty", repro.dirty);
    fields.take("build", repro.build);
    fields.take_hex("trace_hash", repro.trace_hash);
    fields.take("events", repro.events);
    fields.take("virtual_ns", repro.virtual_ns);
    fields.take("failed_at", repro.failed_at);
    fields.take("messages", repro.messages);
    fields.take("checkpoint_every", repro.checkpoint_every);
    std::vector<std::string> checkpoints;
    fields.take("checkpoints", checkpoints);
    for (const std::string& text : checkpoints) {
        if (!read_hex(text, repro.checkpoints.emplace_back())) {
            fields.fail("checkpoints");
        }
    }
    auto const plan = object.find("plan");
    if (plan == object.end() || !plan->is_array()) {
        fields.fail("plan");
    } else {
        for (const Json& one : *plan) {
            if (!one.is_object() || !one.contains("element") || !one.contains("drawn") ||
                !one["drawn"].is_boolean()) {
                fields.fail("plan");
                break;
            }
            repro.plan.push_back(
                Repro::PlanElement{one["element"].dump(), one["drawn"].get<bool>()});
        }
    }
    auto const scenario = object.find("scenario");
    if (scenario == object.end() || !scenario->is_object()) {
        fields.fail("scenario");
    } else {
        repro.scenario_json = scenario->dump(2);
    }
    if (!fields.error().empty()) {
        return tl::unexpected(fields.error());
    }
    return repro;
}

std::string encode_marks(const std::vector<EventMark>& marks) {
    broker::Bytes bytes;
    std::size_t const count = std::min(marks.size(), event_marks_max);
    bytes.reserve(marks_magic.size() + count * mark_bytes);
    for (char const c : marks_magic) {
        bytes.push_back(static_cast<std::byte>(c));
    }
    for (std::size_t i = 0; i < count; ++i) {
        const EventMark& mark = marks[i];
        broker::append_le(bytes, mark.state);
        broker::append_le(bytes, (std::uint32_t{mark.kind} << 24U) | (mark.target & 0xffffffU));
        broker::append_le(bytes, static_cast<std::uint64_t>(mark.time_ns));
    }
    return std::string{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::vector<EventMark> decode_marks(std::string_view bytes) {
    std::vector<EventMark> marks;
    if (!bytes.starts_with(marks_magic)) {
        return marks;
    }
    bytes.remove_prefix(marks_magic.size());
    for (; bytes.size() >= mark_bytes; bytes.remove_prefix(mark_bytes)) {
        const auto* const at = reinterpret_cast<const std::byte*>(bytes.data());
        EventMark mark;
        mark.state = broker::load_le<std::uint32_t>(at);
        std::uint32_t const what = broker::load_le<std::uint32_t>(at + 4);
        mark.kind = static_cast<std::uint8_t>(what >> 24U);
        mark.target = what & 0xffffffU;
        mark.time_ns = static_cast<std::int64_t>(broker::load_le<std::uint64_t>(at + 8));
        marks.push_back(mark);
    }
    return marks;
}

}  // namespace brokersim::reports
