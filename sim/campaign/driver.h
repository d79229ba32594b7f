// Driver: keeps workers busy with chunks, writes down what they find, and survives what they do.
//
// Happy path: each slot has a worker; it is given a chunk, answers seed by seed, and the chunk's
// line is written when its last seed is in. Chunks that run twice are compared at once.
// Failure modes: a worker dies (the seed it had begun is a finding, or trouble of the machine if it
// was out of memory or killed from outside; the rest of the chunk goes on in a new worker); a seed
// takes longer than the limit (killed, a finding); the disk is full (everything stops, what is
// written stays whole); a signal (running chunks get five seconds, then they did not happen).
#pragma once

#include "reports/results.h"
#include "sim/campaign/result_file.h"
#include "sim/campaign/seed_plan.h"
#include "sim/campaign/worker_process.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace brokersim {

struct DriverOptions {
    std::uint32_t jobs = 1;
    std::int64_t budget_ns = 0;  // 0: until the plan is done
    std::int64_t seed_timeout_ns = 60'000'000'000;
    std::uint64_t memory_mib = 2048;
    std::set<std::uint64_t> done;       // chunks of earlier attempts
    std::set<std::uint64_t> rechecked;  // and those that were run twice then
    std::function<bool()> stop;         // asked a few times a second
};

/// What is known while it runs.
struct DriverState {
    std::uint64_t seeds = 0;
    std::uint64_t chunks = 0;
    std::uint64_t failed = 0;
    std::uint64_t voided = 0;
    std::uint64_t inconclusive = 0;
    std::int64_t virtual_ns = 0;
    std::int64_t elapsed_ns = 0;
    std::int64_t last_new_ns = -1;  // when the last new signature was seen; -1: none
    std::map<std::string, std::uint64_t> signatures;
    std::set<std::uint32_t> probes;
    std::uint64_t rechecked = 0;
    std::uint64_t differences = 0;
    std::uint64_t troubles = 0;
    std::optional<std::uint64_t> chunks_in_all;  // of this shard
};

enum class DriverEnd : std::uint8_t { done, budget, stopped, disk_full, no_process };

class Driver {
public:
    Driver(const reports::Manifest& manifest, ResultFile& results, DriverOptions options);
    Driver(const Driver&) = delete;
    Driver& operator=(const Driver&) = delete;
    ~Driver();

    /// tell: called about ten times a second.
    DriverEnd run(const std::function<void(const DriverState&)>& tell);
    [[nodiscard]] const DriverState& state() const { return state_; }

private:
    struct Job {
        ChunkPlan plan;
        std::optional<reports::ChunkResult> first;  // of a chunk that runs again
        std::uint32_t troubles = 0;
    };
    struct Slot {
        WorkerProcess process;
        std::optional<Job> job;
        std::uint64_t next_k = 0;  // the seed it has begun, or will begin
        bool begun = false;
        std::int64_t begun_ns = 0;
        reports::ChunkResult chunk;
        std::vector<reports::SeedResult> seeds;  // worth a line
        bool lost = false;                       // a seed of it has no hash: nothing to compare
    };

    std::optional<Job> next_job();
    bool assign(Slot& slot, Job job);
    bool send(Slot& slot);
    void on_line(Slot& slot, const std::string& line);
    void take(Slot& slot, const reports::SeedResult& seed);
    void finish(Slot& slot);
    void on_death(Slot& slot, int status);
    void on_lost_seed(Slot& slot, const std::string& violated, const std::string& what,
                      const std::string& summary);
    void check_time(Slot& slot);
    void poll_workers();
    [[nodiscard]] bool busy() const;
    void write(const std::string& line);
    [[nodiscard]] std::string executable_for(const reports::CampaignScenario& scenario) const;

    const reports::Manifest& manifest_;
    SeedPlan plan_;
    ResultFile& results_;
    DriverOptions options_;
    std::vector<std::unique_ptr<Slot>> slots_;
    std::deque<Job> again_;  // first of all
    std::uint64_t next_chunk_ = 0;
    DriverState state_;
    bool disk_full_ = false;
    bool no_process_ = false;
    std::int64_t began_ns_ = 0;
};

}  // namespace brokersim
