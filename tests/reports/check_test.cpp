// `check`: exit codes, malformed lines with their positions, and the foreign log of the incident.
#include "reports/check.h"

#include "reports/history_json.h"
#include "reports/judge.h"

#include <catch2/catch.hpp>

#include <sstream>
#include <string>
#include <vector>

namespace brokersim::reports {

namespace {

const std::string head =
    R"({"format":"brokersim-history/1","config":{"acks":"all","idempotent":true}})"
    "\n";
const std::string acked =
    R"({"process":1,"type":"ok","f":"send","mops":[{"f":"send","key":"k","value":"a","offset":0}]})"
    "\n";
const std::string drained =
    R"({"process":"drain","type":"ok","f":"drain","key":"k","start":0,"hw":1,"records":[[0,"a"]]})"
    "\n";

struct Answer {
    int code;
    std::string out;
    std::string err;
};

Answer check(const std::string& text, CheckOutput output = CheckOutput::json) {
    std::istringstream in{text};
    std::ostringstream out;
    std::ostringstream err;
    int const code = run_check("-", in, output, out, err);
    return {code, out.str(), err.str()};
}

}  // namespace

TEST_CASE("check: the verdict is the exit code, the object the last line", "[check]") {
    CHECK(check(head + acked + drained).code == 0);
    CHECK(check(head + acked).code == 6);
    Answer const failed = check(
        head + acked +
        R"({"process":"drain","type":"ok","f":"drain","key":"k","start":0,"hw":0,"records":[]})");

    CHECK(failed.code == 1);
    CHECK(failed.out.starts_with(R"({"v":1,"verdict":"FAIL","anomalies":[{"code":"LOST_ACKED")"));
    CHECK(failed.err.ends_with("to reproduce it:\n    ./dev run check -\n"));
}

TEST_CASE("check: transactions are not judged", "[check]") {
    std::string const text = R"({"format":"brokersim-history/1",)"
                             R"("config":{"acks":"all","idempotent":true,"transactional":true}})";

    CHECK(check(text).code == 77);
}

TEST_CASE("check: a file that cannot be read cannot be judged", "[check]") {
    std::ostringstream out;
    std::ostringstream err;

    CHECK(run_check("no/such/file", CheckOutput::json, out, err) == 125);
}

TEST_CASE("check: malformed lines are refused with their position", "[check][history]") {
    struct Row {
        std::string text;
        std::string error;
    };
    std::string const mop = R"("mops":[{"f":"send","key":"k","value":"b"}])";
    std::vector<Row> const rows{
        {"", "stdin:1: there is no header"},
        {"{}", "stdin:1: the first line must have the format"},
        {"nonsense", "stdin:1: not JSON"},
        {"[1]", "stdin:1: 'line' must be an object"},
        {R"({"format":"brokersim-history/2","config":{}})", "stdin:1: the first line must have"},
        {R"({"format":"brokersim-history/1","config":{"acks":"all"}})",
         "stdin:1: 'idempotent' is missing"},
        {R"({"format":"brokersim-history/1","config":{"acks":"2","idempotent":true}})",
         "stdin:1: 'acks' must be"},
        {head + "\n\n{", "stdin:4: not JSON"},
        {head + R"({"type":"ok","f":"send"})", "stdin:2: 'process' is missing"},
        {head + R"({"process":1,"type":"done","f":"send"})", "stdin:2: 'type' must be"},
        {head + R"({"process":1,"type":"ok","f":"send"})", "stdin:2: 'mops' is missing"},
        {head + R"({"process":1,"type":"ok","f":"send","mops":[{"f":"send","key":"k"}]})",
         "stdin:2: 'value' is missing"},
        {head + R"({"process":1,"type":"ok","f":"send","mops":[{"f":"send","key":1,"value":1}]})",
         "stdin:2: 'key' must be a string"},
        {head +
             R"({"process":1,"type":"ok","f":"send","mops":[{"f":"send","key":"k","value":1.5}]})",
         "stdin:2: 'value' must be an integer or a string"},
        {head + R"({"process":1,"type":"ok","f":"txn"})", "stdin:2: unknown f \"txn\""},
        {head + R"({"process":1,"type":"ok","f":"drain"})", "stdin:2: unknown f \"drain\""},
        {head +
             R"({"process":1,"type":"ok","f":"poll","mops":[{"f":"poll","records":{"k":[[0]]}}]})",
         "stdin:2: a record must be"},
        {head + acked +
             R"({"process":2,"type":"info","f":"send",)"
             R"("mops":[{"f":"send","key":"k","value":"a"}]})",
         "stdin:3: message a of k is sent twice"},
        {head + acked + drained + R"({"process":1,"type":"info","f":"send",)" + mop + "}",
         "stdin:4: key k was drained before"},
        {head + acked + drained + drained, "stdin:4: key k was drained before"},
        {head + R"({"process":1,"type":"ok","f":"send","attempts":0,)" + mop + "}",
         "stdin:2: 'attempts' must be from 1"},
        {head + R"({"process":1,"pos":3,"type":"ok","f":"send",)" + mop + "}",
         "stdin:2: 'pos' must be 0"},
        {head + R"({"process":"sim","type":"info","f":"hw","key":"k","node":1})",
         "stdin:2: 'hw' is missing"},
        {R"({"format":"brokersim-history/1","ops":2,"config":{"acks":"all","idempotent":true}})"
         "\n" +
             acked,
         "stdin:2: the header promises 2 ops, here are 1"},
    };
    for (const Row& row : rows) {
        Answer const answer = check(row.text);
        INFO(row.text);
        CHECK(answer.code == 125);
        CHECK(answer.out.empty());
        CHECK(answer.err.substr(0, row.error.size()) == row.error);
    }
}

namespace {

/// The incident's disk: 91 records of two other runs, then this run's 100; a reader that stops.
History foreign_log(bool stops) {
    History history;
    history.config.idempotent = true;
    history.config.reader_stops_at = stops ? 100 : 0;
    Names& names = history.names;
    KeyId const key = names.key("t/0");
    ProcessId const producer = names.process(1);
    std::vector<Record> log;
    for (int id = 42; id <= 164; id += 2) {
        log.push_back({static_cast<std::int64_t>(log.size()), names.value(names.run("F1"), 1, id)});
    }
    for (int id = 42; id <= 98; id += 2) {
        log.push_back({static_cast<std::int64_t>(log.size()), names.value(names.run("F2"), 1, id)});
    }
    for (int id = 0; id < 100; ++id) {
        SendMop const mop{key, names.value(names.run("R"), 1, id),
                          static_cast<std::int64_t>(log.size())};
        SendMop const asked{mop.key, mop.value};
        history.send_invoke(absent, producer, {&asked, 1});
        history.send_done(absent, producer, OpType::ok, {&mop, 1}, {.attempts = 1});
        log.push_back({mop.offset, mop.value});
    }
    std::span const read{log.data(), stops ? 100 : log.size()};
    PollPart const part{.key = key, .hw = 191, .from = 0, .records = read, .corrupt = {}};
    history.poll_invoke(absent, names.process(2));
    history.poll_done(absent, names.process(2), OpType::ok, {&part, 1});
    if (stops) {
        history.end(absent, key, 0, 191);
    } else {
        history.drain(
            absent,
            {.key = key, .start = 0, .hw = 191, .records = log, .control = {}, .corrupt = {}});
    }
    return history;
}

}  // namespace

TEST_CASE("check: a foreign log is named, and no loss is derived from it (I-16)", "[check]") {
    History const history = foreign_log(true);
    auto const judgement = judge(history);
    REQUIRE(judgement.has_value());

    Answer const answer = check(history_text(history), CheckOutput::text);

    CHECK(judgement->count(Code::phantom) == 91);
    CHECK(judgement->count(Code::lost_acked) == 0);
    CHECK(judgement->count(Code::duplicate) == 0);
    CHECK(answer.code == 1);
    CHECK_THAT(
        answer.out,
        Catch::Contains(
            "PHANTOM     91 records of other runs: F1 62, F2 29\n"
            "read        100 of 191 (sampled end): own 9, extra copies 0, foreign 91, corrupt 0\n"
            "loss        not trustworthy: reader stopped before the sampled end; 91 foreign "
            "records in the log\n"
            "by bare id  received 71, missing 62, duplicates 29   (received + missing = 133 > sent "
            "100: at least 33 foreign ids)\n"));
}

TEST_CASE("check: the ordinary reader of the same disk reads everything", "[check]") {
    Answer const answer = check(history_text(foreign_log(false)), CheckOutput::text);

    CHECK_THAT(answer.out,
               Catch::Contains("PHANTOM     91 records of other runs: F1 62, F2 29\n"
                               "read        191 of 191 (sampled end): own 100, extra copies 0, "
                               "foreign 91, corrupt 0\n"));
    CHECK_THAT(answer.out, Catch::Contains("unseen 0\n"));
}

TEST_CASE("names: a message has one id, however it is named", "[history]") {
    Names names;
    ValueId const message = names.value(names.run("r"), 7, 100'000);

    CHECK(names.value("r/7/100000") == message);
    CHECK(names.value_text(message) == "r/7/100000");
    CHECK(names.value("r/7/0100000") != message);
    CHECK(names.value(5) != names.value("5"));
    CHECK(names.value(-5) == names.value(-5));
}

}  // namespace brokersim::reports
