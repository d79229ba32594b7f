// fork, exec, pipes.
#include "sim/campaign/worker_process.h"

#include "sim/command/exit_code.h"

#include <fmt/core.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace brokersim {
namespace {

std::string signal_name(int number) {
    const char* const name = sigabbrev_np(number);
    return name == nullptr ? fmt::format("signal.{}", number) : fmt::format("SIG{}", name);
}

}  // namespace

WorkerEnd end_of(int status) {
    constexpr int not_started = 127;
    int const code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (code == static_cast<int>(ExitCode::environment)) {
        return {"out of memory", "", ""};
    }
    if (code == not_started) {
        return {"the worker could not be started", "", ""};
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
        return {"the worker was killed from outside (out of memory?)", "", ""};
    }
    if (WIFSIGNALED(status)) {
        std::string const name = signal_name(WTERMSIG(status));
        return {"", name, "the process died of " + name};
    }
    return {"", fmt::format("exit.{}", code),
            fmt::format("the process ended with exit code {}", code)};
}

std::string own_executable() {
    std::error_code error;
    return std::filesystem::read_symlink("/proc/self/exe", error).string();
}

bool WorkerProcess::start(const std::string& executable, std::uint64_t memory_mib,
                          Environment environment) {
    stop();
    int to[2];
    int from[2];
    if (pipe2(to, O_CLOEXEC) != 0) {
        return false;
    }
    if (pipe2(from, O_CLOEXEC) != 0) {
        close(to[0]);
        close(to[1]);
        return false;
    }
    std::string path = executable;
    std::string verb = "worker";
    std::string option = "--memory=" + std::to_string(memory_mib);
    char* const arguments[] = {path.data(), verb.data(), option.data(), nullptr};
    pid_ = fork();
    if (pid_ == 0) {
        dup2(to[0], STDIN_FILENO);
        dup2(from[1], STDOUT_FILENO);
        if (environment == Environment::other_world) {
            setenv("LC_ALL", "tr_TR.UTF-8", 1);
            setenv("LANG", "tr_TR.UTF-8", 1);
            setenv("TZ", "Pacific/Chatham", 1);
            setenv("BROKERSIM_PADDING", std::string(4000, 'x').c_str(), 1);
        }
        execv(path.c_str(), arguments);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    to_ = to[1];
    from_ = from[0];
    if (pid_ < 0) {
        close_pipes();
        return false;
    }
    fcntl(from_, F_SETFL, fcntl(from_, F_GETFL) | O_NONBLOCK);
    executable_ = executable;
    partial_.clear();
    return true;
}

void WorkerProcess::close_pipes() {
    if (to_ >= 0) {
        close(to_);
    }
    if (from_ >= 0) {
        close(from_);
    }
    to_ = -1;
    from_ = -1;
}

bool WorkerProcess::tell(const std::string& line) {
    std::string const text = line + "\n";
    return write(to_, text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::vector<std::string> WorkerProcess::lines(bool& closed) {
    std::vector<std::string> whole;
    char buffer[65536];
    while (true) {
        ssize_t const got = read(from_, buffer, sizeof buffer);
        if (got > 0) {
            partial_.append(buffer, static_cast<std::size_t>(got));
        } else if (got < 0 && errno == EINTR) {
            continue;
        } else {
            closed = got == 0 || errno != EAGAIN;
            break;
        }
    }
    std::size_t begin = 0;
    for (std::size_t end = partial_.find('\n'); end != std::string::npos;
         end = partial_.find('\n', begin)) {
        whole.push_back(partial_.substr(begin, end - begin));
        begin = end + 1;
    }
    partial_.erase(0, begin);
    return whole;
}

int WorkerProcess::wait() {
    int status = 0;
    if (pid_ > 0) {
        while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
        pid_ = -1;
    }
    close_pipes();
    return status;
}

int WorkerProcess::stop() {
    if (pid_ > 0) {
        kill(pid_, SIGKILL);
    }
    return wait();
}

std::vector<std::size_t> wait_for_output(const std::vector<const WorkerProcess*>& workers) {
    constexpr int a_moment_ms = 100;
    std::vector<pollfd> waits;
    waits.reserve(workers.size());
    for (const WorkerProcess* const worker : workers) {
        waits.push_back(pollfd{worker->output(), POLLIN, 0});
    }
    std::vector<std::size_t> ready;
    if (poll(waits.data(), waits.size(), a_moment_ms) <= 0) {
        return ready;
    }
    for (std::size_t i = 0; i < waits.size(); ++i) {
        if (waits[i].revents != 0) {
            ready.push_back(i);
        }
    }
    return ready;
}

}  // namespace brokersim
