// The one file about mutants that knows a JSON library besides the pins.
#include "sim/mutants/scoreboard.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <sstream>

namespace brokersim {
namespace {

using Json = nlohmann::ordered_json;

std::string line_of(const Json& object) {
    return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json head(std::string_view type) {
    return Json{{"v", 1}, {"type", std::string{type}}};
}

/// Absent things are null.
Json or_null(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
}

std::string text_or_empty(const Json& object, const char* key) {
    return object.at(key).is_null() ? "" : object.at(key).get<std::string>();
}

Json to_object(const MinimalSize& size) {
    return Json{{"brokers", size.brokers},
                {"faults", size.faults},
                {"messages", size.messages},
                {"events", size.events},
                {"virtual_ns", size.virtual_ns}};
}

MinimalSize size_of(const Json& object) {
    return MinimalSize{
        object.at("brokers").get<std::uint64_t>(), object.at("faults").get<std::uint64_t>(),
        object.at("messages").get<std::uint64_t>(), object.at("events").get<std::uint64_t>(),
        object.at("virtual_ns").get<std::int64_t>()};
}

Json to_object(const AcceptedScore& one) {
    Json object = {{"id", one.id},
                   {"tier", one.tier},
                   {"scenario", one.scenario},
                   {"campaigns", one.campaigns},
                   {"found", one.found},
                   {"budget", one.budget},
                   {"median", one.median},
                   {"p95", one.p95},
                   {"detector", or_null(one.detector)},
                   {"history", or_null(one.history)}};
    if (one.minimal) {
        object["minimal"] = to_object(*one.minimal);
    }
    return object;
}

AcceptedScore accepted_of(const std::string& name, const Json& object) {
    AcceptedScore one;
    one.id = object.at("id").get<std::string>();
    one.name = name;
    one.tier = object.at("tier").get<std::string>();
    one.scenario = object.at("scenario").get<std::string>();
    one.campaigns = object.at("campaigns").get<std::uint64_t>();
    one.found = object.at("found").get<std::uint64_t>();
    one.budget = object.at("budget").get<std::uint64_t>();
    one.median = object.at("median").get<std::uint64_t>();
    one.p95 = object.at("p95").get<std::uint64_t>();
    one.detector = text_or_empty(object, "detector");
    one.history = text_or_empty(object, "history");
    if (object.contains("minimal")) {
        one.minimal = size_of(object.at("minimal"));
    }
    return one;
}

}  // namespace

tl::expected<Scoreboard, std::string> parse_scoreboard(const std::string& text) {
    try {
        Json const file = Json::parse(text);
        if (file.at("v").get<int>() != 1) {
            return tl::unexpected(std::string{"a version of the format that is unknown here"});
        }
        Scoreboard board;
        for (const auto& [name, object] : file.at("mutants").items()) {
            board.emplace(name, accepted_of(name, object));
        }
        return board;
    } catch (const Json::exception& error) {
        return tl::unexpected(std::string{error.what()});
    }
}

std::string to_json(const Scoreboard& board) {
    std::string text = "{\"v\": 1, \"mutants\": {";
    std::string_view separator = "\n";
    for (const auto& [name, one] : board) {
        text += fmt::format("{}{}: {}", separator, Json(name).dump(), line_of(to_object(one)));
        separator = ",\n";
    }
    return text + "\n}}\n";
}

std::string list_line(const PatchFile& patch, const std::string& scenario, bool built) {
    Json json = head("mutant");
    json["id"] = or_null(patch.id);
    json["name"] = patch.name;
    json["tier"] = std::string{name_of(patch.tier)};
    json["title"] = patch.title;
    json["story"] = patch.story;
    json["source"] = patch.source;
    json["needs"] = patch.needs;
    json["trigger"] = patch.trigger;
    json["detectors"] = patch.detectors;
    json["target"] = patch.target;
    json["scenario"] = scenario;
    json["budget"] = patch.seeds_max();
    json["built"] = built;
    return line_of(json);
}

std::string score_json(const MutantScore& score, const AcceptedScore* accepted) {
    constexpr std::int64_t ms = 1'000'000;
    const AcceptedScore& figures = score.figures;
    bool const known = accepted != nullptr && accepted->scenario == figures.scenario;
    Json json = head("mutant");
    json["id"] = or_null(figures.id);
    json["name"] = figures.name;
    json["tier"] = figures.tier;
    json["scenario"] = figures.scenario;
    json["detected"] = score.is_found();
    json["campaigns"] = {
        {"run", figures.campaigns}, {"found", figures.found}, {"seeds", score.seeds}};
    json["budget"] = figures.budget;
    json["seeds_to_detection"] = {
        {"median", figures.median}, {"p95", figures.p95}, {"max", score.slowest}};
    json["detector"] = {{"first", or_null(figures.detector)},
                        {"expected", score.patch.detectors},
                        {"previous", known ? or_null(accepted->detector) : Json(nullptr)},
                        {"changed", known && accepted->detector != figures.detector},
                        {"later_than_expected", score.is_later_than_expected()}};
    json["history_finding"] = or_null(figures.history);
    json["virtual_ns"] = score.virtual_ns;
    json["wall_ms"] = score.wall_ns / ms;
    json["minimal"] = figures.minimal ? to_object(*figures.minimal) : Json(nullptr);
    json["runs"] = score.runs;
    json["void"] = score.voided;
    json["unproven"] = score.is_unproven();
    Json alarms = Json::array();
    for (const FalseAlarm& alarm : score.false_alarms) {
        alarms.push_back({{"seed", fmt::format("{:#x}", alarm.seed)},
                          {"verdict", alarm.verdict},
                          {"violated", alarm.violated}});
    }
    json["false_alarms"] = alarms;
    json["repro"] = or_null(score.repro);
    return line_of(json);
}

std::string unmeasured_json(const PatchFile& patch, std::string_view state, std::string_view why) {
    Json json = head("mutant");
    json["id"] = or_null(patch.id);
    json["name"] = patch.name;
    json["tier"] = std::string{name_of(patch.tier)};
    json["detected"] = nullptr;
    json["state"] = std::string{state};
    json["why"] = std::string{why};
    return line_of(json);
}

std::string to_json(const MutantsSummary& summary) {
    Json json = head("summary");
    json["tiers"] = Json::object();
    for (const auto& [tier, count] : summary.tiers) {
        json["tiers"][tier] = {{"found", count.found}, {"of", count.of}};
    }
    json["false_alarms"] = summary.false_alarms;
    json["detectors_changed"] = summary.detectors_changed;
    json["stale"] = summary.stale;
    json["not_built"] = summary.not_built;
    json["not_applicable"] = summary.not_applicable;
    json["unproven"] = summary.unproven;
    json["differences"] = summary.differences;
    json["seed"] = fmt::format("{:#x}", summary.seed);
    json["exit_code"] = summary.exit_code;
    return line_of(json);
}

std::optional<MinimalSize> parse_shrunk(const std::string& output) {
    std::istringstream lines{output};
    for (std::string line; std::getline(lines, line);) {
        Json const json = Json::parse(line, nullptr, false);
        if (json.is_object() && json.value("type", "") == "shrunk") {
            return size_of(json);
        }
    }
    return std::nullopt;
}

}  // namespace brokersim
