// Words and JSON that do not depend on what was enumerated.
#include "sim/command/enumeration_words.h"

#include "sim/command/scenario_files.h"
#include "sim/run_text.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <ctime>

namespace brokersim {

std::int64_t cpu_ns() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

std::uint64_t rate(std::uint64_t count, std::int64_t took_ns) {
    auto const ms = static_cast<std::uint64_t>(took_ns / 1'000'000);
    return ms == 0 ? 0 : count * 1'000 / ms;
}

nlohmann::ordered_json findings_json(const std::vector<ToldFinding>& findings) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const ToldFinding& finding : findings) {
        list.push_back({{"code", finding.code},
                        {"states", finding.states},
                        {"state", finding.state},
                        {"text", finding.text},
                        {"command", finding.command}});
    }
    return list;
}

void say_findings(const std::vector<ToldFinding>& findings, std::string_view states) {
    for (const ToldFinding& finding : findings) {
        say(fmt::format("{} in {} {}: {}\n    {}\n", finding.code, finding.states, states,
                        finding.text, finding.command));
    }
}

ExitCode tell_state(const EnumerateCommand& command, std::string_view type,
                    const PlayedState& played) {
    if (command.json) {
        nlohmann::ordered_json line;
        line["v"] = 1;
        line["type"] = type;
        line["seed"] = seed_text(command.seed);
        line["state"] = command.state;
        line["finding"] = played.finding;
        line["text"] = played.text;
        line["story"] = played.story;
        print_line(line.dump());
    } else {
        for (const std::string& text : played.story) {
            say(text + "\n");
        }
    }
    return played.finding.empty() ? ExitCode::ok : ExitCode::finding;
}

ExitCode judge_enumeration(const Scenario& scenario, bool clean) {
    bool const expects_finding = !scenario.plant.empty();
    if (clean && expects_finding) {
        say(fmt::format("{} plants {}, and no state shows it\n", scenario.name, scenario.plant));
    }
    return clean == expects_finding ? ExitCode::finding : ExitCode::ok;
}

}  // namespace brokersim
