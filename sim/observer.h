// RunObserver: sees what happens in a run, event by event, and can change none of it.
//
// A run has at most one; without it the hooks cost a comparison. Observers are for second looks at
// a run that is known already: its story, its log, a stop in the debugger.
#pragma once

#include "broker_core/broker/node.h"
#include "sim/disk_truth.h"
#include "sim/scheduler.h"
#include "sim/virtual_network.h"

#include <cstdint>
#include <string_view>

namespace brokersim {

struct ElementState;

/// What became of the node object of a host.
enum class NodeChange : std::uint8_t { started, start_failed, crashed, lost_power, stopped, broke };

/// Nodes are numbered from 1.
class RunObserver {
public:
    RunObserver() = default;
    RunObserver(const RunObserver&) = delete;
    RunObserver& operator=(const RunObserver&) = delete;
    virtual ~RunObserver() = default;

    /// The world stands; both stay valid to the end of the run.
    virtual void begin(const broker::Topics& /*topics*/, const DiskTruth& /*truth*/) {}
    /// Event `number` is about to be handled.
    virtual void on_event(std::uint64_t /*number*/, Time /*time*/, const Work& /*work*/) {}
    virtual void on_phase(std::string_view /*name*/) {}
    /// A client sends a request frame, with its length field.
    virtual void on_request_sent(std::uint32_t /*connection*/, const Connection& /*of*/,
                                 const RequestTag& /*tag*/, ByteSpan /*frame*/) {}
    /// It reaches the broker, whose step follows.
    virtual void on_request_received(std::uint32_t /*node*/, std::uint32_t /*incarnation*/,
                                     std::uint32_t /*connection*/, ByteSpan /*payload*/) {}
    /// A node made a step; its facts are those of the step.
    virtual void on_step(std::uint32_t /*node*/, std::uint32_t /*incarnation*/,
                         const broker::Node& /*state*/) {}
    /// A disk operation of the node completed; the node has not heard of it.
    virtual void on_disk(std::uint32_t /*node*/, std::uint32_t /*incarnation*/) {}
    /// An answer leaves a broker; payload without the length field.
    virtual void on_answer_sent(std::uint32_t /*node*/, std::uint32_t /*incarnation*/,
                                std::uint32_t /*connection*/, const RequestTag& /*tag*/,
                                ByteSpan /*payload*/) {}
    /// It reaches the client.
    virtual void on_answer_received(std::uint32_t /*connection*/, ByteSpan /*payload*/) {}
    virtual void on_node(std::uint32_t /*node*/, std::uint32_t /*incarnation*/,
                         NodeChange /*change*/) {}
    /// An element of the plan begins to act, or ends. `number`: its place in the plan.
    virtual void on_fault(std::uint32_t /*number*/, const ElementState& /*element*/,
                          bool /*begins*/) {}
};

}  // namespace brokersim
