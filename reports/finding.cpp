// Names and the JSON form of findings.
#include "reports/finding.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokersim::reports {

namespace {

constexpr std::array<std::string_view, code_count> code_names{"LOST_ACKED",
                                                              "DUPLICATE",
                                                              "ABORTED_READ",
                                                              "PHANTOM",
                                                              "WRONG_PARTITION",
                                                              "READ_BEFORE_SEND",
                                                              "CORRUPT_RECORD",
                                                              "INCONSISTENT_OFFSET",
                                                              "ACK_OFFSET_MISMATCH",
                                                              "REALTIME_REORDER",
                                                              "PRODUCER_REORDER",
                                                              "POLL_NONMONOTONIC",
                                                              "POLL_SKIP",
                                                              "OFFSET_GAP",
                                                              "READ_THEN_LOST",
                                                              "READ_ABOVE_HW",
                                                              "HW_REGRESSION",
                                                              "HW_AHEAD",
                                                              "ACK_BEFORE_DURABLE",
                                                              "REPLICA_DIVERGENCE",
                                                              "COMMITTED_TRUNCATED",
                                                              "TORN_BATCH",
                                                              "DUPLICATE_ALLOWED",
                                                              "RECOVERED",
                                                              "LOST_EXCUSED",
                                                              "UNSEEN",
                                                              "VACUOUS"};

void append_datum(std::string& out, const Datum& datum) {
    switch (datum.kind) {
        case Datum::Kind::null:
            out += "null";
            break;
        case Datum::Kind::number:
            fmt::format_to(std::back_inserter(out), "{}", datum.number);
            break;
        case Datum::Kind::text:
            out += json_quoted(datum.text);
            break;
    }
}

void append_finding(std::string& out, const Finding& finding) {
    fmt::format_to(std::back_inserter(out), R"({{"code":"{}")", code_name(finding.code));
    for (const Field& field : finding.fields) {
        fmt::format_to(std::back_inserter(out), R"(,"{}":)", field.name);
        out += field.is_list ? "[" : "";
        bool first = true;
        for (const Datum& datum : field.values) {
            out += first ? "" : ",";
            first = false;
            append_datum(out, datum);
        }
        out += field.is_list ? "]" : "";
    }
    out += '}';
}

void append_list(std::string& out, const std::vector<Finding>& findings) {
    out += '[';
    bool first = true;
    for (const Finding& finding : findings) {
        out += first ? "" : ",";
        first = false;
        append_finding(out, finding);
    }
    out += ']';
}

}  // namespace

const std::array<NamedSum, 25> sum_names{{
    {"ops", &Sums::ops},
    {"send_ops", &Sums::send_ops},
    {"attempts", &Sums::attempts},
    {"sends", &Sums::sends},
    {"acked", &Sums::acked},
    {"handed", &Sums::handed},
    {"failed", &Sums::failed},
    {"indeterminate", &Sums::indeterminate},
    {"records", &Sums::records},
    {"unique", &Sums::unique},
    {"extra_copies", &Sums::extra_copies},
    {"extra_legal", &Sums::extra_legal},
    {"extra_illegal", &Sums::extra_illegal},
    {"acked_found", &Sums::acked_found},
    {"recovered", &Sums::recovered},
    {"aborted", &Sums::aborted},
    {"misplaced", &Sums::misplaced},
    {"phantom", &Sums::phantom},
    {"lost", &Sums::lost},
    {"excused", &Sums::excused},
    {"below_start", &Sums::below_start},
    {"unseen", &Sums::unseen},
    {"keys", &Sums::keys},
    {"drained", &Sums::drained},
    {"ignored", &Sums::ignored},
}};

std::string_view code_name(Code code) {
    return code_names[static_cast<std::size_t>(code)];
}

std::string_view verdict_name(Verdict verdict) {
    switch (verdict) {
        case Verdict::pass:
            return "PASS";
        case Verdict::fail:
            return "FAIL";
        case Verdict::inconclusive:
            break;
    }
    return "INCONCLUSIVE";
}

const Field* Finding::field(std::string_view name) const {
    auto const found = std::find_if(fields.begin(), fields.end(),
                                    [&](const Field& field) { return field.name == name; });
    return found == fields.end() ? nullptr : &*found;
}

std::size_t Judgement::count(Code code) const {
    auto const has_code = [code](const Finding& finding) { return finding.code == code; };
    return static_cast<std::size_t>(std::count_if(anomalies.begin(), anomalies.end(), has_code) +
                                    std::count_if(notes.begin(), notes.end(), has_code));
}

std::string json_quoted(std::string_view text) {
    std::string out = "\"";
    for (char const c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
        } else {
            out += c;
        }
    }
    return out += '"';
}

std::string to_json(const Finding& finding) {
    std::string out;
    append_finding(out, finding);
    return out;
}

std::string to_json(const Judgement& judgement) {
    std::string out =
        fmt::format(R"({{"v":1,"verdict":"{}","anomalies":)", verdict_name(judgement.verdict));
    append_list(out, judgement.anomalies);
    out += R"(,"notes":)";
    append_list(out, judgement.notes);
    out += R"(,"accounting":{)";
    bool first = true;
    for (const NamedSum& sum : sum_names) {
        fmt::format_to(std::back_inserter(out), R"({}"{}":{})", first ? "" : ",", sum.name,
                       judgement.sums.*sum.member);
        first = false;
    }
    return out += "}}";
}

}  // namespace brokersim::reports
