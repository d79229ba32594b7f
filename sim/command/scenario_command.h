// `brokersim scenario ...`: help for those who write scenarios.
#pragma once

#include "sim/command/exit_code.h"

#include <cstdint>
#include <string>
#include <vector>

namespace brokersim {

/// How `check` tells what is wrong.
enum class CheckOutput : std::uint8_t { text, json, github };

/// Reads files and folders as `run` would, and says all that is wrong with them.
ExitCode check_scenarios(const std::vector<std::string>& names, CheckOutput output);

struct ListScenarios {
    std::vector<std::string> names;  // files, folders or names; empty: the library
    std::vector<std::string> tags;   // a scenario must have all of them
    bool json = false;
};
ExitCode list_scenarios_command(const ListScenarios& command);

struct ShowScenario {
    std::string name;
    bool resolved = false;  // with every default, else as written
    bool origin = false;    // one line per value, with the place it came from
    std::string diff;       // another scenario to compare with; empty: none
    bool json = false;
};
ExitCode show_scenario(const ShowScenario& command);

/// Writes FOLDER/NAME.json; never over a file that is there.
ExitCode new_scenario_command(const std::string& name, const std::string& base,
                              const std::string& folder);

/// Lays files out. check: changes nothing, and says which files it would change (exit 1).
ExitCode format_scenarios(const std::vector<std::string>& names, bool check);

struct DocCommand {
    std::vector<std::string> words;  // none: the guide
    bool schema = false;             // the editor schema instead
    bool coverage = false;           // which scenario covers which row of the catalogues
};
ExitCode doc_command(const DocCommand& command);

/// Exit 6 if it warns: what never happened proves nothing.
ExitCode preview_command(const std::string& name, std::uint64_t seeds, bool json,
                         const std::vector<std::string>& arguments);

}  // namespace brokersim
