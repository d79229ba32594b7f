// A handler that sets one flag and lets the next signal through.
#include "sim/command/stop_signal.h"

#include <csignal>

namespace brokersim {
namespace {

volatile std::sig_atomic_t stop_signal = 0;

void on_signal(int number) {
    stop_signal = number;
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
}

}  // namespace

StopSignal::StopSignal() {
    stop_signal = 0;
    std::signal(SIGINT, &on_signal);
    std::signal(SIGTERM, &on_signal);
}

StopSignal::~StopSignal() {
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
}

bool StopSignal::asked() const {
    return stop_signal != 0;
}

ExitCode StopSignal::exit_code() const {
    return stop_signal == SIGTERM ? ExitCode::terminated : ExitCode::interrupted;
}

}  // namespace brokersim
