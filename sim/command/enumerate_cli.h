// The command line of `enumerate`.
#pragma once

#include "sim/command/exit_code.h"

#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace brokersim {

struct EnumerateWords;

/// Adds its subcommand to an application, and runs it if it was asked for.
class EnumerateCli {
public:
    explicit EnumerateCli(CLI::App& app);
    EnumerateCli(const EnumerateCli&) = delete;
    EnumerateCli& operator=(const EnumerateCli&) = delete;
    ~EnumerateCli();

    [[nodiscard]] bool asked() const;
    /// arguments: the whole command line, for the executable of a planted bug.
    ExitCode run(const std::vector<std::string>& arguments) const;

private:
    std::unique_ptr<EnumerateWords> words_;
};

}  // namespace brokersim
