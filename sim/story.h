// Story: follows every message of a run through brokers, logs and disks into a Timeline.
//
// It knows messages by the batches that carry them. What a broker holds is read from its log in
// memory; what its disk holds from DiskTruth, which reads the bytes and believes nobody.
#pragma once

#include "reports/timeline.h"
#include "sim/observer.h"

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace brokersim {

class Story final : public RunObserver {
public:
    Story() = default;

    [[nodiscard]] reports::Timeline take() { return std::move(timeline_); }

    void begin(const broker::Topics& topics, const DiskTruth& truth) override;
    void on_event(std::uint64_t number, Time time, const Work& work) override;
    void on_phase(std::string_view name) override;
    void on_request_sent(std::uint32_t connection, const Connection& of, const RequestTag& tag,
                         ByteSpan frame) override;
    void on_request_received(std::uint32_t node, std::uint32_t incarnation,
                             std::uint32_t connection, ByteSpan payload) override;
    void on_step(std::uint32_t node, std::uint32_t incarnation, const broker::Node& state) override;
    void on_disk(std::uint32_t node, std::uint32_t incarnation) override;
    void on_answer_sent(std::uint32_t node, std::uint32_t incarnation, std::uint32_t connection,
                        const RequestTag& tag, ByteSpan payload) override;
    void on_answer_received(std::uint32_t connection, ByteSpan payload) override;
    void on_node(std::uint32_t node, std::uint32_t incarnation, NodeChange change) override;
    void on_fault(std::uint32_t number, const ElementState& element, bool begins) override;

private:
    using MessageIds = std::vector<std::uint32_t>;
    /// One entry of a log in memory, and the messages in it.
    struct Entry {
        std::uint64_t term = 0;
        MessageIds messages;
    };
    /// A partition on a node. The log begins behind `start`; ends are indexes of last entries.
    struct Replica {
        std::uint64_t start = 0;
        std::vector<Entry> log;
        std::uint64_t written = 0;
        std::uint64_t synced = 0;
        std::uint64_t committed = 0;
        [[nodiscard]] std::uint64_t last() const { return start + log.size(); }
        [[nodiscard]] const Entry* at(std::uint64_t index) const {
            return index > start && index <= last() ? &log[index - start - 1] : nullptr;
        }
    };
    /// A produce request on its way.
    struct Asked {
        RequestTag tag;
        MessageIds messages;
    };

    [[nodiscard]] Replica& replica(std::uint32_t node, std::uint32_t partition) {
        return replicas_[(node - 1) * timeline_.partitions.size() + partition];
    }
    MessageIds messages_of(ByteSpan batch, std::uint32_t partition);
    MessageIds messages_of_log(ByteSpan batch, std::uint32_t partition);
    void rung(reports::Step step, const MessageIds& messages, const reports::Rung& facts);
    /// A rung for each message of the entries first..last.
    void rungs(reports::Step step, std::uint32_t node, std::uint32_t incarnation,
               std::uint32_t partition, std::uint64_t first, std::uint64_t last);
    void moment(reports::Change change, std::uint32_t node, std::uint32_t incarnation,
                std::uint32_t partition, std::uint64_t term, std::string text = {});
    void on_fact(std::uint32_t node, std::uint32_t incarnation, const broker::Replica& state,
                 const broker::Fact& fact);
    void take_log(std::uint32_t node, std::uint32_t incarnation, const broker::Replica& state,
                  std::uint64_t first, std::uint64_t last, bool recovered);
    void look_at_disk(std::uint32_t node, std::uint32_t incarnation, std::uint32_t partition);
    [[nodiscard]] std::string role_of(const std::vector<std::uint32_t>& nodes) const;

    const DiskTruth* truth_ = nullptr;
    reports::Timeline timeline_;
    std::vector<Replica> replicas_;               // by node - 1, then partition
    std::map<std::uint64_t, std::uint32_t> ids_;  // producer, sequence -> message
    std::map<std::pair<std::uint32_t, std::int32_t>, Asked> asked_;  // connection, correlation
    std::map<std::uint32_t, std::uint32_t> attempts_;                // by message
    std::map<std::pair<std::uint32_t, std::uint32_t>, MessageIds> by_crc_;  // partition, crc
    std::vector<MessageIds> received_;    // by node - 1: admitted next
    std::vector<std::uint32_t> leaders_;  // by partition: node, 0 if unknown
    std::vector<std::size_t> faults_;     // by element: index into Timeline::faults
    std::uint64_t event_ = 0;
    std::int64_t time_ns_ = 0;
};

}  // namespace brokersim
