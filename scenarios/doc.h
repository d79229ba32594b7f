// Doc: what a key, kind, knob, word or code means, for people.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace brokersim {

/// Everything that is known under `word`: keys ("acks", "workload.acks", "/workload/acks"), objects
/// ("workload"), kinds of faults, knobs, properties, targets, events, codes, legality rows, traps.
/// Several meanings are listed one after the other. nullopt: nothing is called that.
std::optional<std::string> explain_word(std::string_view word);

/// What `word` was probably meant to be.
std::optional<std::string> nearest_topic(std::string_view word);

/// The format in one page: what a newcomer reads first.
std::string format_guide();

}  // namespace brokersim
