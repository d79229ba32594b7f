// Explaining words from the tables that the parser reads.
#include "scenarios/doc.h"

#include "broker_core/base/probes.h"
#include "faults/kinds.h"
#include "faults/mutant_table.h"
#include "scenarios/catalogue.h"
#include "scenarios/codes.h"
#include "scenarios/keys.h"
#include "scenarios/knobs.h"
#include "scenarios/properties.h"
#include "scenarios/scalar.h"
#include "scenarios/suggest.h"
#include "scenarios/targets.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace brokersim {
namespace {

constexpr std::array fault_texts = {
#define BROKERSIM_FAULT_TEXT(name, group, text) std::string_view{#group ": " text},
    BROKERSIM_FAULT_KINDS(BROKERSIM_FAULT_TEXT)
#undef BROKERSIM_FAULT_TEXT
};

bool has_range(const KeyRow& row) {
    switch (row.type) {
        case ValueType::integer:
        case ValueType::duration:
        case ValueType::auto_or_duration:
        case ValueType::size:
        case ValueType::rate:
            return true;
        case ValueType::any:
        case ValueType::text:
        case ValueType::texts:
        case ValueType::word:
        case ValueType::boolean:
        case ValueType::probability:
        case ValueType::seed:
        case ValueType::target:
        case ValueType::object:
        case ValueType::list:
            break;
    }
    return false;
}

/// "integer 1 to 9, default 3, may be drawn"
std::string facts_of(const KeyRow& row) {
    std::string text{describe(row.type)};
    if (!row.words.empty()) {
        text = fmt::format("one of: {}", row.words);
    }
    if (has_range(row)) {
        text += fmt::format(", {} to {}", write_scalar(row, row.low), write_scalar(row, row.high));
    }
    if (row.required) {
        text += ", required";
    }
    if (!row.fallback.empty()) {
        text += fmt::format(", default {}", row.fallback);
    }
    return text + (row.distribution ? ", may be drawn" : "");
}

std::string path_of(const KeyRow& row) {
    return row.place.empty() ? std::string{row.key} : fmt::format("{}.{}", row.place, row.key);
}

/// A dotted path, however it was written.
std::string normalised(std::string_view word) {
    std::string path{word.substr(word.substr(0, 1) == "/" ? 1 : 0)};
    std::replace(path.begin(), path.end(), '/', '.');
    return path;
}

std::vector<KeyRow const*> rows_called(const std::string& path) {
    std::vector<KeyRow const*> found;
    for (const KeyRow& row : key_table()) {
        if (row.key != "comment" && (row.key == path || path_of(row) == path)) {
            found.push_back(&row);
        }
    }
    for (const KnobRow& knob : knob_table()) {
        if (knob.key.key == path || "tuning." + std::string{knob.key.key} == path) {
            found.push_back(&knob.key);
        }
    }
    return found;
}

/// The keys of the object that a path names.
std::string members_of(const std::string& place) {
    std::string text;
    for (const KeyRow* row : keys_of(place)) {
        if (row->key != "comment") {
            text += fmt::format("    {:<24} {} ({})\n", row->key, row->text, facts_of(*row));
        }
    }
    return text;
}

std::string explain_keys(const std::string& path) {
    std::string text;
    for (const KeyRow* row : rows_called(path)) {
        std::string const whole = path_of(*row);
        text += fmt::format("{}: {}\n    {}\n", whole, row->text, facts_of(*row));
        text += members_of(whole) + members_of(whole + "[]");
    }
    if (path == "plant") {
        for (const MutantRow& mutant : mutant_table()) {
            text += fmt::format("    {:<6} {}\n", mutant.id, mutant.name);
        }
    }
    return text;
}

std::string_view target_text(TargetUse use) {
    switch (use) {
        case TargetUse::none:
            return "takes no target";
        case TargetUse::brokers:
            return "target: brokers (n1, one, minority, minority_third, majority, all, "
                   "leader(t/p), "
                   "follower(t/p), followers(t/p), voters(t/p), candidate(t/p), learner(t/p), "
                   "lagging(t/p), tiebreaker(t/p), same(id))";
        case TargetUse::links:
            return "target: what leaves or reaches these brokers; without it every link";
        case TargetUse::clients:
            return "target: clients, client(p1), client(c1)";
    }
    return "";
}

std::string explain_kind(FaultKind kind) {
    const KindRules& rules = rules_of(kind);
    std::string text =
        fmt::format("{}: a fault. {}\n    {}\n", name_of(kind),
                    fault_texts[static_cast<std::size_t>(kind)], target_text(rules.target));
    text += rules.lasts ? "    for: how long; else until healed, restarted, or the heal phase\n"
                        : "    takes no \"for\"\n";
    if (rules.topology) {
        text +=
            "    topology: groups, or one, leader, leader_with_clients, minority, "
            "minority_third, majority, halves, bridge, majorities_ring; direction: both, in, out\n";
    }
    for (const KeyRow* row : keys_of("args")) {
        if (has_word(rules.args, row->key)) {
            text += fmt::format("    args.{}: {} ({})\n", row->key, row->text, facts_of(*row));
        }
    }
    switch (rules.placement) {
        case Placement::never:
            return text + "    only in faults.script\n";
        case Placement::every:
            return text + "    in faults.random: again and again, \"every\" so long\n";
        case Placement::per_message:
            break;
    }
    return text + "    in faults.random: with a \"probability\" per message\n";
}

std::string explain_code(const CodeRow& row) {
    std::string text = fmt::format("{}: {}\n", row.code, row.title);
    if (!row.text.empty()) {
        text += fmt::format("    {}\n", row.text);
    }
    if (!row.bad.empty()) {
        text += fmt::format("    wrong:  {}\n", row.bad);
    }
    if (!row.good.empty()) {
        text += fmt::format("    right:  {}\n", row.good);
    }
    return text;
}

std::string explain_property(const PropertyRow& row) {
    std::string ids;
    for (std::string_view const id : row.ids) {
        ids += (ids.empty() ? "" : " ") + std::string{id};
    }
    return fmt::format("{}: a property ({}). {}\n    rules {}; threatened by {}\n", row.name,
                       row.liveness ? "liveness" : "safety", row.text, ids,
                       row.threats.empty() ? "any fault" : row.threats);
}

bool is_event(std::string_view word) {
    auto const events = world_events();
    return broker::probe_named(word) ||
           std::find(events.begin(), events.end(), word) != events.end();
}

std::string explain_catalogue(std::string_view word) {
    for (const LegalityRow& row : legality_table()) {
        if (row.id == word) {
            return fmt::format(
                "{}: a row of the legality table. {}\n"
                "    loss of acknowledged records: {}\n    a second copy: {}\n",
                row.id, row.text, row.lost, row.copies);
        }
    }
    for (const TrapRow& row : trap_table()) {
        if (row.name == word || word == fmt::format("trap:{}", row.name)) {
            return fmt::format("trap:{}: a state that chance does not compose. {}\n", row.name,
                               row.text);
        }
    }
    if (const MutantRow* const row = find_mutant(word)) {
        return fmt::format("{} {}: a planted bug; faults/mutants/{}.patch tells its story\n",
                           row->id, row->name, row->name);
    }
    return "";
}

std::string event_list() {
    std::string text;
    for (std::string_view const name : world_events()) {
        text += fmt::format("    {}\n", name);
    }
    for (std::string_view const name : broker::probe_names) {
        text += fmt::format("    {}\n", name);
    }
    return text;
}

std::vector<Candidate> topics() {
    std::vector<Candidate> words;
    for (const KeyRow& row : key_table()) {
        words.push_back({row.key});
    }
    for (const KnobRow& knob : knob_table()) {
        words.push_back({knob.key.key});
    }
    for (std::string_view const name : fault_kind_names) {
        words.push_back({name});
    }
    for (const PropertyRow& row : property_table()) {
        words.push_back({row.name});
    }
    for (const CodeRow& row : code_table()) {
        words.push_back({row.code});
    }
    for (std::string_view const name : broker::probe_names) {
        words.push_back({name});
    }
    return words;
}

}  // namespace

std::optional<std::string> explain_word(std::string_view word) {
    std::string text = explain_keys(normalised(word));
    if (word == "event" || word == "when.event") {
        text += event_list();
    }
    if (std::optional<FaultKind> const kind = fault_kind_named(word)) {
        text = explain_kind(*kind);  // its key in faults.random says less
    }
    if (const CodeRow* const code = find_code(word)) {
        text += explain_code(*code);
    }
    for (const PropertyRow& row : property_table()) {
        bool const behind = std::find(row.ids.begin(), row.ids.end(), word) != row.ids.end();
        if (row.name == word || behind) {
            text += explain_property(row);
        }
    }
    if (is_event(word)) {
        text +=
            fmt::format("{}: an event for \"when\", and a probe for reaches and sometimes\n", word);
    }
    text += explain_catalogue(word);
    return text.empty() ? std::nullopt : std::optional{std::move(text)};
}

std::optional<std::string> nearest_topic(std::string_view word) {
    return nearest(word, topics());
}

std::string format_guide() {
    std::string text =
        "A scenario is one JSON file: a cluster, a workload, what breaks, and what must hold.\n"
        "With a seed it decides every bit of a run. Keys at the top level:\n";
    for (const KeyRow& row : key_table()) {
        if (row.place.empty() && row.key != "comment" && row.key != "$schema") {
            text += fmt::format("    {:<12} {}\n", row.key, row.text);
        }
    }
    text +=
        "values\n"
        "    durations \"250ms\" (ns us ms s m h), sizes \"64KiB\", rates \"200/s\", probabilities "
        "0.02, seeds \"0x2a\"\n"
        "    a distribution in place of a value: {\"uniform\": [lo, hi]}, {\"log_uniform\": [lo, "
        "hi]},\n"
        "    {\"exponential\": {\"mean\": m, \"max\": x}}, {\"choice\": [..], \"weights\": [..]}\n"
        "faults (`scenario doc KIND`)\n    ";
    for (std::string_view const name : fault_kind_names) {
        text += fmt::format("{} ", name);
    }
    text +=
        "\n    in faults.script they fire once: at a time, when an event happens, or arm-ed on "
        "work "
        "in flight\n"
        "    in faults.random they fire again and again\n"
        "targets\n"
        "    n1 one minority minority_third majority all leader(t/p) follower(t/p) followers(t/p) "
        "voters(t/p) candidate(t/p) learner(t/p) lagging(t/p) tiebreaker(t/p) clients client(p1) "
        "same(id) rest\n"
        "expect\n"
        "    holds: properties that this file is about; violates: what a planted bug breaks;\n"
        "    reaches, sometimes: probes that every run, or one seed, must hit\n"
        "next\n"
        "    brokersim scenario new NAME --from base-three-brokers\n"
        "    brokersim scenario doc KEY|KIND|CODE\n";
    return text;
}

}  // namespace brokersim
