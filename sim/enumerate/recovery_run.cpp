// One life of a log on a fork: boot, open, append, sync; and what the next life finds.
#include "sim/enumerate/recovery_run.h"

#include "sim/check_tripped.h"

namespace brokersim::enumeration {
namespace {

constexpr std::uint64_t appended_bytes = 40;  // where no entry stood at its place before

}  // namespace

RecoveryRun::RecoveryRun(LogRecording& recording, std::uint64_t seed)
    : recording_{recording},
      fork_{recording.names},
      second_fork_{recording.names},
      images_{recording.names, seed} {}

const Outcome& RecoveryRun::run(const Image& image, const DiskState* start) {
    marks_ = Marks{};
    outcome_.later.reset();
    extras_ = inherited_;
    outcome_.first = recover(fork_, image);
    if (outcome_.first.refusal == nullptr) {
        try {
            bring_up();
        } catch (const CheckTripped& tripped) {
            outcome_.first.refusal = tripped.failure.condition;
        }
    }
    if (outcome_.first.refusal == nullptr) {
        recover_again(image, start);
    }
    log_.reset();
    return outcome_;
}

Found RecoveryRun::recover(ForkDisk& disk, const Image& image) {
    disk.begin(image);
    Found found;
    try {
        log_.emplace(recording_.tuning, recorded_identity, broker::PartitionId{}, disk, ops_,
                     probes_);
        broker::Result<broker::wal::Booted> const booted = log_->boot();
        if (booted) {
            found = recording_.model.describe(*booted, extras_);
        } else {
            found.refusal = booted.error().where;
        }
    } catch (const CheckTripped& tripped) {
        found.refusal = tripped.failure.condition;
    }
    return found;
}

void RecoveryRun::bring_up() {
    while (!log_->open()) {
        if (!fork_.pending() || log_->failed()) {
            outcome_.first.refusal = "the recovery never ends";
            return;
        }
        log_->on_disk_done(Time{}, fork_.complete());
    }
    marks_.opened = fork_.trace().events().size();
    append_group();
    while (fork_.pending()) {
        log_->on_disk_done(Time{}, fork_.complete());
        log_->finish_step(Time{});
        take_outputs();
    }
    if (marks_.acked == SIZE_MAX) {
        outcome_.first.refusal = "what is appended after the recovery is never acknowledged";
    }
}

void RecoveryRun::append_group() {
    LogIndex const index = log_->last_index().next();
    std::size_t size = appended_bytes;  // never 0: what two runs append must differ
    // As long as the entry that once stood there, so that what is left behind it would fit on.
    for (const Item& item : recording_.model.items()) {
        if (item.index == index) {
            size = std::max<std::size_t>(item.payload.size(), 1);
        }
    }
    Item item{index, std::max(outcome_.first.hard_state.term, outcome_.first.last_term), false,
              Bytes(size, follows_ ? std::byte{0x42} : std::byte{0x41})};
    marks_.appended = marks_.opened;
    log_->append(Time{}, index, item.term, false, item.payload);
    extras_.push_back(std::move(item));
    log_->promise(
        broker::wal::Requirement{.index = index, .level = broker::wal::Level::synced},
        broker::Sealed<broker::wal::Reply>{broker::wal::Reply{.peer = broker::BrokerId{2}}});
    log_->flush();
    log_->finish_step(Time{});
    take_outputs();
}

void RecoveryRun::take_outputs() {
    broker::wal::Wal::Output output;
    log_->take(output);
    if (!output.opened.empty()) {
        marks_.acked = fork_.trace().events().size();
    }
}

void RecoveryRun::restart_state(const Image& image, const DiskState* start) {
    if (start != nullptr) {
        state_.copy_from(*start);
    } else {
        state_.start_from(image);
    }
}

void RecoveryRun::recover_again(const Image& image, const DiskState* start) {
    restart_state(image, start);
    for (const IoEvent& event : fork_.trace().events()) {
        state_.apply(fork_.trace(), event);
    }
    images_.look_at(state_, fork_.trace());
    images_.choose_nothing();
    Found const again = recover(second_fork_, images_.image());
    std::optional<Judgement> judgement =
        recording_.model.judge_again(again, outcome_.first, appended_item(), true, true);
    if (judgement) {
        outcome_.later = judgement->finding;
        outcome_.later_text = std::move(judgement->text);
    }
}

}  // namespace brokersim::enumeration
