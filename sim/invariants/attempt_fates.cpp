// Facts and answers, attempt by attempt.
#include "sim/invariants/attempt_fates.h"

#include "sim/client/error_meaning.h"

#include <fmt/core.h>

namespace brokersim {

using broker::Fate;
using broker::protocol::KafkaError;

namespace {

constexpr std::string_view name_of_fate(Fate fate) {
    switch (fate) {
        case Fate::not_appended:
            return "not appended";
        case Fate::unknown:
            return "unknown";
        case Fate::appended:
            return "appended";
        case Fate::committed:
            return "committed";
    }
    return "";
}

}  // namespace

void AttemptFates::on_fact(std::uint32_t node, const broker::Fact& fact) {
    bool const is_fate = fact.kind == broker::FactKind::fate;
    if (fact.number == 0 || (!is_fate && fact.kind != broker::FactKind::accepted)) {
        return;
    }
    Attempt& attempt = attempts_[fact.number];
    attempt.node = node;
    if (!is_fate) {
        attempt.accepted = true;
        return;
    }
    if (attempt.accepted && fact.fate == Fate::not_appended) {
        violations_.add("B14", node, [&] {
            return fmt::format("n{} says of an attempt that it was not appended, which it appended",
                               node);
        });
    }
    attempt.told = true;
    attempt.fate = fact.fate;
}

void AttemptFates::on_answer(std::uint32_t node, const RequestTag& tag, KafkaError error) {
    Attempt attempt;
    if (auto const at = attempts_.find(tag.attempt); at != attempts_.end()) {
        attempt = at->second;
        attempts_.erase(at);
    }
    auto const is = [&](Fate fate) { return attempt.told && attempt.fate == fate; };
    bool const success =
        error == KafkaError::none || error == KafkaError::duplicate_sequence_number;
    bool const stored = is(Fate::committed) || (is(Fate::appended) && tag.acks == 1);
    bool const refused = is(Fate::not_appended) && !attempt.accepted;
    if ((success && !stored) || (definitely_not_appended(error) && !refused)) {
        violations_.add("B14", node, [&] {
            return fmt::format("n{} answered an attempt with {}; {} its fate is {}", node,
                               broker::protocol::name_of(error),
                               attempt.accepted ? "it had appended the batch, and" : "to it,",
                               attempt.told ? name_of_fate(attempt.fate) : "not settled");
        });
    }
}

void AttemptFates::on_down(std::uint32_t node) {
    std::erase_if(attempts_, [node](const auto& row) { return row.second.node == node; });
}

}  // namespace brokersim
