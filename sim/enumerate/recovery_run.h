// RecoveryRun: the broker's own recovery on one image, then one group more, then recovery again.
//
// Resurrection needs the second recovery: what the first one cut must not come back once the log
// has grown over the place. It runs on what is durable by then and nothing else.
#pragma once

#include "sim/enumerate/crash_images.h"
#include "sim/enumerate/fork_disk.h"
#include "sim/enumerate/log_recording.h"

#include <memory>
#include <optional>

namespace brokersim::enumeration {

/// What became of one image.
struct Outcome {
    Found first;
    /// Of the recovery after the append, whatever was promised before.
    std::optional<Finding> later;
    std::string later_text;
};

/// Where the trace of a run stands with respect to what the log claims.
struct Marks {
    std::size_t opened = SIZE_MAX;    // events until the log was open
    std::size_t appended = SIZE_MAX;  // until the group was handed in
    std::size_t acked = SIZE_MAX;     // until its promise opened
};

class RecoveryRun {
public:
    /// seed: of the images that the run's own crash points leave.
    RecoveryRun(LogRecording& recording, std::uint64_t seed);

    /// Recovers, appends, syncs and recovers again. `start`: what the disk holds besides, of a
    /// process that died; nothing: the image is durable. The image must not change meanwhile.
    const Outcome& run(const Image& image, const DiskState* start);

    // For crashes inside the run: valid until the next one.
    [[nodiscard]] const IoTrace& trace() const { return fork_.trace(); }
    [[nodiscard]] const Marks& marks() const { return marks_; }
    [[nodiscard]] const Outcome& outcome() const { return outcome_; }
    [[nodiscard]] DiskState& state() { return state_; }
    [[nodiscard]] CrashImages& images() { return images_; }
    /// The entry that is appended after the first recovery.
    [[nodiscard]] ItemId appended_item() const {
        return static_cast<ItemId>(recording_.model.items().size() + extras_.size() - 1);
    }
    /// The images of the next runs may hold what the last run of `outer` appended.
    void follow(const RecoveryRun& outer) {
        inherited_ = outer.extras_;
        follows_ = true;
    }
    void restart_state(const Image& image, const DiskState* start);

private:
    Found recover(ForkDisk& disk, const Image& image);
    void bring_up();
    void append_group();
    void recover_again(const Image& image, const DiskState* start);
    void take_outputs();

    LogRecording& recording_;
    ForkDisk fork_;
    ForkDisk second_fork_;
    DiskState state_;
    CrashImages images_;
    std::optional<broker::wal::Wal> log_;
    broker::OpIds ops_;
    broker::Probes probes_;
    std::vector<Item> inherited_;
    bool follows_ = false;
    std::vector<Item> extras_;  // what this run may find besides what was recorded
    Marks marks_;
    Outcome outcome_;
};

}  // namespace brokersim::enumeration
