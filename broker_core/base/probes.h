// Reachability probes: counters that prove which code ran, per node incarnation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace broker {

/// The places and rare states of the broker that a report counts and a scenario can demand.
/// Added after an incident in which the log line that proved a write was searched for in the
/// output of a process that had never served a request: here a probe that stayed 0 prints as 0,
/// for the incarnation it belongs to. The names are the enumerators; they are a public format
/// (scenario files name them), so an enumerator is never renamed lightly.
#define BROKER_PROBES(X)                                                                           \
    X(produce_entry)             /* P1 a produce request was decoded */                            \
    X(produce_admitted)          /* P2 it passed admission */                                      \
    X(admission_waited)          /* it waited for room: produce bytes in hand of the node */       \
    X(uncommitted_waited)        /* or uncommitted bytes of its partition */                       \
    X(log_queue_waited)          /* or batches of its partition's log not stored yet */            \
    X(admission_expired)         /* and was answered REQUEST_TIMED_OUT, never appended */          \
    X(pipeline_full)             /* a connection had as many requests unanswered as it may */      \
    X(reading_stopped)           /* a connection was not read for a while */                       \
    X(produce_refused)           /* left before the append with a definite refusal */              \
    X(produce_timed_out)         /* answered REQUEST_TIMED_OUT; its append goes on */              \
    X(dedup_checked)             /* P5 the producer state was consulted */                         \
    X(duplicate_answered)        /* a retry was answered with the original offset */               \
    X(duplicate_in_flight)       /* a retry joined the outcome of a batch not yet committed */     \
    X(offset_reserved)           /* P6 a base offset was assigned */                               \
    X(raft_proposed)             /* P7 the batch entered the leader's log */                       \
    X(wal_append_submitted)      /* a frame joined an open group */                                \
    X(wal_write_submitted)       /* a group's write went to the disk */                            \
    X(wal_append_done)           /* a frame's write completed */                                   \
    X(wal_sync_started)          /* a sync was submitted */                                        \
    X(wal_sync_done)             /* a sync completed */                                            \
    X(wal_stored_unsynced)       /* entries counted as stored once written, before a sync */       \
    X(wal_sync_by_time)          /* write_cache: a sync was due by its interval */                 \
    X(wal_write_continued)       /* a write was cut short, and its rest was written */             \
    X(wal_sync_by_bytes)         /* write_cache: a sync was due by unsynced bytes */               \
    X(wal_sync_asked)            /* not fsync: a roll, cut, flush or promise asked for one */      \
    X(wal_failed)                /* a write or sync failed; the log is poisoned */                 \
    X(wal_truncated)             /* a truncation frame was appended */                             \
    X(wal_installed)             /* a base from the leader replaced the whole log */               \
    X(wal_base_durable)          /* a base is durable: a recovery begins with it */                \
    X(segment_removed)           /* a segment within the base was removed */                       \
    X(group_joined)              /* a frame joined a group that already held one */                \
    X(segment_rotated)           /* a full segment was sealed and a new one begun */               \
    X(segment_renamed)           /* a new segment got its final name */                            \
    X(directory_synced)          /* its name became durable */                                     \
    X(hard_state_write)          /* a term or vote was submitted to the disk */                    \
    X(hard_state_durable)        /* and is durable */                                              \
    X(pre_vote_started)          /* an election timeout struck */                                  \
    X(election_started)          /* a pre-vote succeeded and the term was raised */                \
    X(campaign_waited_for_sync)  /* a campaign waited until the log tail was durable */            \
    X(vote_granted)              /* */                                                             \
    X(vote_refused)              /* */                                                             \
    X(leader_elected)            /* */                                                             \
    X(leader_stepped_down)       /* */                                                             \
    X(quorum_lost)               /* a leader stepped down because it heard no quorum */            \
    X(append_rejected)           /* a follower refused an append: its log does not match */        \
    X(append_overlapped)         /* an append brought entries that were already there */           \
    X(log_truncated)             /* a conflicting suffix was cut */                                \
    X(committed_cut)             /* unsynced quorum: committed entries lost a vote and were cut */ \
    X(follower_forgot)           /* a follower lost entries that it had stored */                  \
    X(raft_committed)            /* the commit index rose */                                       \
    X(config_appended)           /* a change of members entered the log */                         \
    X(config_joint)              /* of these, one with two sets of voters */                       \
    X(config_forced)             /* voters were declared gone for ever by an operator */           \
    X(leader_left_group)         /* a leader stepped down: the change it made leaves it out */     \
    X(transfer_started)          /* a leader was asked to hand over */                             \
    X(transfer_sent)             /* it told its successor to campaign */                           \
    X(transfer_done)             /* it stepped down for the successor's term */                    \
    X(transfer_gave_up)          /* the successor did not take over in time */                     \
    X(read_index_confirmed)      /* a read was answered after a round of heartbeats */             \
    X(log_compacted)             /* a prefix of the log gave way to a snapshot */                  \
    X(snapshot_started)          /* a snapshot is being sent to a follower */                      \
    X(snapshot_chunk_sent)       /* */                                                             \
    X(snapshot_chunk_refused)    /* a chunk of another snapshot, term or place */                  \
    X(snapshot_corrupt)          /* a whole snapshot failed its checksum */                        \
    X(snapshot_installed)        /* a follower's log begins with a snapshot it was sent */         \
    X(ack_sent)                  /* a success response left, acks 1 or all */                      \
    X(ack_all_sent)              /* of these, acks=all */                                          \
    X(ack_one_sent)              /* of these, acks=1 */                                            \
    X(retention_moved)           /* a leader let old records go, by size or age */                 \
    X(records_deleted)           /* a leader let records go because it was asked to */             \
    X(log_start_applied)         /* the start of the records rose on a replica */                  \
    X(read_below_log_start)      /* a reader asked for records that are gone */                    \
    X(flush_called)              /* the open group was closed before its time */                   \
    X(fetch_served)              /* a fetch returned records */                                    \
    X(fetch_parked)              /* a fetch waited for records */                                  \
    X(fetch_from_disk)           /* a fetch returned records that were read from the files */      \
    X(log_read_started)          /* entries of the log were asked for from its files */            \
    X(log_read_again)            /* what came was not what was written; it was asked for again */  \
    X(shutdown_started)          /* */                                                             \
    X(shutdown_draining)         /* admitted requests run to their answer */                       \
    X(shutdown_with_open_group)  /* frames were gathered but not yet written */                    \
    X(shutdown_with_waiters)     /* requests were still unanswered */                              \
    X(shutdown_drained)          /* every admitted request was answered */                         \
    X(shutdown_committed)        /* every frame composed by then is durable; handover */           \
    X(shutdown_handed_over)      /* nothing offered is led here any more; syncing */               \
    X(shutdown_handover_gave_up) /* or a transfer took too long; syncing */                        \
    X(shutdown_synced)           /* everything and the clean mark are durable */                   \
    X(shutdown_grace_exceeded)   /* the stop ran into its deadline */                              \
    X(recovery_started)          /* */                                                             \
    X(recovery_after_clean_stop) /* a log ended where its clean-shutdown mark said */              \
    X(recovery_read_again)       /* what was read was doubtful, so it was read a second time */    \
    X(recovery_truncated_tail)   /* a torn tail was cut */                                         \
    X(recovery_copied_tail)      /* frames not proven durable were written again */                \
    X(recovery_log_replaced)     /* a void log gave way to an installed base */                    \
    X(recovery_done)             /* */

enum class Probe : std::uint8_t {
#define BROKER_PROBE_ENUMERATOR(name) name,
    BROKER_PROBES(BROKER_PROBE_ENUMERATOR)
#undef BROKER_PROBE_ENUMERATOR
};

inline constexpr std::array probe_names = {
#define BROKER_PROBE_NAME(name) std::string_view{#name},
    BROKER_PROBES(BROKER_PROBE_NAME)
#undef BROKER_PROBE_NAME
};
inline constexpr std::size_t probe_count = probe_names.size();

constexpr std::string_view name_of(Probe probe) {
    return probe_names[static_cast<std::size_t>(probe)];
}

/// The probe called `name`, if there is one.
constexpr std::optional<Probe> probe_named(std::string_view name) {
    for (std::size_t i = 0; i < probe_count; ++i) {
        if (probe_names[i] == name) {
            return static_cast<Probe>(i);
        }
    }
    return std::nullopt;
}

/// The counters of one node incarnation. Counting has no effect on the node.
class Probes {
public:
    void reached(Probe probe, std::uint64_t times = 1) {
        counts_[static_cast<std::size_t>(probe)] += times;
    }
    [[nodiscard]] std::uint64_t count(Probe probe) const {
        return counts_[static_cast<std::size_t>(probe)];
    }
    void add(const Probes& other) {
        for (std::size_t i = 0; i < probe_count; ++i) {
            counts_[i] += other.counts_[i];
        }
    }

private:
    std::array<std::uint64_t, probe_count> counts_{};
};

}  // namespace broker
