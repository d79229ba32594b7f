// Walking the folders of the library.
#include "scenarios/library.h"

#include "scenarios/suggest.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace brokersim {
namespace {

namespace fs = std::filesystem;

bool is_scenario(const fs::path& path) {
    // Beside scenarios stand the editor's schema and pinned failures, which are none.
    bool const schema = path.stem().extension() == ".schema" || path.stem().extension() == ".repro";
    return (path.extension() == ".json" || path.extension() == ".jsonc") && !schema;
}

void add_folder(const fs::path& folder, std::vector<std::string>& paths) {
    std::error_code failed;
    fs::recursive_directory_iterator at{folder, failed};
    for (; !failed && at != fs::recursive_directory_iterator{}; at.increment(failed)) {
        std::error_code ignored;
        if (at->is_regular_file(ignored) && is_scenario(at->path())) {
            paths.push_back(at->path().lexically_normal().string());
        }
    }
}

}  // namespace

std::vector<std::string> list_scenarios(const std::vector<std::string>& roots) {
    std::vector<std::string> paths;
    for (const std::string& root : roots) {
        add_folder(root, paths);
    }
    std::sort(paths.begin(), paths.end());
    paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
    return paths;
}

FoundScenarios find_scenario(const std::string& name_or_path,
                             const std::vector<std::string>& roots) {
    FoundScenarios found;
    std::error_code ignored;
    if (fs::is_regular_file(name_or_path, ignored)) {
        found.paths.push_back(name_or_path);
        return found;
    }
    if (fs::is_directory(name_or_path, ignored)) {
        found.paths = list_scenarios({name_or_path});
        if (found.paths.empty()) {
            found.error = fmt::format("no scenario file in {}", name_or_path);
        }
        return found;
    }
    if (std::size_t const at = name_or_path.rfind('@'); at != std::string::npos) {
        found = find_scenario(name_or_path.substr(0, at), roots);
        for (std::string& path : found.paths) {
            path += name_or_path.substr(at);
        }
        return found;
    }
    std::vector<std::string> names;
    for (const std::string& path : list_scenarios(roots)) {
        names.push_back(fs::path{path}.stem().string());
        if (names.back() == name_or_path) {
            found.paths.push_back(path);
        }
    }
    if (found.paths.size() == 1) {
        return found;
    }
    if (found.paths.size() > 1) {
        found.error = fmt::format("SCN215: the name {} is used twice: {}", name_or_path,
                                  fmt::join(found.paths, ", "));
        found.paths.clear();
        return found;
    }
    std::vector<Candidate> candidates;
    for (const std::string& name : names) {
        candidates.push_back({name});
    }
    std::optional<std::string> const near = nearest(name_or_path, candidates);
    found.error = fmt::format("no scenario, file or folder is called {}{}", name_or_path,
                              near ? fmt::format("; did you mean {}?", *near) : "");
    return found;
}

}  // namespace brokersim
