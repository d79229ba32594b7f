// Perform: hard state, cut, entries, then what may leave, then commits. One place, one order.
#include "broker_core/broker/replica.h"

#include "broker_core/base/check.h"
#include "broker_core/base/hash.h"
#include "broker_core/partition/record_batch.h"

namespace broker {

Replica::Replica(const PartitionInfo& info, const ReplicaEnv& env)
    : info_{info},
      env_{env},
      ops_{op_ids_start(info.id)},
      wal_{env.tuning.wal, env.identity, info.id, env.disk, ops_, env.probes},
      producers_{producer_options(env.tuning.broker)},
      hot_{env.tuning.broker.hot_buffer_bytes} {
    base_state_.producers = producers_;  // an empty table, but under the same rules
}

Result<wal::RecoveryReport> Replica::boot() {
    Result<wal::Booted> booted = wal_.boot();
    if (!booted) {
        return tl::unexpected{booted.error()};
    }
    if (booted->base.index != LogIndex{}) {
        Result<raft::Snapshot> const snapshot = raft::decode_snapshot(booted->base.snapshot);
        if (!snapshot || !decode_partition_state(snapshot->state, producers_.options())) {
            return fail(ErrorCode::damaged, "replica: snapshot of the base");
        }
    }
    booted_ = std::move(*booted);
    return booted_->report;
}

void Replica::start_raft(Time now) {
    CHECK(booted_.has_value());
    raft::Stored stored{booted_->hard_state, {}, {}};
    if (booted_->base.index != LogIndex{}) {
        Result<raft::Snapshot> snapshot = raft::decode_snapshot(booted_->base.snapshot);
        CHECK(snapshot.has_value());  // boot() refuses what cannot be decoded
        stored.snapshot = std::move(*snapshot);
        base_state_ = *decode_partition_state(stored.snapshot.state, producers_.options());
        producers_ = base_state_.producers;
        offsets_ = partition::Offsets{stored.snapshot.index, base_state_.next};
        log_start_ = base_state_.log_start;
        applied_ = stored.snapshot.index;
    }
    stored.entries.reserve(booted_->entries.size());
    for (wal::RecoveredEntry& entry : booted_->entries) {
        CHECK(entry.index == stored.snapshot.index + stored.entries.size() + 1);
        stored.entries.push_back(raft::Entry{entry.term, entry.control, std::move(entry.payload)});
    }
    raft::Configuration bootstrap;
    for (BrokerId const replica : info_.replicas) {
        bootstrap.voters.push_back(env_.topics.formed_with(replica));
    }
    raft_.emplace(raft::Config{Member{env_.identity.node, env_.identity.disk}, bootstrap,
                               env_.tuning.raft, fold64(env_.seed, info_.id.value()),
                               env_.tuning.wal.durability != Durability::fsync},
                  std::move(stored), now, env_.probes);
    booted_.reset();
    LogIndex const last = raft_->log().last_index();
    hot_.restart(raft_->log().start());
    for (LogIndex index = raft_->log().first_index(); index <= last; ++index) {
        hot_.append(raft_->log().at(index).payload.size());
        fold(index);
    }
    env_.facts.push_back(Fact{FactKind::serving, info_.id, raft_->term(), last, last});
}

// ---------------------------------------------------------------------------------------------
// Events

void Replica::on_datagram(Time now, ByteSpan message) {
    if (!raft_ || !raft::decode(message, received_)) {
        return;  // not started yet, or not ours: as good as lost on the way
    }
    raft_->step(now, raft::Input{&received_});
    settle(now);
}

void Replica::on_disk_done(Time now, const DiskDone& done) {
    CHECK(wal_.on_disk_done(now, done));
    if (!raft_ && wal_.open()) {
        start_raft(now);
    }
    settle(now);
}

void Replica::on_deadline(Time now) {
    if (now >= earliest_waiter_deadline_) {
        expire_waiters(now);
    }
    if (raft_ && now >= raft_->next_deadline()) {
        raft_->step(now, raft::Input{raft::Tick{}});
        settle(now);
    }
}

void Replica::finish_step(Time now) {
    if (raft_ && !wal_.failed()) {
        maybe_compact();
    }
    wal_.finish_step(now);
    settle(now);
}

Time Replica::next_deadline() const {
    Time deadline = std::min(wal_.next_deadline(), earliest_waiter_deadline_);
    if (raft_) {
        deadline = std::min(deadline, raft_->next_deadline());
    }
    return deadline;
}

// ---------------------------------------------------------------------------------------------
// What Raft and the log ask for

void Replica::settle(Time now) {
    if (!raft_ || wal_.failed()) {
        return;
    }
    // The log's proofs are inputs of Raft, and what Raft then asks for may open further promises.
    for (;;) {
        perform(now);
        wal_.take(wal_output_);
        bool const news = wal_output_.stored.has_value() || wal_output_.vote.has_value();
        if (wal_output_.stored) {
            raft_->step(now, raft::Input{*wal_output_.stored});
        }
        if (wal_output_.vote) {
            raft_->step(now, raft::Input{*wal_output_.vote});
        }
        for (wal::Reply& reply : wal_output_.opened) {
            output_.opened.push_back(std::move(reply));
        }
        output_.unknown.insert(output_.unknown.end(), wal_output_.dropped.begin(),
                               wal_output_.dropped.end());
        for (wal::EntriesRead& read : wal_output_.read) {
            output_.read.push_back(std::move(read));
        }
        wal_output_.clear();
        if (!news) {
            return;
        }
    }
}

void Replica::perform(Time now) {
    raft::Ready& ready = raft_->ready();
    // 1. Term and vote: durable before any message of this step leaves (R16).
    if (ready.hard_state) {
        hard_state_number_ = wal_.store(*ready.hard_state);
    }
    // 2. A snapshot from the leader takes the place of the whole log, in memory and on disk.
    if (ready.install) {
        install();
    }
    // 3. A conflicting suffix goes, in memory and on disk, before what replaces it.
    if (ready.truncate_from) {
        cut(now, *ready.truncate_from);
    }
    // 4. New entries join the log, each exactly once.
    if (ready.append_from) {
        append_from(now, *ready.append_from);
    }
    // 5. Every message waits in the log for what it promises: the hard state of its step, and
    //    where it speaks for entries, those entries. A leader's appends speak for none.
    for (raft::SealedMessage& sealed : ready.messages) {
        BrokerId const peer = sealed.to;
        wal_.promise(
            wal::Requirement{sealed.durable_first, wal::Level::stored, hard_state_number_, true},
            std::move(sealed.message).map([&](const raft::Message& message) {
                wal::Reply reply;
                reply.peer = peer;
                reply.datagram.reserve(datagram_header_bytes +
                                       raft::encoded_bytes(message, raft_->log()));
                append_le(reply.datagram, env_.identity.cluster.value());
                append_le(reply.datagram, info_.id.value());
                raft::encode(reply.datagram, message, raft_->log());
                return reply;
            }));
    }
    // 6. What committed becomes visible, and its waiters are answered, again through the log.
    if (ready.became_leader || ready.stepped_down) {
        env_.facts.push_back(
            Fact{ready.became_leader ? FactKind::became_leader : FactKind::stepped_down, info_.id,
                 raft_->term(), LogIndex{}, LogIndex{}});
        output_.watermark_moved = true;
    }
    if (ready.commit) {
        env_.facts.push_back(
            Fact{FactKind::committed, info_.id, raft_->term(), *ready.commit, *ready.commit});
        apply_committed(raft_->commit());
        producers_.forget_undo_below(offsets_.end_of(*ready.commit));
        output_.watermark_moved = true;
        answer_committed();
    }
    // 7. Whoever waits on a lost leadership learns that nothing is known (KAFKA-13574).
    if (ready.stepped_down) {
        for (const Waiter& waiter : waiters_) {
            output_.unknown.push_back(waiter.part);
        }
        waiters_.clear();
        earliest_waiter_deadline_ = Time::never();
    }
    output_.reads.insert(output_.reads.end(), ready.reads.begin(), ready.reads.end());
    ready.clear();
}

void Replica::cut(Time now, LogIndex first) {
    env_.facts.push_back(Fact{FactKind::truncated, info_.id, raft_->term(), first, first});
    wal_.truncate(now, first, raft_->log().term_at(first.previous()));
    hot_.truncate(first);
    if (offsets_.base_of(first) < producers_.undo_begin()) {
        // Below what had committed, which only an unsynced quorum can lose: fold again.
        fold_again(first.previous());
        return;
    }
    producers_.truncate_to(offsets_.base_of(first));
    offsets_.truncate(first);
    while (!log_starts_.empty() && log_starts_.back().index >= first) {
        log_starts_.pop_back();
    }
}

void Replica::fold_again(LogIndex last) {
    producers_ = base_state_.producers;
    offsets_ = partition::Offsets{raft_->log().start(), base_state_.next};
    log_starts_.clear();
    log_start_ = base_state_.log_start;
    applied_ = raft_->log().start();
    retained_bytes_ = 0;
    for (LogIndex index = raft_->log().first_index(); index <= last; ++index) {
        fold(index);
    }
    apply_committed(std::min(last, raft_->commit()));
}

void Replica::append_from(Time now, LogIndex first) {
    const raft::Log& log = raft_->log();
    for (LogIndex index = first; index <= log.last_index(); ++index) {
        const raft::Entry& entry = log.at(index);
        wal_.append(now, index, entry.term, entry.control, entry.payload);
        hot_.append(entry.payload.size());
        fold(index);
    }
    env_.facts.push_back(
        Fact{FactKind::appended, info_.id, raft_->term(), first, log.last_index()});
}

// ---------------------------------------------------------------------------------------------
// Administration

Result<void> Replica::transfer_leadership(Time now, BrokerId to) {
    if (!leads()) {
        return fail(ErrorCode::not_leader, "replica: transfer");
    }
    Result<void> const begun = raft_->transfer_leadership(now, to);
    settle(now);
    return begun;
}

Result<void> Replica::change_members(Time now, const ChangeMembers& change) {
    if (!leads()) {
        return fail(ErrorCode::not_leader, "replica: change of members");
    }
    if (env_.tuning.wal.durability != Durability::fsync) {
        // Entries that count before they are synced can be lost with power, and a configuration
        // that is forgotten makes two groups of one.
        return fail(ErrorCode::invalid, "replica: members change only where entries are synced");
    }
    Result<void> const begun =
        raft_->change_members(now, raft::Configuration{change.voters, {}, change.learners});
    settle(now);
    return begun;
}

Result<void> Replica::force_members(Time now, const ForceMembers& left) {
    if (!serving()) {
        return fail(ErrorCode::busy, "replica: forced change of members");
    }
    if (env_.tuning.wal.durability != Durability::fsync) {
        return fail(ErrorCode::invalid, "replica: members change only where entries are synced");
    }
    Result<void> const begun = raft_->force_members(now, raft::Configuration{left.voters, {}, {}});
    settle(now);
    return begun;
}

bool Replica::offer_leadership(Time now) {
    std::optional<BrokerId> const successor =
        leads() ? raft_->best_successor() : std::optional<BrokerId>{};
    return successor && transfer_leadership(now, *successor).has_value();
}

std::uint64_t Replica::read(LogIndex first, std::uint64_t max_bytes) {
    return wal_.read(first, std::min(raft_->commit(), wal_.stored()), max_bytes);
}

Result<void> Replica::confirm_leadership(Time now, std::uint64_t number) {
    if (!leads()) {
        return fail(ErrorCode::not_leader, "replica: read");
    }
    Result<void> const asked = raft_->read_index(now, number);
    settle(now);
    return asked;
}

// ---------------------------------------------------------------------------------------------
// Produce

void Replica::produce(Time now, ByteSpan batch, Acks acks, const wal::ProducePart& part,
                      Time deadline) {
    CHECK(leads());
    Offset const base_offset = offsets_.log_end();
    env_.probes.reached(Probe::offset_reserved);
    Bytes stamped{batch.begin(), batch.end()};
    partition::stamp(stamped, partition::BatchPosition{base_offset, raft_->term()});
    raft_->step(now, raft::Propose{std::move(stamped)});
    LogIndex const index = raft_->log().last_index();
    settle(now);
    wait_for(now, index, base_offset, acks, part, deadline);
    settle(now);
}

void Replica::join(Time now, Offset base_offset, Acks acks, const wal::ProducePart& part,
                   Time deadline) {
    CHECK(leads());
    // An original that is no longer in the log is committed: its place is as good as the start.
    bool const compacted = base_offset < offsets_.end_of(raft_->log().start());
    LogIndex const index = base_offset < Offset{0} ? raft_->log().last_index()
                           : compacted             ? raft_->log().start()
                                                   : offsets_.index_of(base_offset);
    env_.probes.reached(index <= raft_->commit() ? Probe::duplicate_answered
                                                 : Probe::duplicate_in_flight);
    wait_for(now, index, base_offset, acks, part, deadline);
    settle(now);
}

void Replica::wait_for(Time now, LogIndex index, Offset base_offset, Acks acks,
                       const wal::ProducePart& part, Time deadline) {
    (void)now;
    switch (acks) {
        case Acks::none:
        case Acks::leader: {
            // Nobody is told of acks=0, but its bytes are in hand until it is written.
            wal::Reply reply;
            reply.part = part;
            reply.base_offset = base_offset;
            bool const synced = acks == Acks::leader && env_.tuning.broker.acks1 == Acks1::synced;
            wal::Level const level = synced ? wal::Level::synced : wal::Level::written;
            wal_.promise(wal::Requirement{index, level}, Sealed<wal::Reply>{std::move(reply)});
            return;
        }
        case Acks::all: {
            Waiter const waiter{part, index, raft_->log().term_at(index), base_offset, deadline};
            auto at = waiters_.end();
            while (at != waiters_.begin() && std::prev(at)->index > index) {
                --at;
            }
            waiters_.insert(at, waiter);
            earliest_waiter_deadline_ = std::min(earliest_waiter_deadline_, deadline);
            answer_committed();
            return;
        }
    }
}

void Replica::answer_committed() {
    // A duplicate of an entry of an earlier term may commit before the leader's own no-op; but
    // only an own-term commit shows that it stays (Raft paper 5.4.2), which commit() implies.
    while (!waiters_.empty() && waiters_.front().index <= raft_->commit()) {
        Waiter const waiter = waiters_.front();
        waiters_.pop_front();
        CHECK(raft_->log().term_at(waiter.index) == waiter.term);
        wal::Reply reply;
        reply.part = waiter.part;
        reply.base_offset = waiter.base_offset;
        reply.acks_all = true;
        // Committed by others it may be before the own sync; the ack still waits for it, unless
        // tuned otherwise (Raft thesis 10.2.1).
        LogIndex const own = env_.tuning.raft.commit_before_own_sync ? LogIndex{} : waiter.index;
        wal_.promise(wal::Requirement{own, wal::Level::stored},
                     Sealed<wal::Reply>{std::move(reply)});
    }
}

void Replica::expire_waiters(Time now) {
    earliest_waiter_deadline_ = Time::never();
    std::erase_if(waiters_, [&](const Waiter& waiter) {
        if (waiter.deadline > now) {
            earliest_waiter_deadline_ = std::min(earliest_waiter_deadline_, waiter.deadline);
            return false;
        }
        output_.timed_out.push_back(waiter.part);
        return true;
    });
}

}  // namespace broker
