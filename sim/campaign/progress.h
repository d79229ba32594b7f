// Progress of a campaign: a line now and then for people, status.json for everybody else.
#pragma once

#include "reports/results.h"
#include "sim/campaign/driver.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace brokersim {

class Progress {
public:
    /// quiet: no lines; status.json is written all the same.
    Progress(std::string folder, const reports::Manifest& manifest, std::int64_t budget_ns,
             bool quiet);

    /// Writes status.json every five seconds, and a line every thirty (on a terminal a line that
    /// is written over, twice a second).
    void tell(const DriverState& state, std::string_view phase);
    /// The same, at once.
    void last(const DriverState& state, std::string_view phase);

private:
    void write_status(const DriverState& state, std::string_view phase);
    [[nodiscard]] std::string line(const DriverState& state) const;

    std::string folder_;
    const reports::Manifest& manifest_;
    std::int64_t budget_ns_;
    bool quiet_;
    bool terminal_;
    std::int64_t status_at_ns_ = 0;
    std::int64_t line_at_ns_ = 0;
};

/// status.json in words.
std::string status_text(const std::string& json);

}  // namespace brokersim
