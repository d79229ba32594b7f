// WatchedCluster: whole nodes on simulated disks with the invariants looking on, outside any run.
//
// Hosts 1..clustered are one cluster of that many brokers; each host behind them is an island, a
// cluster of its own whose broker also calls itself 1. What a host does may be reported as done by
// another (report_as): that is how a legal node is made to look like one that breaks a rule.
#pragma once

#include "sim/host.h"
#include "sim/invariants/beliefs.h"
#include "sim/invariants/raft_invariants.h"
#include "sim/invariants/send_invariants.h"
#include "tests/support/manual_disk.h"

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <vector>

namespace brokersim::test {

class WatchedCluster {
public:
    /// judged_replicas: how many voters the invariants take the partition to have.
    WatchedCluster(std::uint32_t clustered, std::uint32_t islands, std::uint32_t judged_replicas);

    void report_as(std::uint32_t host, std::uint32_t name) { machine(host).name = name; }
    /// The next thing a host recovers is reported as read from a damaged disk.
    void report_damage() { damage_met_ = true; }
    /// A new life of its node, on the disk as it is.
    void restart(std::uint32_t host);
    void step(std::uint32_t host, broker::Event const& event);
    /// Completes the oldest pending disk operation of the host.
    void complete_one(std::uint32_t host);
    void settle() { settle_but(0); }
    /// The disk of this host completes nothing; 0: no host.
    void settle_but(std::uint32_t host);
    [[nodiscard]] VirtualDisk& disk(std::uint32_t host) { return machine(host).disk->disk; }
    [[nodiscard]] broker::Topics const& topics() const { return judged_topics_; }
    /// Datagrams from and to this host are lost from now on; 0: no host.
    void cut(std::uint32_t host) { cut_ = host; }
    /// Time passes until the host leads; everything settles on the way. A former leader of its
    /// cluster steps down first.
    void elect(std::uint32_t host);
    /// The leader's next heartbeat, and what follows from it.
    void heartbeat(std::uint32_t host);
    /// The same, but stops as soon as it leads, with its no-op not yet written.
    void elect_only(std::uint32_t host);
    /// An acks=1 request with a batch of one record `text`; returns the CRC of its batch.
    std::uint32_t produce(std::uint32_t host, std::string_view text);

    [[nodiscard]] broker::Node const& node(std::uint32_t host) { return *machine(host).node; }
    [[nodiscard]] broker::Replica const& replica(std::uint32_t host) {
        return *node(host).replica(PartitionId{0});
    }
    [[nodiscard]] bool fired(std::string const& id) const;
    /// Ids of all rules that fired, in order.
    [[nodiscard]] std::string fired_all() const;

private:
    struct Machine {
        std::unique_ptr<broker::Topics> topics;
        std::unique_ptr<ManualDisk> disk;
        EffectBuffer network;
        std::unique_ptr<broker::Node> node;
        broker::BrokerId id;
        std::uint32_t name = 0;
        bool clustered = false;
    };

    Machine& machine(std::uint32_t host) { return *machines_[host - 1]; }
    void boot(std::uint32_t host);
    bool deliver(std::uint32_t from);
    void depose_others(std::uint32_t host);

    broker::Topics judged_topics_;

public:
    DiskTruth truth;
    ClusterLog logs;
    Violations violations;
    RaftInvariants raft;
    Beliefs beliefs;
    SendInvariants send;

private:
    std::vector<std::unique_ptr<Machine>> machines_;
    std::uint32_t cut_ = 0;
    bool damage_met_ = false;
    Time now_{1'000'000'000};
};

}  // namespace brokersim::test
