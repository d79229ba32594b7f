// The header by a table of keys, the diff by its lines.
#include "sim/mutants/patch_file.h"

#include "sim/command/mutant.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace brokersim {
namespace {

namespace files = std::filesystem;

constexpr std::size_t changed_lines_max = 20;
constexpr std::array<std::string_view, 8> required = {"id",    "title",   "story",     "source",
                                                      "needs", "trigger", "detectors", "tier"};
constexpr std::array<std::string_view, 2> optional = {"budget", "scenario"};
constexpr std::array<std::string_view, 4> joined = {"title", "story", "source", "trigger"};
constexpr std::array tiers = {Tier::smoke, Tier::nightly, Tier::directed, Tier::impossible};

using Keys = std::map<std::string, std::string, std::less<>>;

template <std::size_t size>
bool has(const std::array<std::string_view, size>& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

/// Adds one line of the header. Returns what is wrong with it.
std::string add_line(Keys& keys, std::string_view line) {
    std::size_t const colon = line.find(": ");
    if (!line.starts_with("# ") || colon == std::string_view::npos || colon + 2 >= line.size()) {
        return fmt::format("not a header line: {}", line);
    }
    std::string const key{line.substr(2, colon - 2)};
    std::string const value{line.substr(colon + 2)};
    if (!has(required, key) && !has(optional, key)) {
        return fmt::format("unknown key {}", key);
    }
    auto const [at, added] = keys.emplace(key, value);
    if (!added && !has(joined, key)) {
        return fmt::format("{} stands twice", key);
    }
    if (!added) {
        at->second += " " + value;
    }
    return "";
}

std::vector<std::string> words_of(const std::string& text) {
    std::vector<std::string> words;
    std::istringstream stream{text};
    for (std::string word; stream >> word;) {
        if (word != "-") {
            words.push_back(word);
        }
    }
    return words;
}

std::string fill(PatchFile& patch, Keys& keys, Origin origin) {
    for (std::string_view const key : required) {
        if (!keys.contains(key) && (origin == Origin::catalogue || key == "title")) {
            return fmt::format("{} is missing", key);
        }
    }
    patch.id = origin == Origin::catalogue ? keys["id"] : "";
    patch.title = keys["title"];
    patch.story = keys["story"];
    patch.source = keys["source"];
    patch.needs = words_of(keys["needs"]);
    patch.trigger = keys["trigger"];
    patch.detectors = words_of(keys["detectors"]);
    patch.scenario = keys["scenario"] == "swarm" ? "" : keys["scenario"];
    if (std::string const tier = keys["tier"]; !tier.empty()) {
        auto const at = std::find_if(tiers.begin(), tiers.end(),
                                     [&](Tier one) { return name_of(one) == tier; });
        if (at == tiers.end()) {
            return fmt::format("tier {} is none of smoke, nightly, directed, impossible", tier);
        }
        patch.tier = *at;
    }
    if (std::string const text = keys["budget"]; !text.empty()) {
        std::uint64_t budget = 0;
        const char* const end = text.data() + text.size();
        auto const [at, error] = std::from_chars(text.data(), end, budget);
        if (error != std::errc{} || at != end || budget == 0) {
            return fmt::format("budget {} is not a number of seeds", text);
        }
        patch.budget = budget;
    }
    if (patch.tier == Tier::directed && patch.scenario.empty()) {
        return "a directed mutant names its scenario";
    }
    return "";
}

/// What is wrong with the diff; else its target is set.
std::string read_diff(PatchFile& patch, const std::vector<std::string>& lines) {
    std::vector<std::string> old_names;
    std::vector<std::string> new_names;
    std::size_t changed = 0;
    for (const std::string& line : lines) {
        if (line.starts_with("--- ")) {
            old_names.push_back(line.substr(4, line.find('\t') - 4));
        } else if (line.starts_with("+++ ")) {
            new_names.push_back(line.substr(4, line.find('\t') - 4));
        } else if (line.starts_with("+") || line.starts_with("-")) {
            ++changed;
        }
    }
    bool const one = old_names.size() == 1 && new_names.size() == 1 && old_names[0].size() > 2 &&
                     new_names[0].size() > 2 && old_names[0].substr(2) == new_names[0].substr(2);
    if (!one) {
        return "it must change exactly one existing file, as --- a/PATH and +++ b/PATH";
    }
    patch.target = old_names[0].substr(2);
    bool const allowed = patch.target.starts_with("broker_core/") &&
                         patch.target.ends_with(".cpp") &&
                         !patch.target.starts_with("broker_core/posix/") &&
                         patch.target.find("..") == std::string::npos;
    if (!allowed) {
        return fmt::format("{} is not a .cpp of broker_core outside posix", patch.target);
    }
    if (changed > changed_lines_max) {
        return fmt::format("{} changed lines, at most {}", changed, changed_lines_max);
    }
    return "";
}

}  // namespace

std::string_view name_of(Tier tier) {
    switch (tier) {
        case Tier::smoke:
            return "smoke";
        case Tier::nightly:
            return "nightly";
        case Tier::directed:
            return "directed";
        case Tier::impossible:
            return "impossible";
    }
    return "";
}

std::uint64_t PatchFile::seeds_max() const {
    constexpr std::uint64_t few = 10;
    constexpr std::uint64_t many = 10'000;
    return budget.value_or(tier == Tier::nightly ? many : few);
}

tl::expected<PatchFile, std::string> parse_patch(const std::string& path, std::string_view text,
                                                 Origin origin) {
    PatchFile patch;
    patch.path = path;
    patch.name = files::path{path}.stem().string();
    Keys keys;
    std::vector<std::string> diff;
    std::istringstream stream{std::string{text}};
    for (std::string line; std::getline(stream, line);) {
        if (diff.empty() && !line.starts_with("--- ")) {
            if (std::string const wrong = add_line(keys, line); !wrong.empty()) {
                return tl::unexpected(wrong);
            }
        } else {
            diff.push_back(line);
        }
    }
    std::string wrong = fill(patch, keys, origin);
    wrong = wrong.empty() ? read_diff(patch, diff) : wrong;
    if (!wrong.empty()) {
        return tl::unexpected(wrong);
    }
    return patch;
}

tl::expected<PatchFile, std::string> read_patch(const std::string& path, Origin origin) {
    std::ifstream file{path, std::ios::binary};
    if (!file) {
        return tl::unexpected(std::string{"it cannot be read"});
    }
    std::ostringstream text;
    text << file.rdbuf();
    return parse_patch(path, text.str(), origin);
}

std::string stale_reason(const PatchFile& patch, const std::string& root) {
    files::path const target = files::path{root} / patch.target;
    if (!files::is_regular_file(target)) {
        return fmt::format("there is no {}", patch.target);
    }
    // Fuzz would accept changed context silently.
    Captured const tried = run_captured(
        {"patch", "--fuzz=0", "--dry-run", "--force", "--input", patch.path, target.string()});
    if (tried.code == 0) {
        return "";
    }
    std::string hunks;
    std::istringstream stream{tried.output};
    for (std::string line; std::getline(stream, line);) {
        if (line.find("FAILED") != std::string::npos) {
            hunks += (hunks.empty() ? "" : "; ") + line;
        }
    }
    return fmt::format("it does not apply to {}: {}", patch.target,
                       hunks.empty() ? tried.output : hunks);
}

}  // namespace brokersim
