// Result: a value, or the error of the world that prevented it.
#pragma once

#include <tl/expected.hpp>

namespace broker {

/// A code exists only where some caller reacts to it differently from the others.
enum class ErrorCode : unsigned char {
    not_found,    // no such file or entry
    io_error,     // the disk reported an error
    no_space,     // the disk is full
    corrupt,      // bytes fail their checksum or their grammar
    damaged,      // bytes that were promised durable are no longer intact
    foreign,      // belongs to another cluster, node or disk
    unsupported,  // a version or feature this build does not speak
    limit,        // a named limit would be exceeded
    invalid,      // asked for something that makes no sense in this state
    not_leader,   // only the leader can do it
    busy,         // something of this kind is under way already
};

struct Error {
    ErrorCode code;
    const char* where;  // static text: component and action, such as "wal: open segment"

    friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(ErrorCode code, const char* where) {
    return tl::unexpected<Error>{Error{code, where}};
}

}  // namespace broker
