// One loop over pipes.
#include "sim/campaign/driver.h"

#include "reports/merge.h"
#include "sim/command/exit_code.h"
#include "sim/command/mutant.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <csignal>

namespace brokersim {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t grace_ns = 5 * second_ns;  // for chunks under way after a signal
constexpr std::uint32_t troubles_max = 2;         // of one chunk, before it is left alone

std::int64_t clock_ns() {
    auto const now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

}  // namespace

Driver::Driver(const reports::Manifest& manifest, ResultFile& results, DriverOptions options)
    : manifest_{manifest},
      plan_{manifest},
      results_{results},
      options_{std::move(options)},
      next_chunk_{manifest.shard} {
    for (std::uint32_t i = 0; i < options_.jobs; ++i) {
        slots_.push_back(std::make_unique<Slot>());
    }
    if (plan_.chunks()) {
        std::uint64_t const all = *plan_.chunks();
        state_.chunks_in_all = all > manifest.shard
                                   ? (all - manifest.shard + manifest.shards - 1) / manifest.shards
                                   : 0;
    }
    // What an earlier attempt did but did not check again.
    for (std::uint64_t const chunk : options_.done) {
        ++state_.chunks;
        if (plan_.at(chunk).twice && !options_.rechecked.contains(chunk)) {
            again_.push_back(Job{plan_.at(chunk), std::nullopt, 0});
        }
    }
}

Driver::~Driver() = default;

std::string Driver::executable_for(const reports::CampaignScenario& scenario) const {
    return scenario.mutant.empty() ? own_executable() : mutant_executable(scenario.mutant);
}

std::optional<Driver::Job> Driver::next_job() {
    if (!again_.empty()) {
        Job job = std::move(again_.front());
        again_.pop_front();
        return job;
    }
    while (!plan_.chunks() || next_chunk_ < *plan_.chunks()) {
        std::uint64_t const chunk = next_chunk_;
        next_chunk_ += manifest_.shards;
        if (!options_.done.contains(chunk)) {
            return Job{plan_.at(chunk), std::nullopt, 0};
        }
    }
    return std::nullopt;
}

bool Driver::send(Slot& slot) {
    const reports::CampaignScenario& scenario = manifest_.scenarios[slot.job->plan.scenario];
    std::string const executable = executable_for(scenario);
    bool const again = slot.job->first.has_value();
    bool const fits = slot.process.running() && slot.process.executable() == executable && !again;
    auto const environment =
        again ? WorkerProcess::Environment::other_world : WorkerProcess::Environment::same;
    if (!fits && !slot.process.start(executable, options_.memory_mib, environment)) {
        no_process_ = true;
        return false;
    }
    std::uint64_t const end = slot.job->plan.first_k + slot.job->plan.seeds;
    slot.begun = false;
    slot.begun_ns = clock_ns();
    // A worker that is gone shows on the other pipe.
    slot.process.tell(fmt::format("run {} {} {} {}", manifest_.campaign_seed, slot.next_k,
                                  end - slot.next_k, scenario.path));
    return true;
}

bool Driver::assign(Slot& slot, Job job) {
    const reports::CampaignScenario& scenario = manifest_.scenarios[job.plan.scenario];
    slot.chunk = reports::ChunkResult{};
    slot.chunk.scenario = scenario.name;
    slot.chunk.scenario_hash = scenario.hash;
    slot.chunk.mutant = scenario.mutant;
    slot.chunk.chunk = job.plan.chunk;
    slot.seeds.clear();
    slot.lost = false;
    slot.next_k = job.plan.first_k;
    slot.job = std::move(job);
    return send(slot);
}

void Driver::write(const std::string& line) {
    disk_full_ = disk_full_ || !results_.append(line);
}

void Driver::on_line(Slot& slot, const std::string& line) {
    if (!slot.job) {
        return;
    }
    if (line.starts_with("@ ")) {
        slot.begun = true;
        slot.begun_ns = clock_ns();
        return;
    }
    if (line == "done") {
        finish(slot);
        return;
    }
    reports::ResultLine const result = reports::parse_result_line(line);
    if (result.type == "seed" && result.seed.k == slot.next_k) {
        take(slot, result.seed);
    }
}

void Driver::take(Slot& slot, const reports::SeedResult& seed) {
    slot.chunk.add(seed);
    bool const worth_a_line = seed.verdict != "pass";
    if (worth_a_line) {
        slot.seeds.push_back(seed);
    }
    slot.next_k = seed.k + 1;
    slot.begun = false;
    slot.begun_ns = clock_ns();
    if (!slot.job->first) {
        ++state_.seeds;
        state_.virtual_ns += seed.virtual_ns;
        state_.probes.insert(seed.probes.begin(), seed.probes.end());
    }
}

void Driver::finish(Slot& slot) {
    Job const job = std::move(*slot.job);
    slot.job.reset();
    const reports::ChunkResult& chunk = slot.chunk;
    if (job.first) {
        reports::Recheck recheck{chunk.chunk, slot.lost || job.first->fold == chunk.fold, ""};
        if (!recheck.equal) {
            recheck.detail = fmt::format("chunk {} of {}: {:016x}, then {:016x} in another process",
                                         chunk.chunk, chunk.scenario, job.first->fold, chunk.fold);
            ++state_.differences;
        }
        ++state_.rechecked;
        write(reports::to_json(recheck));
        slot.process.stop();  // it lived in another world
        return;
    }
    bool const known = options_.done.contains(chunk.chunk);
    for (const reports::SeedResult& seed : slot.seeds) {
        if (!known) {
            write(reports::to_json(seed));
        }
        if (seed.verdict == "fail" && ++state_.signatures[seed.signature] == 1) {
            state_.last_new_ns = clock_ns() - began_ns_;
        }
    }
    if (!known) {
        write(reports::to_json(chunk));
        ++state_.chunks;
    }
    bool const planted = !chunk.mutant.empty();
    state_.failed += planted ? 0 : chunk.failed;
    state_.voided += planted ? 0 : chunk.voided;
    state_.inconclusive += planted ? 0 : chunk.inconclusive;
    if (job.plan.twice && !slot.lost) {
        again_.push_back(Job{job.plan, chunk, 0});
    }
}

void Driver::on_lost_seed(Slot& slot, const std::string& violated, const std::string& what,
                          const std::string& summary) {
    const reports::CampaignScenario& scenario = manifest_.scenarios[slot.job->plan.scenario];
    reports::SeedResult seed;
    seed.scenario = scenario.name;
    seed.scenario_hash = scenario.hash;
    seed.mutant = scenario.mutant;
    seed.k = slot.next_k;
    seed.seed = SeedPlan::seed_of(manifest_.campaign_seed, slot.next_k);
    seed.verdict = "fail";
    seed.violated = {violated};
    seed.signature = fmt::format("{}{}{}/{}/none", scenario.mutant,
                                 scenario.mutant.empty() ? "" : ":", violated, what);
    seed.summary = summary;
    slot.lost = true;
    take(slot, seed);
    if (slot.next_k < slot.job->plan.first_k + slot.job->plan.seeds) {
        send(slot);
    } else {
        finish(slot);
    }
}

void Driver::on_death(Slot& slot, int status) {
    if (!slot.job) {
        return;
    }
    WorkerEnd const ended = end_of(status);
    if (!ended.trouble.empty()) {
        const reports::CampaignScenario& scenario = manifest_.scenarios[slot.job->plan.scenario];
        std::uint64_t const seed = SeedPlan::seed_of(manifest_.campaign_seed, slot.next_k);
        ++state_.troubles;
        write(reports::to_json(reports::Trouble{scenario.name, seed, ended.trouble}));
        Job job = std::move(*slot.job);
        slot.job.reset();
        if (++job.troubles < troubles_max) {
            again_.push_back(std::move(job));
        }
        return;
    }
    on_lost_seed(slot, "CRASH", ended.cause, ended.text);
}

void Driver::check_time(Slot& slot) {
    if (slot.job && slot.process.running() &&
        clock_ns() - slot.begun_ns > options_.seed_timeout_ns) {
        slot.process.stop();
        on_lost_seed(slot, "L5", "hang.wall_limit",
                     fmt::format("the seed took more than {} s and was stopped",
                                 options_.seed_timeout_ns / second_ns));
    }
}

void Driver::poll_workers() {
    std::vector<const WorkerProcess*> workers;
    std::vector<Slot*> whose;
    for (const std::unique_ptr<Slot>& slot : slots_) {
        if (slot->process.running()) {
            workers.push_back(&slot->process);
            whose.push_back(slot.get());
        }
    }
    for (std::size_t const i : wait_for_output(workers)) {
        Slot& slot = *whose[i];
        bool closed = false;
        for (const std::string& line : slot.process.lines(closed)) {
            on_line(slot, line);
        }
        if (closed && slot.process.running()) {
            on_death(slot, slot.process.wait());
        }
    }
}

bool Driver::busy() const {
    return std::any_of(slots_.begin(), slots_.end(),
                       [](const std::unique_ptr<Slot>& slot) { return slot->job.has_value(); });
}

DriverEnd Driver::run(const std::function<void(const DriverState&)>& tell) {
    std::signal(SIGPIPE, SIG_IGN);
    began_ns_ = clock_ns();
    std::optional<std::int64_t> stopping_since;
    bool budget_over = false;
    bool plan_over = false;
    while (true) {
        std::int64_t const now = clock_ns();
        state_.elapsed_ns = now - began_ns_;
        if (!stopping_since && options_.stop && options_.stop()) {
            stopping_since = now;
        }
        budget_over =
            budget_over || (options_.budget_ns > 0 && state_.elapsed_ns > options_.budget_ns);
        bool const over_time = stopping_since && now - *stopping_since > grace_ns;
        if (disk_full_ || no_process_ || over_time) {
            break;
        }
        for (const std::unique_ptr<Slot>& slot : slots_) {
            bool const may_begin = !stopping_since && (!budget_over || !again_.empty());
            if (slot->job || !may_begin) {
                continue;
            }
            std::optional<Job> job = next_job();
            plan_over = !job;
            if (!job || !assign(*slot, std::move(*job))) {
                break;
            }
        }
        if (!busy() && (stopping_since || budget_over || plan_over) &&
            (stopping_since || again_.empty())) {
            break;
        }
        poll_workers();
        for (const std::unique_ptr<Slot>& slot : slots_) {
            check_time(*slot);
        }
        tell(state_);
    }
    slots_.clear();  // kills what still runs: its chunks did not happen
    return disk_full_       ? DriverEnd::disk_full
           : no_process_    ? DriverEnd::no_process
           : stopping_since ? DriverEnd::stopped
           : budget_over    ? DriverEnd::budget
                            : DriverEnd::done;
}

}  // namespace brokersim
