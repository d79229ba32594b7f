// Data-driven tests: dialogues in text files, each command with the answer it must give.
//
//     # A comment, kept as it is.
//     check pid=1 epoch=0 seq=0..4       <- one or more command lines
//     ----
//     append                             <- expected output, up to a blank line
//
// With REWRITE=1 in the environment a test writes the answers it got instead of comparing them;
// the difference is then reviewed like code. After the files of etcd raft and CockroachDB.
#pragma once

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace broker::test {

/// One command line: a name, then words and key=value options in any order.
struct Command {
    std::string name;
    std::vector<std::string> words;
    std::map<std::string, std::string> options;

    [[nodiscard]] bool has(const std::string& key) const { return options.count(key) != 0; }
    [[nodiscard]] std::string text(const std::string& key, const std::string& absent = "") const {
        auto const found = options.find(key);
        return found == options.end() ? absent : found->second;
    }
    /// Decimal; anything else ends the test.
    [[nodiscard]] std::int64_t number(const std::string& key, std::int64_t absent = 0) const {
        return has(key) ? std::stoll(options.at(key)) : absent;
    }
};

inline Command parse_command(const std::string& line) {
    Command command;
    std::istringstream input{line};
    input >> command.name;
    for (std::string word; input >> word;) {
        std::size_t const equals = word.find('=');
        if (equals == std::string::npos) {
            command.words.push_back(word);
        } else {
            command.options[word.substr(0, equals)] = word.substr(equals + 1);
        }
    }
    return command;
}

/// Runs one command and gives its output: lines without blank ones, "" for none.
using CommandHandler = std::function<std::string(const Command&)>;

namespace detail {

inline std::string with_line_end(std::string text) {
    if (!text.empty() && text.back() != '\n') {
        text += '\n';
    }
    return text;
}

/// Runs the block whose commands end at the separator lines[at]; moves `at` past its blank line.
inline std::string run_block(const std::string& place, const std::vector<std::string>& commands,
                             const std::vector<std::string>& lines, std::size_t& at,
                             const CommandHandler& handler, bool rewrite) {
    std::string expected;
    for (++at; at < lines.size() && !lines[at].empty(); ++at) {
        expected += lines[at] + '\n';
    }
    std::string actual;
    for (const std::string& line : commands) {
        actual += with_line_end(handler(parse_command(line)));
    }
    if (!rewrite) {
        INFO(place << ": " << commands.back());
        CHECK(actual == expected);
    }
    return "----\n" + actual;
}

}  // namespace detail

/// Runs every block of `path` in order through `handler`.
inline void run_datadriven(const std::filesystem::path& path, const CommandHandler& handler) {
    bool const rewrite = std::getenv("REWRITE") != nullptr;
    std::vector<std::string> lines;
    std::ifstream input{path};
    for (std::string line; std::getline(input, line);) {
        lines.push_back(line);
    }
    REQUIRE_FALSE(lines.empty());

    std::string rewritten;
    std::vector<std::string> commands;
    for (std::size_t at = 0; at < lines.size(); ++at) {
        const std::string& line = lines[at];
        if (line == "----") {
            std::string const place = path.filename().string() + ":" + std::to_string(at);
            REQUIRE_FALSE(commands.empty());
            rewritten += detail::run_block(place, commands, lines, at, handler, rewrite);
            rewritten += at < lines.size() ? "\n" : "";
            commands.clear();
            continue;
        }
        if (!line.empty() && line.front() != '#') {
            commands.push_back(line);
        }
        rewritten += line + '\n';
    }
    INFO(path.filename().string() << ": commands without ---- at the end");
    CHECK(commands.empty());
    if (rewrite) {
        std::ofstream{path} << rewritten;
    }
}

/// Calls `run` with every .txt file of a folder, by name; there must be one.
inline void for_each_datadriven(const std::filesystem::path& folder,
                                std::function<void(const std::filesystem::path&)> const& run) {
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator{folder}) {
        if (entry.path().extension() == ".txt") {
            paths.push_back(entry.path());
        }
    }
    std::sort(paths.begin(), paths.end());
    REQUIRE_FALSE(paths.empty());
    for (const auto& path : paths) {
        run(path);
    }
}

}  // namespace broker::test
