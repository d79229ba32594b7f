// The driver's end of a worker: a child process and the two pipes to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace brokersim {

class WorkerProcess {
public:
    WorkerProcess() = default;
    WorkerProcess(const WorkerProcess&) = delete;
    WorkerProcess& operator=(const WorkerProcess&) = delete;
    ~WorkerProcess() { stop(); }

    /// other_world: with another locale, time zone and environment, which may change nothing.
    enum class Environment : std::uint8_t { same, other_world };
    /// False: the machine has no room for another process.
    bool start(const std::string& executable, std::uint64_t memory_mib, Environment environment);
    [[nodiscard]] bool running() const { return pid_ > 0; }
    [[nodiscard]] const std::string& executable() const { return executable_; }
    [[nodiscard]] int output() const { return from_; }
    [[nodiscard]] int pid() const { return pid_; }

    bool tell(const std::string& line);
    /// Whole lines that have come; call when output() is readable. closed: nothing more will come.
    std::vector<std::string> lines(bool& closed);
    /// Kills it if it lives; returns its wait status.
    int stop();
    /// Waits for one that is ending by itself.
    int wait();

private:
    void close_pipes();

    std::string executable_;
    int pid_ = -1;
    int to_ = -1;
    int from_ = -1;
    std::string partial_;
};

/// Waits a moment for output of any of these workers; the places in the list of those that have
/// some.
std::vector<std::size_t> wait_for_output(const std::vector<const WorkerProcess*>& workers);

/// What ended a worker that was not told to end.
struct WorkerEnd {
    std::string trouble;  // the machine's fault: the seed may run again; else empty
    std::string cause;    // "SIGSEGV" or "exit.3": the seed's
    std::string text;     // the same in words
};
/// status: as stop() and wait() return it.
WorkerEnd end_of(int status);

/// Path of this executable.
std::string own_executable();

}  // namespace brokersim
