// Measures the judge on a clean history with dense ids: `judge_bench [SENDS]`, one line of figures.
#include "reports/judge.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

using namespace brokersim::reports;

History clean_history(int sends) {
    History history;
    history.config.idempotent = true;
    history.reserve(static_cast<std::size_t>(sends), 3 * static_cast<std::size_t>(sends));
    KeyId const key = history.names.key("t/0");
    ProcessId const producer = history.names.process(1);
    ProcessId const consumer = history.names.process(2);
    RunId const run = history.names.run("r");
    std::vector<Record> log;
    for (int i = 0; i < sends; ++i) {
        SendMop const mop{key, history.names.value(run, 1, i), i};
        SendMop const asked{mop.key, mop.value};
        history.send_invoke(i, producer, {&asked, 1}, {.pid = 1, .sequence = i});
        history.send_done(i, producer, OpType::ok, {&mop, 1}, {.attempts = 1});
        log.push_back({i, mop.value});
    }
    for (int reader = 0; reader < 2; ++reader) {
        for (std::size_t from = 0; from < log.size(); from += 8) {
            std::span const records =
                std::span{log}.subspan(from, std::min<std::size_t>(8, log.size() - from));
            PollPart const part{.key = key, .hw = sends, .records = records, .corrupt = {}};
            history.poll_done(sends, consumer + static_cast<ProcessId>(reader), OpType::ok,
                              {&part, 1});
        }
        (void)history.names.process(3);
    }
    history.drain(
        sends, {.key = key, .start = 0, .hw = sends, .records = log, .control = {}, .corrupt = {}});
    return history;
}

double milliseconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
        .count();
}

}  // namespace

int main(int argc, char** argv) {
    int const sends = argc > 1 ? std::atoi(argv[1]) : 1'000'000;
    auto begin = std::chrono::steady_clock::now();
    History const history = clean_history(sends);
    double const recorded = milliseconds_since(begin);
    begin = std::chrono::steady_clock::now();
    auto const judgement = judge(history);
    double const judged = milliseconds_since(begin);
    double const events = static_cast<double>(history.ops().size()) + 3.0 * sends;
    std::fputs(
        fmt::format("{} sends, {} events (ops and records): recorded in {:.1f} ms, judged "
                    "{} in {:.1f} ms, {:.1f} M events/s\n",
                    sends, events, recorded, judgement ? verdict_name(judgement->verdict) : "error",
                    judged, events / judged / 1e3)
            .c_str(),
        stdout);
    return judgement ? 0 : 1;
}
