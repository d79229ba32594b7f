// Measuring: seeds until the bug of an executable is found, campaign by campaign.
//
// A campaign runs the seeds of its own sequence, from the first, against the executable with the
// bug and stops at the first detection: a seed that fails there and passes on the clean executable.
// If the clean run does not pass either, the seed is a false alarm, which counts for nobody. Both
// executables are workers of the campaign command, one pair per job.
// A worker that dies is a detection (CRASH), one that does not end too (HANG), if the clean one
// ends.
#pragma once

#include "reports/results.h"
#include "sim/campaign/worker_process.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace brokersim {

/// One bug in one scenario.
struct Measurement {
    std::string executable;
    std::string scenario;     // path; what it plants does not count
    std::uint64_t seeds = 0;  // of a campaign, at most
};

struct FalseAlarm {
    std::uint64_t seed = 0;
    std::string verdict;  // of the clean run
    std::vector<std::string> violated;
};

/// What one campaign came to.
struct CampaignOutcome {
    bool found = false;
    std::uint64_t seeds = 0;    // run; if found the last one detected it
    reports::SeedResult first;  // the detection; its verdict is empty if there is none
    std::uint64_t voided = 0;   // of the planted runs
    std::int64_t wall_ns = 0;
    std::vector<FalseAlarm> false_alarms;
    std::string trouble;  // the machine's fault: the campaign did not happen
};

struct MeasureOptions {
    std::string clean;            // the executable without a bug
    std::uint64_t seed = 0;       // of the whole: campaign c has its own sequence, made from both
    std::uint64_t campaigns = 1;  // of each measurement
    std::uint32_t jobs = 1;
    std::uint64_t memory_mib = 2048;
    std::int64_t seed_timeout_ns = 60'000'000'000;
    std::function<bool()> stop;  // asked between two waits; true: end now
};

/// The seed of campaign c, from which its k-th seed comes (seed_plan.h).
std::uint64_t campaign_seed(std::uint64_t seed, std::uint64_t campaign);

class Measurer {
public:
    Measurer(const std::vector<Measurement>& all, MeasureOptions options);
    ~Measurer();

    /// Outcomes by measurement, then by campaign. tell: after every campaign that ended.
    /// An empty list of a measurement that was not asked: stopped.
    std::vector<std::vector<CampaignOutcome>> run(
        const std::function<void(std::size_t measurement, const CampaignOutcome&)>& tell);

private:
    /// A campaign under way, and its two workers.
    struct Slot {
        WorkerProcess planted;
        WorkerProcess clean;
        std::size_t measurement = 0;
        std::uint64_t campaign = 0;
        std::optional<CampaignOutcome> outcome;  // empty: idle
        bool asks_clean = false;
        std::int64_t began_ns = 0;       // of the campaign
        std::int64_t seed_began_ns = 0;  // of the run under way
    };
    using Job = std::pair<std::size_t, std::uint64_t>;

    WorkerProcess& asked(Slot& slot) const;
    void assign(Slot& slot);
    void ask(Slot& slot, bool clean);
    void on_result(Slot& slot, reports::SeedResult result);
    void on_planted(Slot& slot, reports::SeedResult result);
    void on_clean(Slot& slot, const reports::SeedResult& result);
    void next_seed(Slot& slot);
    void on_end(Slot& slot);
    void check_time(Slot& slot);
    void finish(Slot& slot);
    void poll_workers();
    [[nodiscard]] reports::SeedResult lost(const Slot& slot, const std::string& violated,
                                           const std::string& summary) const;

    const std::vector<Measurement>& all_;
    MeasureOptions options_;
    std::vector<std::unique_ptr<Slot>> slots_;
    std::deque<Job> jobs_;
    std::vector<std::vector<CampaignOutcome>> outcomes_;
    std::function<void(std::size_t, const CampaignOutcome&)> tell_;
};

}  // namespace brokersim
