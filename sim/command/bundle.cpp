// A finding is run twice more: once for its events and states, once for its story.
#include "sim/command/bundle.h"

#include "reports/explain.h"
#include "reports/lanes.h"
#include "scenarios/writer.h"
#include "sim/command/event_log.h"
#include "sim/command/mutant.h"
#include "sim/command/source_id.h"
#include "sim/command/subject.h"
#include "sim/run_text.h"
#include "sim/work_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace brokersim {
namespace {

namespace files = std::filesystem;

constexpr std::uint64_t events_before = 200;
constexpr std::uint64_t events_after = 20;

/// Every event around the failure, with what nodes said in it.
std::string last_events(const std::vector<reports::EventMark>& marks, std::uint64_t failed_at,
                        const std::vector<std::pair<std::uint64_t, std::string>>& said) {
    std::uint64_t const at = failed_at == 0 ? marks.size() : failed_at;
    std::uint64_t const from = at > events_before ? at - events_before : 1;
    std::uint64_t const to = std::min<std::uint64_t>(marks.size(), at + events_after);
    std::string text;
    auto next = said.begin();
    for (std::uint64_t event = from; event <= to; ++event) {
        const reports::EventMark& mark = marks[event - 1];
        text += event_line(event, mark.time_ns, work_text(mark.kind, mark.target));
        for (; next != said.end() && next->first <= event; ++next) {
            if (next->first == event) {
                text += event_line(event, mark.time_ns, "    " + next->second);
            }
        }
    }
    return text;
}

class KeepingSink final : public TraceSink {
public:
    void line(std::uint64_t event, broker::Time /*time*/, std::string_view text) override {
        lines.emplace_back(event, std::string{text});
    }
    std::vector<std::pair<std::uint64_t, std::string>> lines;
};

/// The scenario with its plan as a script: what a person can read, run and change.
std::string scripted_scenario(const BundleOf& of, const RunResult& result) {
    Scenario scripted = of.scenario;
    scripted.faults.random.clear();
    scripted.faults.swarm = false;
    scripted.faults.script.clear();
    for (const Element& element : as_script(result.plan)) {
        scripted.faults.script.emplace_back(element);
    }
    scripted.name = "scenario";  // that of its file
    scripted.run.seed_list = {of.seed};
    scripted.run.seed_count = 1;
    scripted.regressions.clear();
    return write_scenario(scripted);
}

}  // namespace

bool write_file(const std::string& path, const std::string& text) {
    std::string const beside = path + ".part";
    {
        std::ofstream file{beside, std::ios::binary | std::ios::trunc};
        file << text;
        file.flush();
        if (!file) {
            std::error_code error;
            files::remove(beside, error);
            return false;
        }
    }
    std::error_code error;
    files::rename(beside, path, error);
    return !error;
}

reports::Repro make_repro(const BundleOf& of, const RunResult& result,
                          const reports::Timeline& timeline) {
    const SourceId& id = source_id();
    reports::Repro repro;
    repro.scenario_name = of.scenario.name;
    repro.scenario_path = of.path;
    repro.scenario_json = write_scenario(of.scenario);
    repro.scenario_hash = fmt::format("{:016x}", of.scenario.hash);
    repro.seed = of.seed;
    repro.source = id.source;
    repro.commit = id.commit;
    repro.dirty = id.dirty;
    repro.build = id.build;
    repro.mutant = planted_mutant();
    for (const Element& element : result.plan) {
        repro.plan.push_back(reports::Repro::PlanElement{
            reports::canonical_json(write_element(element)), !element.scripted});
    }
    repro.trace_hash = result.trace_hash;
    repro.checkpoint_every = Trace::checkpoint_every;
    repro.checkpoints = result.checkpoints;
    repro.events = result.events;
    repro.virtual_ns = result.virtual_ns;
    repro.verdict = name_of(result.verdict);
    repro.violated = result.violated;
    repro.signature = result.signature;
    repro.signature_version = reports::signature_version;
    repro.failed_at = result.diagnosis.event;
    for (std::uint32_t const message : result.diagnosis.messages) {
        repro.messages.push_back(timeline.message_id(message));
    }
    repro.summary = failure_sentence(result);
    for (const FaultLine& fault : result.faults) {
        repro.faults.push_back(reports::Repro::FaultRow{fault.id, std::string{name_of(fault.kind)},
                                                        fault.target, fate_text(fault.fate)});
    }
    return repro;
}

tl::expected<std::string, std::string> write_bundle(const std::string& root, const BundleOf& of) {
    EventLog events;
    KeepingSink said;
    RunOptions first;
    first.observer = &events;
    first.sink = &said;
    first.keep_states = true;
    first.diagnose = false;
    first.plan = of.plan;
    RunResult const marked = run_once(of.scenario, of.seed, first);
    reports::Timeline timeline;
    std::string history;
    RunOptions second;
    second.timeline = &timeline;
    second.history_json = &history;
    second.full_report = true;
    second.plan = of.plan;
    RunResult const result = run_once(of.scenario, of.seed, second);

    std::string const signature =
        result.signature.empty() ? std::string{name_of(result.verdict)} : result.signature;
    files::path const folder =
        files::path{root} / reports::signature_folder(signature) / fmt::format("{:016x}", of.seed);
    std::error_code error;
    files::create_directories(folder, error);
    if (error) {
        return tl::unexpected(fmt::format("{}: {}", folder.string(), error.message()));
    }
    std::vector<reports::EventMark> const marks = events.with_states(marked.states);
    reports::LaneFilter lanes;
    if (!result.diagnosis.messages.empty()) {
        lanes.messages = {result.diagnosis.messages.front()};
    }
    std::pair<const char*, std::string> const written[] = {
        {"trace.hash", reports::encode_marks(marks)},
        {"timeline.txt", reports::lanes_text(timeline, lanes)},
        {"events.txt", last_events(marks, result.diagnosis.event, said.lines)},
        {"explain.txt", reports::explain_text(timeline, result.diagnosis, result.judgement)},
        {"report.txt", report_text(result)},
        {"history.jsonl", history},
        {"scenario.json", scripted_scenario(of, result)},
        // Last: a folder with it is a whole bundle.
        {"repro.json", reports::to_json(make_repro(of, result, timeline))}};
    for (const auto& [name, text] : written) {
        if (!write_file((folder / name).string(), text)) {
            return tl::unexpected(fmt::format("{} cannot be written", (folder / name).string()));
        }
    }
    return folder.string();
}

}  // namespace brokersim
