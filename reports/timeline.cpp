// Names in a timeline.
#include "reports/timeline.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace brokersim::reports {
namespace {

bool read_number(std::string_view text, std::uint32_t& number) {
    auto const [at, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && at == text.data() + text.size() && !text.empty();
}

}  // namespace

std::string_view name_of(Step step) {
    constexpr std::array<std::string_view, step_count> names = {
        "sent",      "received", "admitted", "appended",  "written", "synced",
        "committed", "ack sent", "acked",    "truncated", "lost"};
    return names[static_cast<std::size_t>(step)];
}

std::optional<std::uint32_t> Timeline::find(std::uint32_t producer, std::uint32_t sequence) const {
    auto const at =
        std::find_if(messages.begin(), messages.end(), [&](const TracedMessage& message) {
            return message.producer == producer && message.sequence == sequence;
        });
    if (at == messages.end()) {
        return std::nullopt;
    }
    return static_cast<std::uint32_t>(at - messages.begin());
}

std::optional<std::uint32_t> Timeline::find(std::string_view name) const {
    std::size_t const last = name.rfind('/');
    if (last == std::string_view::npos) {
        return std::nullopt;
    }
    std::string_view before = name.substr(0, last);
    if (std::size_t const slash = before.rfind('/'); slash != std::string_view::npos) {
        if (before.substr(0, slash) != run) {
            return std::nullopt;
        }
        before = before.substr(slash + 1);
    }
    std::uint32_t producer = 0;
    std::uint32_t sequence = 0;
    if (!read_number(before, producer) || !read_number(name.substr(last + 1), sequence)) {
        return std::nullopt;
    }
    return find(producer, sequence);
}

std::string Timeline::message_text(std::uint32_t message) const {
    const TracedMessage& one = messages[message];
    return fmt::format("{} #{} of producer-{}", partitions[one.partition].label, one.sequence,
                       one.producer);
}

std::string Timeline::message_id(std::uint32_t message) const {
    return fmt::format("{}/{}", messages[message].producer, messages[message].sequence);
}

std::string seconds_text(std::int64_t nanoseconds) {
    return fmt::format("{}.{:06} s", nanoseconds / 1'000'000'000, nanoseconds / 1'000 % 1'000'000);
}

}  // namespace brokersim::reports
