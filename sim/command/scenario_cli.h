// The command line of `brokersim scenario`.
#pragma once

#include "sim/command/exit_code.h"

#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace brokersim {

struct ScenarioWords;

/// Adds `scenario` and its subcommands to an application, and runs what was asked for.
class ScenarioCli {
public:
    explicit ScenarioCli(CLI::App& app);
    ScenarioCli(const ScenarioCli&) = delete;
    ScenarioCli& operator=(const ScenarioCli&) = delete;
    ~ScenarioCli();

    [[nodiscard]] bool asked() const;
    /// arguments: the whole command line, for the executable of a planted bug.
    ExitCode run(const std::vector<std::string>& arguments) const;

private:
    std::unique_ptr<ScenarioWords> words_;
};

}  // namespace brokersim
