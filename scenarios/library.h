// Finding scenario files by path, by folder, or by their unique name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace brokersim {

/// paths: sorted. error: why there are none, with a suggestion if a name is close.
struct FoundScenarios {
    std::vector<std::string> paths;
    std::string error;
};

/// name_or_path: a file, a folder (all its .json and .jsonc files, at any depth), or the name of a
/// scenario in one of the folders `roots`. A name that two files have finds none (SCN215). What
/// ends in "@SUFFIX" is a child of a matrix.
FoundScenarios find_scenario(const std::string& name_or_path,
                             const std::vector<std::string>& roots);

/// Every scenario file below the folders, sorted by path.
std::vector<std::string> list_scenarios(const std::vector<std::string>& roots);

}  // namespace brokersim
