// Finding and running the executables with planted bugs.
#include "sim/command/mutant.h"

#include "faults/mutant_table.h"
#include "sim/command/exit_code.h"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/wait.h>
#include <unistd.h>

namespace brokersim {
namespace {

/// Becomes the command; the process ends with 127 if there is none.
[[noreturn]] void become(std::vector<std::string> words, int failure) {
    std::vector<char*> argv;
    for (std::string& word : words) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    execvp(argv.front(), argv.data());
    _exit(failure);
}

}  // namespace

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
        become(std::move(words), static_cast<int>(ExitCode::environment));
    }
    int status = 0;
    if (waitpid(child, &status, 0) < 0 || !WIFEXITED(status)) {
        return static_cast<int>(ExitCode::internal);
    }
    return WEXITSTATUS(status);
}

Captured run_captured(const std::vector<std::string>& command, Streams streams) {
    constexpr int not_started = 127;
    constexpr int signalled = 128;
    int pipe_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) {
        return Captured{not_started, "no more pipes"};
    }
    pid_t const child = fork();
    if (child == 0) {
        dup2(pipe_ends[1], STDOUT_FILENO);
        if (streams == Streams::both) {
            dup2(pipe_ends[1], STDERR_FILENO);
        }
        become(command, not_started);
    }
    close(pipe_ends[1]);
    Captured captured{not_started, ""};
    char buffer[4096];
    while (child > 0) {
        ssize_t const got = read(pipe_ends[0], buffer, sizeof buffer);
        if (got > 0) {
            captured.output.append(buffer, static_cast<std::size_t>(got));
        } else if (got == 0 || errno != EINTR) {
            break;
        }
    }
    close(pipe_ends[0]);
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (child > 0) {
        captured.code = WIFEXITED(status) ? WEXITSTATUS(status) : signalled + WTERMSIG(status);
    }
    return captured;
}

}  // namespace brokersim
