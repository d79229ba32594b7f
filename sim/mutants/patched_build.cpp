// patch, compile, link.
#include "sim/mutants/patched_build.h"

#include "reports/escape.h"
#include "sim/command/mutant.h"

#include <fmt/core.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace brokersim {
namespace {

namespace files = std::filesystem;

constexpr std::string_view linked = "sim/brokersim";
constexpr std::string_view name_source = "sim/command/planted.cpp";

tl::unexpected<BuildError> unsupported(std::string text) {
    return tl::unexpected(BuildError{ExitCode::unsupported, std::move(text)});
}

tl::unexpected<BuildError> wrong_patch(std::string text) {
    return tl::unexpected(BuildError{ExitCode::scenario, std::move(text)});
}

/// The value of a line KEY:TYPE=VALUE of a CMake cache; empty: there is none.
std::string cached(const files::path& cache, std::string_view key) {
    std::ifstream file{cache};
    for (std::string line; std::getline(file, line);) {
        std::size_t const equals = line.find('=');
        if (line.starts_with(key) && line.substr(key.size(), 1) == ":" &&
            equals != std::string::npos) {
            return line.substr(equals + 1);
        }
    }
    return "";
}

/// The word behind an option of a command; empty: the command does not have it.
std::string word_after(const std::string& command, std::string_view option) {
    std::string const before = fmt::format(" {} ", option);
    std::size_t const at = command.find(before);
    if (at == std::string::npos) {
        return "";
    }
    std::size_t const begin = at + before.size();
    return command.substr(begin, command.find(' ', begin) - begin);
}

std::string with_option(std::string command, std::string_view option, const std::string& value) {
    std::string const old = fmt::format(" {} {}", option, word_after(command, option));
    std::size_t const at = command.find(old);
    return at == std::string::npos
               ? command
               : command.replace(at, old.size(), fmt::format(" {} {}", option, value));
}

/// What the build runs to make brokersim.
struct Commands {
    std::string compile_target;
    std::string compile_name;
    std::string link;
};

Commands commands_of(const BuildTree& tree, const std::string& target) {
    Commands commands;
    Captured const all =
        run_captured({tree.ninja, "-C", tree.folder, "-t", "commands", std::string{linked}},
                     Streams::output_only);
    std::istringstream lines{all.output};
    for (std::string line; std::getline(lines, line);) {
        std::string const source = word_after(line, "-c");
        if (source == (files::path{tree.source} / target).string()) {
            commands.compile_target = line;
        } else if (source == (files::path{tree.source} / name_source).string()) {
            commands.compile_name = line;
        } else if (word_after(line, "-o") == linked) {
            commands.link = line;
        }
    }
    return commands;
}

/// A compile command of the build, for another source and object.
std::string compile(std::string command, const std::string& source, const std::string& object,
                    const std::string& flags) {
    command = with_option(std::move(command), "-MT", object);
    command = with_option(std::move(command), "-MF", object + ".d");
    command = with_option(std::move(command), "-o", object);
    // Many slips leave something unused.
    return with_option(std::move(command), "-c", source + " -Wno-error " + flags);
}

std::string plant(const PatchFile& patch, const BuildTree& tree, const files::path& planted) {
    files::path const original = files::path{tree.source} / patch.target;
    std::error_code ignored;
    files::remove(planted, ignored);
    Captured const patched =
        run_captured({"patch", "--fuzz=0", "--silent", "--no-backup-if-mismatch", "--reject-file=-",
                      "--output=" + planted.string(), "--input=" + patch.path, original.string()});
    if (patched.code != 0) {
        return patched.output.empty() ? "the program patch is not there" : patched.output;
    }
    std::ifstream in{planted, std::ios::binary};
    std::ostringstream text;
    text << fmt::format("#line 1 \"{}\"\n", original.string()) << in.rdbuf();
    std::ofstream out{planted, std::ios::binary};
    out << text.str();
    return out ? "" : "the patched copy cannot be written";
}

}  // namespace

tl::expected<BuildTree, BuildError> find_build_tree(const std::string& executable) {
    for (files::path folder = files::path{executable}.parent_path();
         folder != folder.root_path() && !folder.empty(); folder = folder.parent_path()) {
        files::path const cache = folder / "CMakeCache.txt";
        if (!files::exists(cache)) {
            continue;
        }
        BuildTree tree{folder.string(), cached(cache, "CMAKE_HOME_DIRECTORY"),
                       cached(cache, "CMAKE_MAKE_PROGRAM")};
        if (cached(cache, "CMAKE_GENERATOR") != "Ninja" || tree.source.empty() ||
            !files::exists(files::path{tree.source} / name_source)) {
            return unsupported(
                fmt::format("{} is no build tree of ninja with its sources", folder.string()));
        }
        return tree;
    }
    return unsupported("this executable does not lie in a build tree, so nothing can be patched");
}

tl::expected<std::string, BuildError> build_patched(const PatchFile& patch, const BuildTree& tree) {
    if (std::string const stale = stale_reason(patch, tree.source); !stale.empty()) {
        return wrong_patch(stale);
    }
    // The archives must be those of the sources that the copy is made from.
    Captured const current = run_captured({tree.ninja, "-C", tree.folder, std::string{linked}});
    if (current.code != 0) {
        return unsupported("the build fails:\n" + current.output);
    }
    files::path const folder = files::path{tree.folder} / "sim" / "patched" / patch.name;
    std::error_code error;
    files::create_directories(folder, error);
    files::path const planted = folder / files::path{patch.target}.filename();
    std::string const wrong = plant(patch, tree, planted);
    if (!wrong.empty()) {
        return wrong_patch(wrong);
    }
    Commands const commands = commands_of(tree, patch.target);
    std::string const name_object = word_after(commands.compile_name, "-o");
    if (commands.compile_target.empty() || name_object.empty() || commands.link.empty()) {
        return unsupported(fmt::format("the build tree does not compile {}", patch.target));
    }
    std::string const object = planted.string() + ".o";
    std::string const own_name_object = (folder / "planted.cpp.o").string();
    std::string const executable = (folder / ("brokersim-" + patch.name)).string();
    std::string const defines =
        fmt::format("-DBROKERSIM_MUTANT='\"{}\"' -DBROKERSIM_MUTANT_ID='\"\"'", patch.name);
    std::string link = with_option(commands.link, "-o", executable);
    link.replace(link.find(name_object), name_object.size(), own_name_object + " " + object);
    std::string const script =
        fmt::format("cd {} && {} && {} && {}", reports::shell_quoted(tree.folder),
                    compile(commands.compile_target, planted.string(), object, ""),
                    compile(commands.compile_name, word_after(commands.compile_name, "-c"),
                            own_name_object, defines),
                    link);
    Captured const built = run_captured({"sh", "-c", script});
    if (built.code != 0) {
        return wrong_patch("it does not compile:\n" + built.output);
    }
    return executable;
}

}  // namespace brokersim
