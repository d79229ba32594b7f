// The command line of everything that follows a finding: replay, explain, shrink.
#pragma once

#include "sim/command/exit_code.h"

#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace brokersim {

struct FindingWords;

/// Adds its subcommands to an application, and runs the one that was asked for.
class FindingCli {
public:
    explicit FindingCli(CLI::App& app);
    FindingCli(const FindingCli&) = delete;
    FindingCli& operator=(const FindingCli&) = delete;
    ~FindingCli();

    [[nodiscard]] bool asked() const;
    /// arguments: the whole command line, for the executable of a planted bug.
    ExitCode run(const std::vector<std::string>& arguments) const;

private:
    std::unique_ptr<FindingWords> words_;
};

}  // namespace brokersim
