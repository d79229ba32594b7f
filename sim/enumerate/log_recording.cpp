// A small event loop: arrivals, completions and deadlines of one log, in virtual time.
#include "sim/enumerate/log_recording.h"

#include "broker_core/base/check.h"
#include "broker_core/wal/wal.h"
#include "sim/enumerate/disk_state.h"
#include "sim/enumerate/log_workload.h"
#include "sim/enumerate/recording_disk.h"
#include "sim/enumerate/trip_on_check.h"
#include "sim/virtual_disk.h"

#include <fmt/core.h>

#include <algorithm>

namespace brokersim::enumeration {
namespace {

using broker::BrokerId;
using broker::PartitionId;

constexpr std::uint64_t cut_entries_max = 3;

class NobodyWatches final : public DiskWatcher {
public:
    void file_created(std::uint32_t, std::uint32_t, std::string_view) override {}
    void written(std::uint32_t, std::uint32_t, std::uint64_t, broker::ByteSpan) override {}
    void durable(std::uint32_t, std::uint32_t, std::uint64_t, broker::ByteSpan) override {}
    void reverted(std::uint32_t, std::uint32_t, broker::ByteSpan) override {}
    void linked(std::uint32_t, std::uint32_t, std::string_view, bool) override {}
    void unlinked(std::uint32_t, std::string_view, bool) override {}
    void survived(std::uint32_t, std::uint32_t, std::string_view, broker::ByteSpan) override {}
    void power_lost(std::uint32_t) override {}
    void survivors_told(std::uint32_t) override {}
};

class Recorder {
public:
    explicit Recorder(const RunConfig& config)
        : config_{config},
          random_{config.seed, "enumerate.workload"},
          timer_{config},
          disk_{config.seed, 1, timer_, nobody_},
          recording_disk_{disk_, recording_.trace, recording_.names} {
        recording_.seed = config.seed;
        recording_.tuning = config.tuning.wal;
    }

    LogRecording run() {
        batches_ = draw_batches(config_, random_);
        for (const Batch& batch : batches_) {
            recording_.records += batch.records;
        }
        // The broker leads alone, or follows leaders of which the second one cuts.
        cuts_at_ = config_.brokers > 1 ? batches_.size() / 2 : batches_.size() + 1;
        log_.emplace(config_.tuning.wal, recorded_identity, PartitionId{}, recording_disk_, ops_,
                     probes_);
        broker::Result<broker::wal::Booted> const booted = log_->boot();
        CHECK(booted.has_value());
        note("the log boots on an empty disk");
        stamp();
        while (step()) {
        }
        compare_disks();
        count();
        return std::move(recording_);
    }

private:
    /// Handles the next thing that happens; false if nothing does.
    bool step() {
        Time const completion = timer_.next();
        Time const deadline = log_->next_deadline();
        Time const arrival = log_->open() && next_batch_ < batches_.size()
                                 ? std::max(now_, opened_at_ + batches_[next_batch_].at)
                                 : Time::never();
        Time const next = std::min({completion, deadline, arrival});
        if (next == Time::never()) {
            if (!log_->open() || log_->idle()) {
                return false;
            }
            // As a broker that stops does. A log that asks for nothing now never comes to rest.
            std::size_t const before = recording_.trace.events().size();
            log_->flush();
            finish();
            return recording_.trace.events().size() > before;
        }
        now_ = std::max(now_, next);
        timer_.now = now_;
        if (completion == next) {
            broker::DiskDone const done = disk_.complete(timer_.take());
            recording_disk_.completed(done.op);
            bool const was_open = log_->open();
            log_->on_disk_done(now_, done);
            if (log_->open() && !was_open) {
                opened();
            }
        } else if (arrival == next) {
            arrive();
        }
        finish();
        return true;
    }
    void finish() {
        if (log_->open()) {
            log_->finish_step(now_);
            maybe_compact();
        }
        listen();
        stamp();
    }

    void opened() {
        opened_at_ = now_;
        note("the log is open");
        become(Term{1}, BrokerId{1});
    }
    void become(Term term, BrokerId vote) {
        HardState const state{term, vote};
        std::uint64_t const number = log_->store(state);
        recording_.model.store(state);
        note(fmt::format("term {} and the vote for broker {} are stored", term.value(),
                         vote.value()));
        log_->promise(
            broker::wal::Requirement{.hard_state_number = number},
            broker::Sealed<broker::wal::Reply>{broker::wal::Reply{
                .peer = BrokerId{2},
                .base_offset = broker::Offset{-static_cast<std::int64_t>(term.value())}}});
        term_ = term;
        vote_ = vote;
        append(true, Bytes{});  // a leader begins its term with an entry of its own
    }
    void arrive() {
        if (next_batch_ == cuts_at_ && log_->last_index() > LogIndex{2}) {
            cuts_at_ = batches_.size() + 1;
            cut();
            return;
        }
        Batch& batch = batches_[next_batch_];
        ++next_batch_;
        append(false, std::move(batch.payload));
    }
    void cut() {
        std::uint64_t const last = log_->last_index().value();
        std::uint64_t const most = std::min(cut_entries_max, last - 1);
        LogIndex const first{last - random_.below(most)};
        if (first <= recording_.model.claims().base_most) {
            return;  // committed
        }
        Term const next = term_.next();
        HardState const state{next, BrokerId{}};
        log_->store(state);
        recording_.model.store(state);
        note(fmt::format("a leader of term {} cuts the entries from {} on", next.value(),
                         first.value()));
        log_->truncate(now_, first, recording_.model.term_at(first.previous()));
        recording_.model.truncate(first);
        acked_ = std::min(acked_, first.previous());
        term_ = next;
        append(true, Bytes{});
    }
    void append(bool control, Bytes payload) {
        LogIndex const index = log_->last_index().next();
        note(fmt::format("entry {} of term {} is appended, {} bytes", index.value(), term_.value(),
                         payload.size()));
        log_->append(now_, index, term_, control, payload);
        recording_.model.append(Item{index, term_, control, std::move(payload)});
        log_->promise(
            broker::wal::Requirement{.index = index},
            broker::Sealed<broker::wal::Reply>{broker::wal::Reply{
                .peer = BrokerId{2},
                .base_offset = broker::Offset{static_cast<std::int64_t>(index.value())}}});
    }
    void maybe_compact() {
        std::uint64_t const trailing = config_.tuning.raft.trailing;
        std::uint64_t const threshold = config_.tuning.raft.snapshot_threshold;
        LogIndex const flushed = log_->flushed();
        if (compacted_ || log_->compacting() || flushed.value() < threshold + trailing ||
            flushed.value() <= trailing) {
            return;
        }
        compacted_ = true;
        LogIndex const index{flushed.value() - trailing};
        Term const term = recording_.model.term_at(index);
        note(fmt::format("a base is begun that stands for the entries up to {}", index.value()));
        log_->compact(broker::wal::Base{index, term, false, LogModel::snapshot_of(index, term)});
        recording_.model.write_base(index);
    }

    /// Takes note of what the log claims.
    void listen() {
        broker::wal::Wal::Output output;
        log_->take(output);
        bool const synced_mode = config_.tuning.wal.durability == broker::Durability::fsync;
        for (const broker::wal::Reply& reply : output.opened) {
            std::int64_t const number = reply.base_offset.value();
            if (number < 0) {
                note(fmt::format("the vote of term {} is given away", -number));
                recording_.model.promise_vote(
                    HardState{Term{static_cast<std::uint64_t>(-number)}, vote_});
                continue;
            }
            LogIndex const index{static_cast<std::uint64_t>(number)};
            note(fmt::format("entry {} is acknowledged", number));
            acked_ = std::max(acked_, index);
            if (synced_mode) {
                recording_.model.promise(index);
            }
        }
        if (output.vote) {
            recording_.model.promise_vote(HardState{output.vote->term(), output.vote->vote()});
        }
        if (!log_->open()) {
            return;
        }
        recording_.model.promise(log_->flushed());
        if (compacted_ && !log_->compacting()) {
            recording_.model.promise_base();
        }
        if (log_->idle()) {
            recording_.model.promise_all();
        }
    }
    /// The claims hold from the last event of the trace on.
    void stamp() {
        Claims const power = recording_.model.claims();
        Claims process = power;
        if (acked_ > LogIndex{}) {
            LogModel acknowledged = recording_.model;
            acknowledged.promise(acked_);
            process = acknowledged.claims();
        }
        // Between two events of one step nothing can be promised yet that its end promises.
        std::size_t const count = recording_.trace.events().size() + 1;
        Claims between_power =
            recording_.after_power.empty() ? Claims{} : recording_.after_power.back();
        Claims between_process =
            recording_.after_process.empty() ? Claims{} : recording_.after_process.back();
        for (Claims* const between : {&between_power, &between_process}) {
            between->state_most = power.state_most;
            between->vote_most = power.vote_most;
            between->base_most = power.base_most;
        }
        while (recording_.after_power.size() < count) {
            recording_.after_power.push_back(between_power);
            recording_.after_process.push_back(between_process);
        }
        recording_.after_power.back() = power;
        recording_.after_process.back() = process;
    }
    void note(std::string text) {
        recording_.notes.push_back(
            LogRecording::Note{recording_.trace.events().size(), std::move(text)});
    }

    /// The truth of the states that are enumerated is that of the simulated disk.
    void compare_disks() {
        DiskState state;
        state.start_from(Image{});
        for (const IoEvent& event : recording_.trace.events()) {
            state.apply(recording_.trace, event);
        }
        std::vector<std::string> const names = disk_.list();
        CHECK(names.size() == state.names().size());
        for (const auto& [name, file] : state.names()) {
            broker::Result<Bytes> const content = disk_.read_all(recording_.names.text(name));
            CHECK(content.has_value());
            CHECK(*content == cached_content(state.file(file)));
        }
    }
    void count() {
        for (const IoOp& op : recording_.trace.ops()) {
            if (op.kind == IoKind::create) {
                bool const segment =
                    recording_.names.text(op.from).find(".log") != std::string::npos;
                recording_.segments += segment ? 1 : 0;
            }
            if (op.kind == IoKind::write && op.offset >= broker::wal::segment_header_bytes &&
                carries_batch(recording_.trace.data(op))) {
                ++recording_.groups;
            }
        }
    }

    const RunConfig& config_;
    broker::Random random_;
    LogRecording recording_;
    LatencyTimer timer_;
    NobodyWatches nobody_;
    VirtualDisk disk_;
    RecordingDisk recording_disk_;
    broker::OpIds ops_;
    broker::Probes probes_;
    std::optional<broker::wal::Wal> log_;
    std::vector<Batch> batches_;
    std::size_t next_batch_ = 0;
    std::size_t cuts_at_ = 0;
    bool compacted_ = false;
    Time now_;
    Time opened_at_;
    Term term_;
    BrokerId vote_;
    LogIndex acked_;
};

std::string too_large(const RunConfig& config) {
    std::uint64_t records = 0;
    for (const StepConfig& step : config.steps) {
        records += step.messages;
    }
    if (records == 0) {
        return "the scenario sends no messages";
    }
    if (records > records_max) {
        return fmt::format("{} records; enumeration takes at most {}: set workload.messages",
                           records, records_max);
    }
    std::uint64_t partitions = 0;
    for (const broker::TopicConfig& topic : config.topics) {
        partitions += topic.partitions;
    }
    if (partitions != 1) {
        return fmt::format("{} partitions; enumeration takes one log: set cluster.topics",
                           partitions);
    }
    return "";
}

}  // namespace

tl::expected<LogRecording, std::string> record_log(const RunConfig& config) {
    if (std::string error = too_large(config); !error.empty()) {
        return tl::unexpected{std::move(error)};
    }
    TripOnCheck const trip;
    LogRecording recording = Recorder{config}.run();
    if (recording.groups > groups_max) {
        return tl::unexpected{fmt::format(
            "{} groups were written; enumeration takes at most {}: raise wal.group_max_batches, "
            "wal.group_window or workload.batch.records",
            recording.groups, groups_max)};
    }
    if (recording.segments > segments_max) {
        return tl::unexpected{
            fmt::format("{} segments; enumeration takes at most {}: raise wal.segment_bytes",
                        recording.segments, segments_max)};
    }
    return recording;
}

}  // namespace brokersim::enumeration
