// A planted bug as its patch file tells it: header, target, and whether it still applies.
//
//   # key: value     keys id, title, story, source, needs, trigger, detectors, tier; also budget,
//                    scenario; the lines of title, story, source and trigger are joined
//   --- a/PATH       then one unified diff against one existing source of broker_core
//   +++ b/PATH
// Unknown, repeated or missing keys are errors. A bug from outside the catalogue needs a title
// only.
#pragma once

#include <tl/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brokersim {

/// How often a bug must be found. smoke: within its budget in every campaign, at every change.
/// directed: the same, at night. nightly: in four of five campaigns of the swarm. impossible: the
/// types of the broker make it; nothing is built or run.
enum class Tier : std::uint8_t { smoke, nightly, directed, impossible };
std::string_view name_of(Tier tier);

struct PatchFile {
    std::string path;
    std::string name;  // the file's, without its ending
    std::string id;    // empty: from outside the catalogue
    std::string title;
    std::string story;
    std::string source;
    std::vector<std::string> needs;  // features that the scenario must have
    std::string trigger;
    std::vector<std::string> detectors;  // ids and codes, the one expected first in front
    Tier tier = Tier::nightly;
    std::optional<std::uint64_t> budget;  // seeds per campaign, if not the tier's
    std::string scenario;                 // relative to the library; empty: the swarm
    std::string target;                   // the source that it changes

    [[nodiscard]] bool is_catalogued() const { return !id.empty(); }
    /// Seeds of one campaign: 10, of a nightly one 10,000.
    [[nodiscard]] std::uint64_t seeds_max() const;
};

enum class Origin : std::uint8_t { catalogue, outside };

/// Reads `text`, the content of `path`. Errors: a sentence that names the key or the line.
tl::expected<PatchFile, std::string> parse_patch(const std::string& path, std::string_view text,
                                                 Origin origin);
/// The same from a file. Errors: also, that it cannot be read.
tl::expected<PatchFile, std::string> read_patch(const std::string& path, Origin origin);

/// Why the patch does not apply to the sources below `root`, without fuzz: target and hunks.
/// Empty: it applies. Needs the program `patch`.
std::string stale_reason(const PatchFile& patch, const std::string& root);

}  // namespace brokersim
