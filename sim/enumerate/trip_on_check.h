// TripOnCheck: while it lives, a failed CHECK of the broker ends the recovery it happened in.
#pragma once

#include "sim/check_tripped.h"

namespace brokersim::enumeration {

class TripOnCheck {
public:
    TripOnCheck() : former_{broker::set_check_handler(&trip)} {}
    TripOnCheck(const TripOnCheck&) = delete;
    TripOnCheck& operator=(const TripOnCheck&) = delete;
    ~TripOnCheck() { broker::set_check_handler(former_); }

private:
    [[noreturn]] static void trip(const broker::CheckFailure& failure) {
        throw CheckTripped{failure};
    }

    broker::CheckHandler former_;
};

}  // namespace brokersim::enumeration
