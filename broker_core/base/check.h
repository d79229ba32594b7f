// CHECK: what holds by construction, tested in every build; a failure is our fault.
#pragma once

#include <cstdint>
#include <string>

namespace broker {

/// One failed CHECK: the place, the condition as written, and both operands where it compared two.
struct CheckFailure {
    const char* file;
    int line;
    const char* function;
    const char* condition;
};

/// Called on a failed CHECK; it must not return to the caller (throw to a host that can discard
/// the node, or abort). The simulator installs one that ends the node and records a finding;
/// without any the process prints the failure and aborts.
using CheckHandler = void (*)(const CheckFailure&);

/// Installs `handler` (nullptr: the default) and returns the former one.
CheckHandler set_check_handler(CheckHandler handler);

[[noreturn]] void check_failed(const CheckFailure& failure);

}  // namespace broker

#define CHECK(condition)                                                           \
    do {                                                                           \
        if (!(condition)) [[unlikely]] {                                           \
            ::broker::check_failed(                                                \
                ::broker::CheckFailure{__FILE__, __LINE__, __func__, #condition}); \
        }                                                                          \
    } while (false)
