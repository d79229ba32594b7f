// ObjectWriter: one object of a scenario file, written through the rows of the table of keys.
#pragma once

#include "faults/fault.h"
#include "scenarios/keys.h"
#include "scenarios/value.h"

#include <string>
#include <string_view>
#include <vector>

namespace brokersim {

/// Collects the members of one object and writes them in the order they were added. Every key must
/// be a row of `place`.
class ObjectWriter {
public:
    explicit ObjectWriter(std::string_view place) : place_{place} {}

    void raw(std::string_view key, const std::string& json);
    void text(std::string_view key, std::string_view value);
    void number(std::string_view key, std::int64_t value);
    void duration(std::string_view key, Duration value) { number(key, value.nanoseconds()); }
    void drawn(std::string_view key, const Distribution& value);
    /// Nothing if there are none.
    void texts(std::string_view key, const std::vector<std::string>& values);
    [[nodiscard]] std::string json() const { return "{" + text_ + "}"; }
    [[nodiscard]] bool empty() const { return text_.empty(); }

private:
    [[nodiscard]] const KeyRow& row(std::string_view key) const;

    std::string_view place_;
    std::string text_;
};

/// A value or a distribution of a row, as a file would say it.
std::string write_distribution(const KeyRow& row, const Distribution& value);

}  // namespace brokersim
