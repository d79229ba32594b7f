// Enumeration: every crash point of one recorded log, every legal disk, and the real recovery.
//
// A state is a crash point and an image. Images that were met before are not recovered again; what
// became of them is held against what is promised at this crash point. Where an image is one of the
// shaped families (none, all, prefix, suffix, all but one, only one), its recovery is crashed too,
// once, at each of its own crash points.
#pragma once

#include "sim/enumerate/crash_state.h"
#include "sim/enumerate/state_table.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace brokersim::enumeration {

/// Which images have their recovery crashed as well.
enum class Nested : std::uint8_t { none, shaped, all };

struct EnumerationOptions {
    Nested nested = Nested::shaped;
    bool syncs_lie = false;  // for tests: the recorded disk's syncs cover nothing
};

struct EnumerationReport {
    std::uint64_t crash_points = 0;         // of the recorded trace
    std::uint64_t nested_crash_points = 0;  // of the recoveries that were crashed
    std::uint64_t visited = 0;              // states, nested ones included
    std::uint64_t nested = 0;               // of these
    std::uint64_t distinct = 0;             // images recovered, nested ones included
    std::uint64_t recoveries = 0;           // boots of the broker's log
    std::uint64_t most_units = 0;           // uncovered sectors at one crash point
    std::uint64_t hash = 0;                 // of all images visited, in their order
    struct Row {
        std::uint64_t states = 0;  // visited ones with this finding
        std::optional<CrashState> first;
    };
    std::array<Row, finding_count> findings;

    [[nodiscard]] bool clean() const;
};

class Enumeration final : private ImageVisitor {
public:
    Enumeration(LogRecording& recording, const EnumerationOptions& options);

    EnumerationReport run();

private:
    static constexpr std::int8_t unjudged = -2;
    static constexpr std::int8_t sound = -1;

    /// What becomes of one image: how it recovers, and how recoveries that are crashed do.
    struct Class {
        std::uint32_t outcome = 0;
        std::vector<std::uint32_t> nested;     // outcomes of crashes before the log was open
        std::vector<Finding> nested_findings;  // whatever the crash point promises
        friend auto operator<=>(const Class&, const Class&) = default;
    };

    /// Visits the images inside a recovery.
    class NestedVisitor final : public ImageVisitor {
    public:
        explicit NestedVisitor(Enumeration& owner) : owner_{owner} {}
        bool visit(CrashImages& images, std::uint64_t hash, bool shaped) override;

        Class* into = nullptr;
        std::size_t event = 0;

    private:
        Enumeration& owner_;
    };

    bool visit(CrashImages& images, std::uint64_t hash, bool shaped) override;
    void visit_process_deaths();
    /// claims: of the crash visited.
    void judge(std::uint32_t number, const Claims& claims);
    std::uint32_t class_of(const Image& image, std::uint64_t hash, const DiskState* start,
                           bool nested);
    std::uint32_t outcome_of(const Image& image, std::uint64_t hash);
    std::uint32_t intern(const Outcome& outcome);
    void crash_inside(const Image& image, const DiskState* start, Class& into);
    [[nodiscard]] bool may_change_images(const DiskState& state, const IoEvent& event) const;
    void found(Finding finding, const Class& culprit);
    std::optional<NestedCrash> nested_culprit(Finding finding);

    LogRecording& recording_;
    EnumerationOptions options_;
    EnumerationReport report_;
    DiskState disk_;
    DiskState dead_;
    CrashImages images_;
    CrashImages dead_images_;
    RecoveryRun run_;
    RecoveryRun inner_;
    NestedVisitor nested_visitor_{*this};

    StateTable classes_by_image_;
    StateTable outcomes_by_image_;  // of images inside recoveries
    std::vector<Class> classes_;
    std::map<Class, std::uint32_t> known_classes_;
    std::vector<Outcome> outcomes_;
    std::map<std::uint64_t, std::uint32_t> known_outcomes_;  // by a hash of all that is in it
    std::vector<std::int8_t> verdicts_;                      // of classes, under claims_
    std::optional<Claims> claims_;
    Claims nested_claims_;  // of a power loss inside the recovery, whatever the first crash was

    CrashState now_;  // of the image being visited, but for its choice
};

}  // namespace brokersim::enumeration
