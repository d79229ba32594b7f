// Six facts, always the same.
#include "sim/campaign/progress.h"

#include "broker_core/base/probes.h"
#include "reports/finding.h"
#include "sim/command/bundle.h"
#include "sim/command/scenario_files.h"

#include <fmt/core.h>

#include <unistd.h>

namespace brokersim {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

double seconds(std::int64_t nanoseconds) {
    return static_cast<double>(nanoseconds) / 1e9;
}

/// The number or text behind a key of a flat JSON object.
std::string field(const std::string& json, const std::string& key) {
    std::size_t const at = json.find("\"" + key + "\":");
    if (at == std::string::npos) {
        return "?";
    }
    std::size_t const from = at + key.size() + 3;
    std::string value = json.substr(from, json.find_first_of(",}\n", from) - from);
    std::erase(value, '"');
    return value;
}

}  // namespace

Progress::Progress(std::string folder, const reports::Manifest& manifest, std::int64_t budget_ns,
                   bool quiet)
    : folder_{std::move(folder)},
      manifest_{manifest},
      budget_ns_{budget_ns},
      quiet_{quiet},
      terminal_{isatty(STDERR_FILENO) == 1} {}

std::string Progress::line(const DriverState& state) const {
    double const elapsed = std::max(seconds(state.elapsed_ns), 1e-3);
    std::string left = "?";
    if (budget_ns_ > 0) {
        left = fmt::format("{:.0f} s", std::max(0.0, seconds(budget_ns_) - elapsed));
    } else if (state.chunks_in_all && state.chunks > 0) {
        double const per_chunk = elapsed / static_cast<double>(state.chunks);
        left = fmt::format("{:.0f} s",
                           per_chunk * static_cast<double>(*state.chunks_in_all - state.chunks));
    }
    return fmt::format(
        "{} seeds, {:.0f}/s | {:.2f} virtual h/s | {} signatures, last new {} | probes {}/{} | "
        "void {} inconclusive {} | left {}",
        state.seeds, static_cast<double>(state.seeds) / elapsed,
        seconds(state.virtual_ns) / 3600 / elapsed, state.signatures.size(),
        state.last_new_ns < 0
            ? std::string{"never"}
            : fmt::format("{:.0f} s ago", seconds(state.elapsed_ns - state.last_new_ns)),
        state.probes.size(), broker::probe_count, state.voided, state.inconclusive, left);
}

void Progress::write_status(const DriverState& state, std::string_view phase) {
    std::string signatures;
    for (const auto& [signature, seeds] : state.signatures) {
        signatures += fmt::format("{}{}:{}", signatures.empty() ? "" : ",",
                                  reports::json_quoted(signature), seeds);
    }
    double const elapsed = std::max(seconds(state.elapsed_ns), 1e-3);
    std::string const json = fmt::format(
        "{{\"v\":1,\"phase\":\"{}\",\"pid\":{},\"shard\":\"{}/{}\",\"seeds\":{},"
        "\"seeds_per_s\":{:.1f},\"chunks\":{},\"chunks_in_all\":{},\"elapsed_s\":{:.1f},"
        "\"virtual_ns\":{},\"failed\":{},\"void\":{},\"inconclusive\":{},\"probes\":{},"
        "\"probes_known\":{},\"last_new_s\":{:.1f},\"rechecked\":{},\"differences\":{},"
        "\"troubles\":{},\"signatures\":{{{}}}}}\n",
        phase, getpid(), manifest_.shard + 1, manifest_.shards, state.seeds,
        static_cast<double>(state.seeds) / elapsed, state.chunks, state.chunks_in_all.value_or(0),
        seconds(state.elapsed_ns), state.virtual_ns, state.failed, state.voided, state.inconclusive,
        state.probes.size(), broker::probe_count, seconds(state.last_new_ns), state.rechecked,
        state.differences, state.troubles, signatures);
    write_file(folder_ + "/status.json", json);
}

void Progress::tell(const DriverState& state, std::string_view phase) {
    if (state.elapsed_ns - status_at_ns_ >= 5 * second_ns || status_at_ns_ == 0) {
        status_at_ns_ = std::max<std::int64_t>(state.elapsed_ns, 1);
        write_status(state, phase);
    }
    std::int64_t const every = terminal_ ? second_ns / 2 : 30 * second_ns;
    if (!quiet_ && state.elapsed_ns - line_at_ns_ >= every) {
        line_at_ns_ = state.elapsed_ns;
        say(terminal_ ? "\r\x1b[K" + line(state) : line(state) + "\n");
    }
}

void Progress::last(const DriverState& state, std::string_view phase) {
    write_status(state, phase);
    if (!quiet_ && phase == "publish") {
        say((terminal_ ? "\r\x1b[K" : "") + line(state) + "\n");
    }
}

std::string status_text(const std::string& json) {
    std::string text = fmt::format(
        "{}  shard {}  {} seeds, {}/s  {} chunks of {}  {} s\n"
        "failed {}  void {}  inconclusive {}  probes {}/{}  checked twice {}, {} differences  "
        "troubles {}\n",
        field(json, "phase"), field(json, "shard"), field(json, "seeds"),
        field(json, "seeds_per_s"), field(json, "chunks"),
        field(json, "chunks_in_all") == "0" ? "?" : field(json, "chunks_in_all"),
        field(json, "elapsed_s"), field(json, "failed"), field(json, "void"),
        field(json, "inconclusive"), field(json, "probes"), field(json, "probes_known"),
        field(json, "rechecked"), field(json, "differences"), field(json, "troubles"));
    std::size_t const from = json.find("\"signatures\":{");
    if (from != std::string::npos) {
        std::string list = json.substr(from + 14, json.rfind("}}") - from - 14);
        for (std::size_t at = list.find(",\""); at != std::string::npos; at = list.find(",\"")) {
            list.replace(at, 1, "\n");
        }
        text += list.empty() ? "no failure so far\n" : list + "\n";
    }
    return text;
}

}  // namespace brokersim
