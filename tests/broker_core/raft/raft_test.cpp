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

}  // namespace broker::raft
