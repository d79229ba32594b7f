// The words of `brokersim check`: a template per code, the reading block, the sums.
#include "reports/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace brokersim::reports {

namespace {

/// What a finding means; {name} stands for the field of that name.
constexpr std::array<std::string_view, code_count> sentences{
    "message {key} {value} was acknowledged (offset {offset}) and is not in the log",
    "message {key} {value} stands at offsets {offsets}, more often than its attempts explain",
    "message {key} {value} was reported as not written and was read at offset {offset}",
    "record {key} {value} at offset {offset} was sent by nobody in this history",
    "record {key} {value} at offset {offset} was sent to {sent_key}",
    "message {key} {value} was read at offset {offset} before it was sent",
    "the record of {key} at offset {offset} fails its checksum",
    "{key} offset {offset} was seen with different contents: {values}",
    "message {key} {value} was acknowledged at offset {acked} and stands at {found}",
    "message {key} {value} stands at offset {offset}, although {floor} was known before it was "
    "sent",
    "{key}: {first} was sent before {second}, but they stand at offsets {offsets}",
    "{key}: consumer {process} was at {from} and was given {to}",
    "{key}: consumer {process} went from {from} to {to} and never saw {skipped}",
    "{key}: offsets {first} to {last} hold nothing",
    "message {key} {value} was read at offset {offset} and is not in the log",
    "record {key} {value} was served at offset {offset}, not below the high watermark {hw}",
    "{key}: the high watermark fell from {from} to {to}",
    "{key}: node {node} showed high watermark {hw}, which {have} nodes held of {need} needed",
    "message {key} {value} (offset {offset}) was acknowledged when {have} nodes held it of {need} "
    "needed",
    "{key} offset {offset} differs between nodes {nodes}",
    "{key}: node {node} cut its durable log from {from} to {to}, below what it had shown",
    "{key}: a batch is torn: present {present}, missing {missing}",
    "message {key} {value} stands at offsets {offsets}; its attempts explain it",
    "message {key} {value} had an unknown fate and is there",
    "message {key} {value} was lost, legally",
    "message {key} {value} was acknowledged (offset {offset}) and nobody read that far",
    "nothing was acknowledged and nothing was read",
};

std::string datum_text(const Datum& datum) {
    switch (datum.kind) {
        case Datum::Kind::null:
            return "unknown";
        case Datum::Kind::number:
            return std::to_string(datum.number);
        case Datum::Kind::text:
            break;
    }
    return datum.text;
}

/// Lists longer than this are cut in words; JSON has them whole.
constexpr std::size_t listed_max = 10;

std::string field_text(const Field& field) {
    if (!field.is_list) {
        return datum_text(field.values.front());
    }
    std::string text;
    for (std::size_t i = 0; i < std::min(field.values.size(), listed_max); ++i) {
        text += (i == 0 ? "" : ", ") + datum_text(field.values[i]);
    }
    if (field.values.size() > listed_max) {
        text += fmt::format(", and {} more", field.values.size() - listed_max);
    }
    return text.empty() ? "none" : text;
}

constexpr std::size_t examples_max = 10;

/// Is this a PHANTOM that the block about other runs counts?
bool of_other_run(const Finding& finding, const Trust& trust) {
    if (finding.code != Code::phantom) {
        return false;
    }
    const std::string& value = finding.field("value")->values.front().text;
    return std::any_of(trust.foreign_runs.begin(), trust.foreign_runs.end(),
                       [&](const ForeignRun& run) { return value.starts_with(run.run + "/"); });
}

void append_findings(std::string& out, const std::vector<Finding>& findings, const Trust& trust) {
    for (auto first = findings.begin(); first != findings.end();) {
        auto const last = std::find_if(first, findings.end(), [&](const Finding& finding) {
            return finding.code != first->code;
        });
        std::vector<Finding const*> told;
        for (auto finding = first; finding != last; ++finding) {
            if (!of_other_run(*finding, trust)) {
                told.push_back(&*finding);
            }
        }
        if (!told.empty()) {
            bool const doubted = first->code == Code::lost_acked && !trust.trustworthy();
            fmt::format_to(std::back_inserter(out), "{} {}{}\n", code_name(first->code),
                           told.size(), doubted ? "   (not trustworthy)" : "");
        }
        for (std::size_t i = 0; i < std::min(told.size(), examples_max); ++i) {
            fmt::format_to(std::back_inserter(out), "  {}\n", in_words(*told[i]));
        }
        if (told.size() > examples_max) {
            fmt::format_to(std::back_inserter(out), "  and {} more\n", told.size() - examples_max);
        }
        first = last;
    }
}

std::string joined(const std::vector<std::string>& texts, std::string_view between) {
    return fmt::format("{}", fmt::join(texts, between));
}

void append_bare_ids(std::string& out, const BareIds& bare) {
    fmt::format_to(std::back_inserter(out), "by bare id  received {}, missing {}, duplicates {}",
                   bare.received, bare.missing, bare.duplicates);
    std::int64_t const total = bare.received + bare.missing;
    if (total > bare.sent) {
        fmt::format_to(std::back_inserter(out),
                       "   (received + missing = {} > sent {}: at least {} foreign ids)", total,
                       bare.sent, total - bare.sent);
    }
    out += '\n';
}

}  // namespace

std::string in_words(const Finding& finding) {
    std::string_view rest = sentences[static_cast<std::size_t>(finding.code)];
    std::string text;
    while (!rest.empty()) {
        auto const open = rest.find('{');
        text += rest.substr(0, open);
        if (open == std::string_view::npos) {
            break;
        }
        auto const close = rest.find('}', open);
        const Field* field = finding.field(rest.substr(open + 1, close - open - 1));
        text += field == nullptr ? "?" : field_text(*field);
        rest.remove_prefix(close + 1);
    }
    return text;
}

std::string trust_text(const Judgement& judgement, const Trust& trust) {
    std::string out;
    if (!trust.foreign_runs.empty()) {
        std::vector<std::string> runs;
        for (const ForeignRun& run : trust.foreign_runs) {
            runs.push_back(fmt::format("{} {}", run.run, run.records));
        }
        fmt::format_to(std::back_inserter(out), "PHANTOM     {} records of other runs: {}\n",
                       trust.foreign, joined(runs, ", "));
    }
    out += fmt::format("read        {}", trust.read);
    if (trust.sampled != absent) {
        out += fmt::format(" of {} (sampled end)", trust.sampled);
    }
    fmt::format_to(std::back_inserter(out), ": own {}, extra copies {}, foreign {}, corrupt {}\n",
                   trust.own, trust.extra_copies, trust.foreign + trust.unknown, trust.corrupt);
    if (trust.trustworthy()) {
        const Sums& sums = judgement.sums;
        fmt::format_to(std::back_inserter(out), "loss        {} of {} acked, {} excused\n",
                       sums.lost, sums.acked, sums.excused);
        return out;
    }
    fmt::format_to(std::back_inserter(out), "loss        not trustworthy: {}\n",
                   joined(trust.reasons, "; "));
    append_bare_ids(out, trust.bare);
    return out;
}

std::string report_text(const Judgement& judgement, const Trust& trust) {
    std::string out = fmt::format("{}\n", verdict_name(judgement.verdict));
    append_findings(out, judgement.anomalies, trust);
    append_findings(out, judgement.notes, trust);
    out += trust_text(judgement, trust);
    const Sums& s = judgement.sums;
    fmt::format_to(std::back_inserter(out),
                   "sums        {} ops; sends {} = acked {} + handed {} + failed {} + "
                   "indeterminate {}; {} attempts of {} sends\n",
                   s.ops, s.sends, s.acked, s.handed, s.failed, s.indeterminate, s.attempts,
                   s.send_ops);
    fmt::format_to(std::back_inserter(out),
                   "            records {} = unique {} + extra copies {} (legal {}, illegal {})\n",
                   s.records, s.unique, s.extra_copies, s.extra_legal, s.extra_illegal);
    fmt::format_to(std::back_inserter(out),
                   "            unique {} = acked {} + recovered {} + aborted {} + misplaced {} + "
                   "phantom {}\n",
                   s.unique, s.acked_found, s.recovered, s.aborted, s.misplaced, s.phantom);
    fmt::format_to(std::back_inserter(out),
                   "            acked {} = found {} + lost {} + excused {} + below start {} + "
                   "unseen {}\n",
                   s.acked, s.acked_found, s.lost, s.excused, s.below_start, s.unseen);
    fmt::format_to(std::back_inserter(out), "            keys {}, drained {}, ignored ops {}\n",
                   s.keys, s.drained, s.ignored);
    return out;
}

std::string closing_block(const Judgement& judgement, std::string_view path, std::size_t ops) {
    std::string_view what = "no anomaly";
    if (!judgement.anomalies.empty()) {
        what = code_name(judgement.anomalies.front().code);
    } else if (judgement.verdict == Verdict::inconclusive) {
        what = judgement.count(Code::unseen) > 0 ? "UNSEEN" : "VACUOUS";
    }
    std::string out =
        fmt::format("{}  {}   {}   ({} ops)\n", verdict_name(judgement.verdict), path, what, ops);
    if (judgement.verdict == Verdict::fail) {
        out += fmt::format("  {}\nto reproduce it:\n    ./dev run check {}\n",
                           in_words(judgement.anomalies.front()), path);
    }
    return out;
}

}  // namespace brokersim::reports
