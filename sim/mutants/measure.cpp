// A loop over pairs of workers.
#include "sim/mutants/measure.h"

#include "broker_core/base/hash.h"
#include "sim/campaign/seed_plan.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <csignal>

namespace brokersim {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

std::int64_t clock_ns() {
    auto const now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

}  // namespace

std::uint64_t campaign_seed(std::uint64_t seed, std::uint64_t campaign) {
    // Far apart: the k-th seed of a campaign is made from the sum of its seed and k.
    return broker::mix64(broker::fold64(broker::mix64(seed), campaign));
}

Measurer::Measurer(const std::vector<Measurement>& all, MeasureOptions options)
    : all_{all}, options_{std::move(options)}, outcomes_(all.size()) {
    for (std::size_t measurement = 0; measurement < all.size(); ++measurement) {
        for (std::uint64_t campaign = 0; campaign < options_.campaigns; ++campaign) {
            jobs_.emplace_back(measurement, campaign);
        }
        outcomes_[measurement].resize(options_.campaigns);
    }
    for (std::uint32_t i = 0; i < options_.jobs; ++i) {
        slots_.push_back(std::make_unique<Slot>());
    }
}

Measurer::~Measurer() = default;

WorkerProcess& Measurer::asked(Slot& slot) const {
    return slot.asks_clean ? slot.clean : slot.planted;
}

void Measurer::assign(Slot& slot) {
    std::tie(slot.measurement, slot.campaign) = jobs_.front();
    jobs_.pop_front();
    slot.outcome = CampaignOutcome{};
    slot.began_ns = clock_ns();
    ask(slot, false);
}

void Measurer::ask(Slot& slot, bool clean) {
    const Measurement& measurement = all_[slot.measurement];
    const std::string& executable = clean ? options_.clean : measurement.executable;
    slot.asks_clean = clean;
    slot.seed_began_ns = clock_ns();
    WorkerProcess& worker = asked(slot);
    bool const there = worker.running() && worker.executable() == executable;
    if (!there &&
        !worker.start(executable, options_.memory_mib, WorkerProcess::Environment::same)) {
        slot.outcome->trouble = "no more processes";
        finish(slot);
        return;
    }
    // A worker that is gone shows on the other pipe.
    worker.tell(fmt::format("measure {} {} 1 {}", campaign_seed(options_.seed, slot.campaign),
                            slot.outcome->seeds, measurement.scenario));
}

void Measurer::on_result(Slot& slot, reports::SeedResult result) {
    if (slot.asks_clean) {
        on_clean(slot, result);
    } else {
        on_planted(slot, std::move(result));
    }
}

void Measurer::on_planted(Slot& slot, reports::SeedResult result) {
    CampaignOutcome& outcome = *slot.outcome;
    outcome.voided += result.verdict == "void" ? 1U : 0U;
    if (result.verdict == "fail") {
        outcome.first = std::move(result);
        ask(slot, true);
    } else {
        next_seed(slot);
    }
}

void Measurer::on_clean(Slot& slot, const reports::SeedResult& result) {
    CampaignOutcome& outcome = *slot.outcome;
    if (result.verdict == "pass") {
        outcome.found = true;
        ++outcome.seeds;
        finish(slot);
        return;
    }
    outcome.false_alarms.push_back({outcome.first.seed, result.verdict, result.violated});
    outcome.first = reports::SeedResult{};
    next_seed(slot);
}

void Measurer::next_seed(Slot& slot) {
    if (++slot.outcome->seeds < all_[slot.measurement].seeds) {
        ask(slot, false);
    } else {
        finish(slot);
    }
}

reports::SeedResult Measurer::lost(const Slot& slot, const std::string& violated,
                                   const std::string& summary) const {
    reports::SeedResult result;
    result.k = slot.outcome->seeds;
    result.seed = SeedPlan::seed_of(campaign_seed(options_.seed, slot.campaign), result.k);
    result.verdict = "fail";
    result.violated = {violated};
    result.summary = summary;
    return result;
}

void Measurer::on_end(Slot& slot) {
    WorkerEnd const ended = end_of(asked(slot).wait());
    if (!slot.outcome) {
        return;
    }
    if (!ended.trouble.empty()) {
        // Named: where it is not the machine, that seed needs too much memory.
        slot.outcome->trouble =
            fmt::format("seed {:#x}: {}", lost(slot, "", "").seed, ended.trouble);
        finish(slot);
    } else {
        on_result(slot, lost(slot, "CRASH", ended.text));
    }
}

void Measurer::check_time(Slot& slot) {
    if (slot.outcome && clock_ns() - slot.seed_began_ns > options_.seed_timeout_ns) {
        asked(slot).stop();
        on_result(slot, lost(slot, "HANG",
                             fmt::format("the seed took more than {} s and was stopped",
                                         options_.seed_timeout_ns / second_ns)));
    }
}

void Measurer::finish(Slot& slot) {
    slot.outcome->wall_ns = clock_ns() - slot.began_ns;
    CampaignOutcome& outcome = outcomes_[slot.measurement][slot.campaign];
    outcome = std::move(*slot.outcome);
    slot.outcome.reset();
    tell_(slot.measurement, outcome);
}

void Measurer::poll_workers() {
    std::vector<const WorkerProcess*> workers;
    std::vector<Slot*> whose;
    for (const std::unique_ptr<Slot>& slot : slots_) {
        if (slot->outcome) {
            workers.push_back(&asked(*slot));
            whose.push_back(slot.get());
        }
    }
    for (std::size_t const i : wait_for_output(workers)) {
        Slot& slot = *whose[i];
        bool closed = false;
        std::optional<reports::SeedResult> result;
        for (const std::string& line : asked(slot).lines(closed)) {
            reports::ResultLine const read = reports::parse_result_line(line);
            if (read.type == "seed" && read.seed.k == slot.outcome->seeds) {
                result = read.seed;
            }
        }
        // What comes after the result ("done") is read with the next one's lines.
        if (result) {
            on_result(slot, std::move(*result));
        } else if (closed) {
            on_end(slot);
        }
    }
}

std::vector<std::vector<CampaignOutcome>> Measurer::run(
    const std::function<void(std::size_t measurement, const CampaignOutcome&)>& tell) {
    std::signal(SIGPIPE, SIG_IGN);
    tell_ = tell;
    while (!options_.stop || !options_.stop()) {
        bool busy = false;
        for (const std::unique_ptr<Slot>& slot : slots_) {
            if (!slot->outcome && !jobs_.empty()) {
                assign(*slot);
            }
            busy = busy || slot->outcome.has_value();
        }
        if (!busy && jobs_.empty()) {
            break;
        }
        poll_workers();
        for (const std::unique_ptr<Slot>& slot : slots_) {
            check_time(*slot);
        }
    }
    slots_.clear();
    return std::move(outcomes_);
}

}  // namespace brokersim
