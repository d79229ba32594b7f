// Finding and running the executables with planted bugs.
#include "sim/command/mutant.h"

#include "faults/mutant_table.h"
#include "sim/command/exit_code.h"

#include <filesystem>
#include <sys/wait.h>
#include <unistd.h>

namespace brokersim {

std::string mutant_name(const std::string& plant) {
    const MutantRow* const row = find_mutant(plant);
    return row == nullptr ? plant : std::string{row->name};
}

std::string mutant_executable(const std::string& name) {
    std::error_code error;
    std::filesystem::path const self = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error) {
        return "";
    }
    // A mutant lives in the folder "mutants" beside the clean executable.
    std::filesystem::path const folder =
        planted_mutant().empty() ? self.parent_path() / "mutants" : self.parent_path();
    std::filesystem::path const path = folder / ("brokersim-" + name);
    return std::filesystem::exists(path, error) ? path.string() : "";
}

int run_executable(const std::string& path, const std::vector<std::string>& arguments) {
    pid_t const child = fork();
    if (child < 0) {
        return static_cast<int>(ExitCode::environment);
    }
    if (child == 0) {
        std::vector<std::string> words = {path};
        words.insert(words.end(), arguments.begin(), arguments.end());
        std::vector<char*> argv;
        for (std::string& word : words) {
            argv.push_back(word.data());
        }
        argv.push_back(nullptr);
        execv(path.c_str(), argv.data());
        _exit(static_cast<int>(ExitCode::environment));
    }
    int status = 0;
    if (waitpid(child, &status, 0) < 0 || !WIFEXITED(status)) {
        return static_cast<int>(ExitCode::internal);
    }
    return WEXITSTATUS(status);
}

}  // namespace brokersim
