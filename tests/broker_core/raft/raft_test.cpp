// Tests of the Raft machine: dialogues in tests/datadriven/raft, one story each.
#include "tests/broker_core/raft/raft_dialogue.h"

namespace broker::raft {
namespace {

void run_story(const char* name) {
    Dialogue dialogue;
    test::run_datadriven(std::filesystem::path{BROKERSIM_DATADRIVEN_DIR} / "raft" / name,
                         [&](test::Command const& command) { return dialogue.run(command); });
}

}  // namespace

TEST_CASE("raft: an election asks first, then votes, and begins its term with a no-op", "[raft]") {
    run_story("election.txt");
}

TEST_CASE("raft: nobody votes for a log that is not up to date, nor while a leader is heard",
          "[raft]") {
    run_story("refused_votes.txt");
}

TEST_CASE("raft: a split vote elects nobody and another term decides", "[raft]") {
    run_story("split_vote.txt");
}

TEST_CASE("raft: votes and appends wait for what must be durable before them", "[raft]") {
    run_story("disk_before_message.txt");
}

TEST_CASE("raft: conflicting logs are brought together term by term", "[raft]") {
    run_story("conflict.txt");
}

TEST_CASE("raft: an entry of an old term is never committed by counting (figure 8)", "[raft]") {
    run_story("figure_8.txt");
}

TEST_CASE("raft: a follower commits only what this message verified", "[raft]") {
    run_story("commit_clamped.txt");
}

TEST_CASE("raft: doubled, reordered and stale messages change nothing", "[raft]") {
    run_story("reordered.txt");
}

TEST_CASE("raft: a leader that hears no quorum steps down", "[raft]") {
    run_story("check_quorum.txt");
}

TEST_CASE("raft: a single node leads itself once its vote and its entries are durable", "[raft]") {
    run_story("single_node.txt");
}

TEST_CASE("raft: a restarted node keeps its term, its vote and its log, and no role", "[raft]") {
    run_story("restart.txt");
}

TEST_CASE("raft: an unsynced quorum may forget, and the machine follows who leads then", "[raft]") {
    run_story("unsynced_quorum.txt");
}

TEST_CASE("raft: a follower whose disk lied about its syncs is sent again what it lost", "[raft]") {
    run_story("follower_forgot.txt");
}

TEST_CASE("raft: voters are exchanged by way of a joint configuration", "[raft]") {
    run_story("joint_change.txt");
}

TEST_CASE("raft: in a joint configuration neither side of a partition decides alone", "[raft]") {
    run_story("joint_under_partition.txt");
}

TEST_CASE("raft: a learner receives the log and counts for nothing until it is promoted",
          "[raft]") {
    run_story("learner.txt");
}

TEST_CASE("raft: a leader that leaves the group leads until that has committed", "[raft]") {
    run_story("remove_leader.txt");
}

TEST_CASE("raft: a change of members waits for the one before and for a commit of the term",
          "[raft]") {
    run_story("one_change_at_a_time.txt");
}

TEST_CASE("raft: who is left goes on alone by order, in a term of its own", "[raft]") {
    run_story("forced_members.txt");
}

TEST_CASE("raft: a configuration that is cut is no longer in force", "[raft]") {
    run_story("change_cut.txt");
}

TEST_CASE("raft: who is outside the configuration may still lead or be elected", "[raft]") {
    run_story("unknown_candidate.txt");
}

TEST_CASE("raft: a removed node disturbs nobody", "[raft]") {
    run_story("removed_node.txt");
}

TEST_CASE("raft: a group shrinks to one", "[raft]") {
    run_story("shrink_to_one.txt");
}

TEST_CASE("raft: leadership goes to a successor that has everything", "[raft]") {
    run_story("transfer.txt");
}

TEST_CASE("raft: a successor is told only once everything is durable there", "[raft]") {
    run_story("transfer_slow_disk.txt");
}

TEST_CASE("raft: a hand-over that does not happen is given up", "[raft]") {
    run_story("transfer_gives_up.txt");
}

TEST_CASE("raft: a read is answered after a round of heartbeats", "[raft]") {
    run_story("read_index.txt");
}

TEST_CASE("raft: a deposed leader answers no read", "[raft]") {
    run_story("read_index_deposed.txt");
}

TEST_CASE("raft: a follower too far behind is sent a snapshot", "[raft]") {
    run_story("snapshot_install.txt");
}

TEST_CASE("raft: chunks are lost, doubled and overtaken by another snapshot", "[raft]") {
    run_story("snapshot_chunks.txt");
}

TEST_CASE("raft: a snapshot under way ends with the term of its leader", "[raft]") {
    run_story("snapshot_leader_change.txt");
}

TEST_CASE("raft: a log that contradicts a snapshot goes", "[raft]") {
    run_story("snapshot_conflict.txt");
}

TEST_CASE("raft: an append that begins inside the snapshot cuts nothing", "[raft]") {
    run_story("append_into_snapshot.txt");
}

TEST_CASE("raft: an entry that was cut and came back is not durable because it once was",
          "[raft]") {
    run_story("aba_write.txt");
}

TEST_CASE("raft: a voter with another disk is another member", "[raft]") {
    run_story("wiped_voter.txt");
}

TEST_CASE("raft: the window counts bytes", "[raft]") {
    run_story("inflight_bytes.txt");
}

TEST_CASE("raft: a group of one grows", "[raft]") {
    run_story("single_grows.txt");
}

TEST_CASE("raft: who is left out by an open change still stands for election", "[raft]") {
    run_story("left_out_but_needed.txt");
}

}  // namespace broker::raft
