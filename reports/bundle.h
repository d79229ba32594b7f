// Bundle: one finding as a folder that holds everything needed to run it again.
//
//   repro.json     scenario (resolved), seed, plan as drawn, build, trace hash, verdict, signature
//   trace.hash     per event: 32 bits of the trace's state after it, kind, target, time
//   timeline.txt   state changes as text lanes; events.txt: every event around the failure
//   explain.txt    the story of the messages concerned; history.jsonl: what the clients saw
//   scenario.json  the same scenario with its plan as a script: runs without drawing a fault
// Only repro.json is needed; the others can be made from it again. Strings in it may come from
// anywhere and are quoted when written, checked when read.
#pragma once

#include <tl/expected.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace brokersim::reports {

/// What repro.json holds. Seeds and hashes are strings there: a u64 does not fit a double.
struct Repro {
    struct PlanElement {
        std::string json;    // as an element of a script
        bool drawn = false;  // by a random class, so it may miss
    };
    struct FaultRow {
        std::string id;
        std::string kind;
        std::string target;
        std::string fate;
    };

    std::string scenario_name;
    std::string scenario_path;  // "" if it came from no file
    std::string scenario_json;  // resolved, complete
    std::string scenario_hash;
    std::uint64_t seed = 0;
    std::string source;  // hash of the sources, and the commit they came from
    std::string commit;
    bool dirty = false;
    std::string build;  // compiler and flags
    std::string mutant;
    std::vector<PlanElement> plan;
    std::uint64_t trace_hash = 0;
    std::uint64_t checkpoint_every = 0;
    std::vector<std::uint64_t> checkpoints;
    std::uint64_t events = 0;
    std::int64_t virtual_ns = 0;
    std::string verdict;
    std::vector<std::string> violated;
    std::string signature;
    int signature_version = 0;
    std::uint64_t failed_at = 0;        // event of the first violation; 0: seen at the end only
    std::vector<std::string> messages;  // ids of those concerned
    std::string summary;                // the first sentence about it
    std::vector<FaultRow> faults;
};

/// The same JSON with one way of spacing, for comparing.
std::string canonical_json(std::string_view json);

std::string to_json(const Repro& repro);
/// Errors: a text that says what is wrong, also for a format of another version.
tl::expected<Repro, std::string> parse_repro(std::string_view json);

/// One row of trace.hash.
struct EventMark {
    std::uint32_t state = 0;
    std::uint8_t kind = 0;
    std::uint32_t target = 0;  // 24 bits are kept
    std::int64_t time_ns = 0;
};
/// At most this many events are written, 16 bytes each.
inline constexpr std::size_t event_marks_max = 400'000;
std::string encode_marks(const std::vector<EventMark>& marks);
/// Empty if it is no such file.
std::vector<EventMark> decode_marks(std::string_view bytes);

}  // namespace brokersim::reports
