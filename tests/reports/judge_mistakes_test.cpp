// The mistakes Y1 to Y12 that a judge can make; each test turns red if ours makes it.
#include "reports/history_json.h"
#include "reports/judge.h"

#include <catch2/catch.hpp>

#include <sstream>
#include <string>

namespace brokersim::reports {

namespace {

std::string mop(const std::string& value, const std::string& offset) {
    return R"("mops":[{"f":"send","key":"k","value":")" + value + R"(","offset":)" + offset + "}]";
}
std::string send(const std::string& type, const std::string& value, const std::string& offset,
                 const std::string& more = "") {
    return R"({"process":1,"type":")" + type + R"(","f":"send",)" + mop(value, offset) + more +
           "}\n";
}
std::string poll(int process, const std::string& records) {
    return R"({"process":)" + std::to_string(process) +
           R"(,"type":"ok","f":"poll","mops":[{"f":"poll","records":{"k":)" + records + "}}]}\n";
}
std::string drain(int start, int hw, const std::string& records) {
    return R"({"process":"drain","type":"ok","f":"drain","key":"k","start":)" +
           std::to_string(start) + R"(,"hw":)" + std::to_string(hw) + R"(,"records":)" + records +
           "}\n";
}

Judgement judged(const std::string& ops,
                 const std::string& config = R"("acks":"all","idempotent":true)") {
    std::istringstream in{R"({"format":"brokersim-history/1","config":{)" + config + "}}\n" + ops};
    auto const history = read_history(in, "test");
    REQUIRE(history.has_value());
    auto judgement = judge(*history);
    REQUIRE(judgement.has_value());
    return *judgement;
}

}  // namespace

TEST_CASE("judge Y1: without idempotence copies beyond the attempts are duplicates", "[judge]") {
    auto const found = judged(send("ok", "a", "0") + drain(0, 2, R"([[0,"a"],[1,"a"]])"),
                              R"("acks":"all","idempotent":false)");
    CHECK(found.count(Code::duplicate) == 1);
}

TEST_CASE("judge Y2: an unknown send that is read is recovered, not aborted", "[judge]") {
    auto const found = judged(send("info", "a", "null") + drain(0, 1, R"([[0,"a"]])"));
    CHECK(found.count(Code::aborted_read) == 0);
    CHECK(found.count(Code::recovered) == 1);
}

TEST_CASE("judge Y3: a failed send that is read is aborted, not recovered", "[judge]") {
    auto const found = judged(send("fail", "a", "null") + drain(0, 1, R"([[0,"a"]])"));
    CHECK(found.count(Code::aborted_read) == 1);
    CHECK(found.count(Code::recovered) == 0);
}

TEST_CASE("judge Y4: a message is not crossed off at its first read", "[judge]") {
    auto const found = judged(send("ok", "a", "0") + poll(5, R"([[0,"a"]])") +
                              drain(0, 2, R"([[0,"a"],[1,"a"]])"));
    CHECK(found.count(Code::duplicate) == 1);
}

TEST_CASE("judge Y5: an ack without offset is an ack", "[judge]") {
    CHECK(judged(send("ok", "a", "null") + drain(0, 0, "[]")).count(Code::lost_acked) == 1);
}

TEST_CASE("judge Y6: the lowest offset is compared, not the acked one", "[judge]") {
    auto const found = judged(send("ok", "a", "1") + send("invoke", "b", "null") +
                                  send("ok", "b", "2", R"(,"attempts":2)") +
                                  drain(0, 3, R"([[0,"b"],[1,"a"],[2,"b"]])"),
                              R"("acks":"all","idempotent":false)");
    CHECK(found.count(Code::realtime_reorder) == 1);
}

TEST_CASE("judge Y7: an assign that keeps the key keeps the position", "[judge]") {
    auto const found = judged(send("ok", "a", "0") + poll(5, R"([[0,"a"]])") +
                              R"({"process":5,"type":"ok","f":"assign","keys":["k"]})" + "\n" +
                              poll(5, R"([[0,"a"]])"));
    CHECK(found.count(Code::poll_nonmonotonic) == 1);
}

TEST_CASE("judge Y8: what lies below the log start is not lost", "[judge]") {
    auto const found = judged(send("ok", "a", "0") + drain(1, 1, "[]"));
    CHECK(found.count(Code::lost_acked) == 0);
    CHECK(found.sums.below_start == 1);
}

TEST_CASE("judge Y9: one offset delivered again is no duplicate", "[judge]") {
    auto const found = judged(send("ok", "a", "0") + poll(5, R"([[0,"a"]])") +
                              poll(5, R"([[0,"a"]])") + drain(0, 1, R"([[0,"a"]])"));
    CHECK(found.count(Code::duplicate) == 0);
    CHECK(found.count(Code::poll_nonmonotonic) == 1);
}

TEST_CASE("judge Y10: every occurrence of one reader is reported", "[judge]") {
    auto const found = judged(send("ok", "a", "0") + poll(5, R"([[0,"a"]])") +
                              poll(5, R"([[0,"a"]])") + poll(5, R"([[0,"a"]])"));
    CHECK(found.count(Code::poll_nonmonotonic) == 2);
}

TEST_CASE("judge Y11: findings stand in the order of names, not of ids", "[judge]") {
    auto const found = judged(send("ok", "z", "1") + send("ok", "a", "2") + drain(0, 0, "[]"));
    REQUIRE(found.count(Code::lost_acked) == 2);
    CHECK(found.anomalies[0].field("value")->values[0].text == "a");
}

TEST_CASE("judge Y12: void and excused are honoured", "[judge]") {
    std::string const excess =
        R"({"process":"sim","type":"info","f":"budget_exceeded","reason":"declared"})"
        "\n";
    auto const found = judged(send("ok", "a", "0") + poll(5, R"([[0,"a"]])") + excess +
                              send("ok", "b", "0") + drain(0, 1, R"([[0,"b"]])"));
    CHECK(found.anomalies.empty());
    CHECK(found.count(Code::lost_excused) == 1);
}

}  // namespace brokersim::reports
