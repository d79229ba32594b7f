// Random histories as text: wild ones, and legal ones of a small broker that can then be mutated.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace brokersim::tests {

/// Up to twelve ops over two keys, few values and offsets below 6, so that everything collides.
/// Lines are well-formed, but two ops may send one message.
std::string wild_history(std::uint64_t seed);

/// A history that a correct broker and correct recorders could leave: retries, unknown fates,
/// losses of acks=1, control entries, retention, late responses. The judge must find no anomaly.
std::string legal_history(std::uint64_t seed);

/// The same with `count` small changes: numbers moved, ops dropped, doubled or swapped.
std::string mutated(const std::string& history, std::uint64_t seed, int count);

}  // namespace brokersim::tests
