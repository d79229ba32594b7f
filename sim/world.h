// World: one run of one cluster, from empty disks to a complete history.
//
// It owns virtual time, the hosts, the network and the clients, and gives each event to whom it
// concerns. After every step of a node it lets the invariants look before anything leaves.
//
// Phases: warm-up (brokers start, no faults) - run (workload and faults) - heal (faults end, nodes
// come back) - settle (leaders, a fresh message per partition acknowledged, replicas equal, nothing
// outstanding) - drain (read everything up to the sampled end). The judge comes after.
#pragma once

#include "reports/history.h"
#include "scenarios/run_config.h"
#include "sim/client/producer.h"
#include "sim/client/reader.h"
#include "sim/disk_truth.h"
#include "sim/fault_engine.h"
#include "sim/host.h"
#include "sim/invariants/beliefs.h"
#include "sim/invariants/raft_invariants.h"
#include "sim/invariants/send_invariants.h"
#include "sim/metrics.h"
#include "sim/power_cut.h"
#include "sim/progress_watch.h"
#include "sim/recorder.h"
#include "sim/scheduler.h"
#include "sim/trace.h"
#include "sim/virtual_network.h"

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace brokersim {

/// Of Kafka's frames: their length, big endian.
inline constexpr std::uint32_t frame_prefix_bytes = 4;

enum class Phase : std::uint8_t { warm_up, run, settle, drain, done };
std::string_view name_of(Phase phase);

/// Which checks a run makes; bench compares, everything else leaves them on.
struct Checks {
    bool invariants = true;
};

/// The probes of one incarnation of one node.
struct NodeLife {
    std::uint32_t node = 1;
    std::uint32_t incarnation = 1;
    broker::Probes probes;
};

/// What one boot found in the log of one partition.
struct Recovery {
    std::uint32_t node = 1;
    std::uint32_t incarnation = 1;
    std::string partition;
    broker::wal::RecoveryReport report;
};
std::string recovery_text(const Recovery& recovery);

/// Why settle did not end in time.
struct Stuck {
    std::string id;  // L1..L4
    std::string text;
};

class World final : public FaultActions, public ClientPort {
public:
    World(const RunConfig& config, const Checks& checks, Trace& trace);
    ~World() override;

    /// Runs to the end. A run is made once.
    void run();
    /// Before run(): all brokers lose power at one instant. It must stay valid.
    void plan_power_cut(const PowerCut* cut) { power_cut_ = cut; }
    /// Before run(): where the events are noted after which some disk had been asked for something
    /// or had done it, up to the end of the run phase.
    void note_disk_events(std::vector<std::uint64_t>* events) { disk_events_ = events; }
    /// What the cut left, by broker, then by partition; empty if it did not come.
    [[nodiscard]] const std::vector<std::vector<AfterCut>>& after_cut() const { return after_cut_; }

    [[nodiscard]] const Violations& violations() const { return violations_; }
    [[nodiscard]] const std::optional<Stuck>& stuck() const { return stuck_; }
    /// Partitions that could not go on, for want of disks that can be trusted, and why.
    [[nodiscard]] const std::vector<std::string>& excuses() const { return excuses_; }
    /// Every partition was read to its sampled end, but for those with an excuse.
    [[nodiscard]] bool drained() const;
    /// The event budget ran out, or events stopped coming before the end.
    [[nodiscard]] bool hung() const { return hung_; }
    [[nodiscard]] const std::vector<std::string>& failed_starts() const { return failed_starts_; }
    /// In the order of the starts; of those that found nothing to complain about.
    [[nodiscard]] const std::vector<Recovery>& recoveries() const { return recoveries_; }
    [[nodiscard]] MetricsSummary metrics() const { return summarize(metrics_, cluster_metrics()); }
    [[nodiscard]] const FaultEngine& faults() const { return *faults_; }
    [[nodiscard]] Recorder& recorder() { return recorder_; }
    /// What every incarnation of every node reached, by node, then by incarnation.
    [[nodiscard]] std::vector<NodeLife> lives() const;
    [[nodiscard]] std::uint64_t events() const { return scheduler_.events(); }
    [[nodiscard]] Time now() const override { return scheduler_.now(); }
    [[nodiscard]] std::uint64_t trace_hash() const { return trace_.hash(); }
    [[nodiscard]] Phase phase() const { return phase_; }
    [[nodiscard]] std::uint64_t never_sent() const;
    [[nodiscard]] std::uint64_t retries() const;
    [[nodiscard]] const broker::Topics& topics() const { return topics_; }
    [[nodiscard]] std::uint64_t comparisons() const {
        return raft_invariants_.comparisons() + beliefs_.comparisons() +
               send_invariants_.comparisons();
    }

    // ClientPort
    std::uint32_t open(std::uint32_t client, std::uint32_t broker) override;
    void send(std::uint32_t connection, const RequestTag& tag, Bytes frame) override;
    void close(std::uint32_t connection) override;
    void wake(std::uint32_t client, Time at) override;

    // FaultActions
    [[nodiscard]] std::uint32_t brokers() const override { return config_.brokers; }
    [[nodiscard]] std::uint32_t clients() const override {
        return static_cast<std::uint32_t>(clients_.size());
    }
    [[nodiscard]] std::uint32_t producers() const override {
        return static_cast<std::uint32_t>(producers_.size());
    }
    [[nodiscard]] bool is_up(std::uint32_t host) const override;
    [[nodiscard]] bool is_running(std::uint32_t host) const override { return hosts_[host].up(); }
    [[nodiscard]] bool is_serving(std::uint32_t host) const override {
        return hosts_[host].up() && hosts_[host].node->serving();
    }
    [[nodiscard]] std::uint32_t incarnation(std::uint32_t host) const override {
        return hosts_[host].incarnation;
    }
    [[nodiscard]] bool is_failed(std::uint32_t host) const override;
    [[nodiscard]] std::optional<std::uint32_t> leader_of(std::uint32_t partition) const override;
    [[nodiscard]] const std::vector<broker::BrokerId>& replicas_of(
        std::uint32_t partition) const override;
    [[nodiscard]] std::optional<broker::raft::Configuration> newest_members(
        std::uint32_t partition) const override;
    [[nodiscard]] bool may_exceed_budget() const override {
        return config_.limits.budget == Budget::beyond;
    }
    bool force_members(std::uint32_t host, std::uint32_t partition,
                       const broker::ForceMembers& left, std::uint32_t element) override;
    [[nodiscard]] std::optional<PartitionView> partition_view(
        std::uint32_t partition) const override;
    [[nodiscard]] broker::Member member(std::uint32_t host) const override;
    [[nodiscard]] std::uint32_t partitions() const override {
        return static_cast<std::uint32_t>(topics_.partitions().size());
    }
    [[nodiscard]] bool may_hold(std::uint32_t host, std::uint32_t partition) const override;
    void happened(std::string_view event, std::uint32_t broker) override { tell(event, broker); }
    bool administrate(const broker::AdminRequested& request) override;
    [[nodiscard]] std::vector<std::uint32_t> hosts_in_role(TargetKind role,
                                                           std::uint32_t partition) const override;
    [[nodiscard]] bool in_flight(std::uint32_t host, ArmOn work) const override;
    bool crash(std::uint32_t host, CrashKind kind) override;
    bool crash_in_step(std::uint32_t host, CrashKind kind, std::uint32_t element) override;
    void spare(std::uint32_t host, std::uint32_t element) override;
    bool stop(std::uint32_t host) override;
    bool start(std::uint32_t host) override;
    bool pause(std::uint32_t host, Time until, std::uint32_t element) override;
    void end_pause(std::uint32_t host, std::uint32_t element) override;
    void end_stall(std::uint32_t host, std::uint32_t element) override;
    void stall_disk(std::uint32_t host, Time until, std::uint32_t element) override;
    [[nodiscard]] VirtualDisk& disk(std::uint32_t host) override { return *hosts_[host].disk; }
    [[nodiscard]] const DiskTruth& truth() const override { return truth_; }
    [[nodiscard]] BudgetAnswer ask_budget(std::uint32_t host, DamageClass damage) override;
    [[nodiscard]] BudgetAnswer peek_budget(std::uint32_t host, DamageClass damage) const override;
    void replace_disk(std::uint32_t host, const DiskImage& image, bool new_identity) override;
    void mend(std::uint32_t host) override;
    [[nodiscard]] HostClock& clock(std::uint32_t host) override { return hosts_[host].clock; }
    void clock_changed(std::uint32_t host) override;
    Slowness& slowness(std::uint32_t host) override { return hosts_[host].slowness; }
    [[nodiscard]] std::uint64_t disk_activity(std::uint32_t host) const override {
        return hosts_[host].disk->submitted();
    }
    [[nodiscard]] std::uint64_t disk_completions(std::uint32_t host) const override {
        return hosts_[host].disk->completed();
    }
    [[nodiscard]] const Activity& activity(std::uint32_t host) const override {
        return hosts_[host].activity;
    }
    std::uint32_t reset_connections(std::uint32_t client, ResetPoint point) override;
    VirtualNetwork& network() override { return network_; }
    Scheduler& scheduler() override { return scheduler_; }
    [[nodiscard]] Duration largest_election_timeout() const override;
    [[nodiscard]] const ProgressWatch& progress() const { return progress_; }

private:
    class HostTimer;
    friend class HostTimer;

    // Events
    void handle(const Work& work);
    void after_event();  // if a power cut is planned or disk events are noted (power_cut.cpp)
    void cut_power(const PowerCut& cut);
    void on_disk_done(const Work& work);
    void on_datagram(const Work& work);
    void on_request(const Work& work);
    void on_response(const Work& work);
    void on_unread(const Work& work);
    void schedule_unread(std::uint32_t connection);
    /// Whether requests on the connection reach the process that it was made to.
    [[nodiscard]] static bool stands(const Connection& connection, const Host& host);
    /// A request reaches its broker, whose step follows.
    static void note_arrival(Connection& connection, const Host& host,
                             const FrameInFlight& request);
    void on_phase(Phase next);
    void count_activity(const Work& work);
    [[nodiscard]] broker::NodeMetrics cluster_metrics() const;
    /// Counts the operation, credits every stall in force; returns whether there is one.
    bool stalled(Host& host);
    bool deferred(Host& host, const Work& work);
    /// Whether the event waits because a step of the host is under way.
    bool waits_for_cpu(Host& host, const Work& work);
    void on_backlog(Host& host);
    void on_node_timer(const Work& work);
    /// Crashes the host inside the step under way.
    void crash_inside(Host& host);
    void resume(Host& host);
    void release_stall(Host& host);
    [[nodiscard]] bool plans(FaultKind kind) const;
    void step(Host& host, const broker::Event& event);
    void after_step(Host& host, const broker::Event& event);
    /// Looks at what the replicas that the event concerned believe now.
    void check_beliefs(const Host& host, const broker::Event& event);
    void release_effects(Host& host);
    void arm_timer(Host& host);
    void down(Host& host, HostState state);
    /// The invariants learn that a node's memory is gone, and of its disk what is left.
    void forget_memory(std::uint32_t node);
    void credit_disk_errors(Host& host);
    void report_recovery(const Host& host, const std::vector<broker::wal::RecoveryReport>& reports,
                         bool expected_clean);
    /// Stored entries that this power loss took make the loss of acknowledged data legal.
    void record_taken(const Host& host);
    void record_loss(PartitionId partition);

    // Damage (damage.cpp)
    CrashReport lose_power(Host& host);
    /// The configurations of a partition: that of the committed log, or all it ever had (`former`),
    /// and what the most advanced replica that is up goes by.
    [[nodiscard]] std::vector<broker::raft::Configuration> configurations_of(PartitionId partition,
                                                                             bool former) const;
    [[nodiscard]] CopiesView copies_of(std::uint32_t target, PartitionId partition,
                                       DamageClass damage) const;
    /// Whether the voter is the one it was, and its disk can be trusted.
    [[nodiscard]] bool is_sound(const broker::Member& member) const;
    /// Whether its disk holds what it held, or has caught up with that.
    [[nodiscard]] bool is_whole(const Host& host) const;
    /// Its disk is about to go back silently.
    void note_forgotten(Host& host);
    /// Whether the host may ask for or give a vote in a term up to this one.
    [[nodiscard]] bool has_open_vote(const Host& host, PartitionId partition,
                                     broker::Term term) const;
    /// Loss and standstill of what this host holds are excused from now on.
    void exceed_budget(const Host& host);
    /// An administrator's request as a step of this host; whether it was accepted.
    bool ask(Host& host, const broker::AdminRequested& request);
    /// Of those that serve the partition, the one whose log is furthest; nullptr: nobody does.
    [[nodiscard]] const broker::raft::Raft* furthest(PartitionId partition) const;
    /// Why a partition cannot go on: too few of its voters have a disk that can be trusted. Empty:
    /// it can.
    [[nodiscard]] std::string excuse_for(PartitionId partition) const;
    void record_leaders(const Host& host);

    // Workload
    void schedule_steps();
    void start_step(std::uint32_t step);
    void produce_next(std::uint32_t step);
    void choose_watched();
    void watch_probes(const Host& host);
    void send_datagram(std::uint32_t from, std::uint32_t to, broker::Bytes bytes);
    void note_tiebreaker(const Host& host, const broker::Event& event);
    void on_step_event(std::uint32_t step, std::string_view event, std::uint32_t host,
                       std::uint64_t times, std::string_view of);
    /// What a script or a step of the workload may wait for: a named event on a host (0-based).
    /// of: the fault or the step that it is about.
    void tell(std::string_view event, std::uint32_t host, std::uint64_t times = 1,
              std::string_view of = {});

    // Progress under fault (progress.cpp)
    [[nodiscard]] Duration progress_window() const;
    /// Up and serving, with nothing that slows or stops its machine, disk or clocks.
    [[nodiscard]] bool works(const Host& host) const;
    /// Whether nothing passes between the host and those of the set, one bit each.
    [[nodiscard]] bool is_silent(const Host& host, std::uint32_t towards) const;
    /// Whether a producer with free links to the set waits for the partition.
    [[nodiscard]] bool is_asked(PartitionId partition, std::uint32_t working) const;
    /// A set of hosts that must get on with the partition by themselves, one bit each; 0: none.
    [[nodiscard]] std::uint32_t must_get_on(PartitionId partition) const;
    void look_at_progress();

    // Phases (phases.cpp)
    void note_phase(std::string_view name);
    void begin_run();
    void heal();
    void mend_host(Host& host);
    void check_settled();

    // A core that alone is mended (core_heal.cpp)
    /// What the faults left of a host.
    struct Residue {
        bool down = false;
        bool paused = false;
        bool cut_in = false;  // from some other broker
        bool cut_out = false;
    };
    [[nodiscard]] std::vector<Residue> residues() const;
    /// Whether these hosts have a quorum of every partition, whatever configuration is in force.
    [[nodiscard]] bool core_is_enough(const std::vector<bool>& core) const;
    void choose_core();
    [[nodiscard]] bool in_core(std::uint32_t host) const { return core_.empty() || core_[host]; }
    void keep_behind(Host& host);
    void cut_behind(const Host& host);
    void mend_everybody();

    /// What each broker believes of a partition, for whoever looks at a stuck one.
    [[nodiscard]] std::string views_of(PartitionId partition) const;
    /// Looks which partitions cannot go on.
    void find_excuses();
    [[nodiscard]] std::optional<Stuck> unsettled();
    [[nodiscard]] std::optional<Stuck> replicas_differ();
    [[nodiscard]] Duration settle_budget() const;
    /// The longest that a disk operation takes on any of the disks.
    [[nodiscard]] Duration slowest(const Distribution& operation) const;
    void begin_drain();
    void finish();

    RunConfig config_;
    Checks checks_;
    Trace& trace_;
    broker::Topics topics_;
    Scheduler scheduler_;
    DiskTruth truth_;
    ClusterLog logs_;
    Violations violations_;
    RaftInvariants raft_invariants_;
    Beliefs beliefs_;
    SendInvariants send_invariants_;
    VirtualNetwork network_;
    Recorder recorder_;
    broker::Random disk_random_;
    broker::Random crash_random_;
    broker::Random timer_random_;
    broker::Random core_random_;
    std::deque<Host> hosts_;  // never moved: nodes refer to them
    std::vector<std::unique_ptr<Client>> clients_;
    std::vector<Producer*> producers_;  // of the workload
    std::vector<Reader*> consumers_;
    Producer* settle_producer_ = nullptr;
    Reader* drain_ = nullptr;
    std::unique_ptr<FaultEngine> faults_;

    struct StepState {
        std::uint32_t left = 0;
        std::uint64_t seen = 0;  // of its `when` event
        bool started = false;
    };
    std::vector<StepState> steps_;
    /// By partition: the host whose message, or disk, completed the leader's last commit.
    std::vector<std::optional<std::uint32_t>> tiebreakers_;
    /// Probes that faults or steps wait for, and how often each was already told.
    struct Watched {
        std::string name;
        broker::Probe probe;
        std::vector<std::pair<std::uint32_t, std::uint64_t>> seen;  // by host: incarnation, count
    };
    std::vector<Watched> watched_;
    std::uint32_t next_message_ = 0;  // round robin over producers and partitions

    const PowerCut* power_cut_ = nullptr;
    std::vector<std::uint64_t>* disk_events_ = nullptr;
    std::uint64_t disk_activity_ = 0;  // of all disks, when it was looked at last
    std::optional<Remains> remains_;   // of the disk that loses power just now; none: drawn
    std::vector<std::vector<AfterCut>> after_cut_;
    Phase phase_ = Phase::warm_up;
    Time run_began_;
    Time healed_at_;
    Time settle_deadline_;
    Time drain_deadline_;
    std::vector<bool> core_;         // by host, from the heal on; empty before: everybody
    std::vector<Residue> residues_;  // likewise, of those outside
    std::optional<Time> settled_since_;
    bool settle_message_sent_ = false;
    std::optional<Stuck> stuck_;
    ProgressWatch progress_;
    std::vector<bool> excused_;  // by partition
    std::vector<std::string> excuses_;
    bool hung_ = false;
    std::vector<std::string> failed_starts_;
    std::vector<Recovery> recoveries_;
    MetricsSampler metrics_;
};

}  // namespace brokersim
