// The command line of `mutants list` and `mutants run`.
#pragma once

#include "sim/command/exit_code.h"

#include <memory>

namespace CLI {
class App;
}

namespace brokersim {

struct MutantsWords;

/// Adds its subcommands to an application, and runs the one that was asked for.
class MutantsCli {
public:
    explicit MutantsCli(CLI::App& app);
    MutantsCli(const MutantsCli&) = delete;
    MutantsCli& operator=(const MutantsCli&) = delete;
    ~MutantsCli();

    [[nodiscard]] bool asked() const;
    [[nodiscard]] ExitCode run() const;

private:
    std::unique_ptr<MutantsWords> words_;
};

}  // namespace brokersim
