// Exports: a timeline in the formats of other people's viewers.
#pragma once

#include "reports/timeline.h"

#include <string>
#include <vector>

namespace brokersim::reports {

/// Chrome trace events, for Perfetto: pid 0 the faults, 1..N the brokers, 100+ the producers;
/// leaderships and faults are slices, stations of messages short slices joined by flow arrows.
/// Times are microseconds of virtual time.
std::string perfetto_json(const Timeline& timeline);

/// ShiViz: two lines per event, a text and then "host {vector clock}". Only stations of the given
/// messages (none: of all); a clock's own entry grows by one with each event of its host, and an
/// event knows what the station before it knew. The parser's expression:
///   (?<event>.*)\n(?<host>\S*) (?<clock>{.*})
std::string shiviz_log(const Timeline& timeline, const std::vector<std::uint32_t>& messages);

}  // namespace brokersim::reports
