// The command line of campaign, merge, status, regress, and of the workers' hidden commands.
#pragma once

#include "sim/command/exit_code.h"

#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace brokersim {

struct CampaignWords;

/// Adds its subcommands to an application, and runs the one that was asked for.
class CampaignCli {
public:
    explicit CampaignCli(CLI::App& app);
    CampaignCli(const CampaignCli&) = delete;
    CampaignCli& operator=(const CampaignCli&) = delete;
    ~CampaignCli();

    [[nodiscard]] bool asked() const;
    /// arguments: the whole command line, for the executable of a planted bug.
    ExitCode run(const std::vector<std::string>& arguments) const;

private:
    std::unique_ptr<CampaignWords> words_;
};

}  // namespace brokersim
