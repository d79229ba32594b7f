// Tests of B3: what the committed log may hold of one idempotent producer.
#include "sim/invariants/producer_order.h"

#include <catch2/catch.hpp>

#include <vector>

namespace brokersim {
namespace {

using broker::partition::UnknownProducer;

struct Case {
    const char* name;
    std::vector<ProducerNumbers> log;
    bool last_is_wrong;  // all before it are right
    UnknownProducer unknown = UnknownProducer::strict;
};

constexpr std::int32_t last_sequence = 2'147'483'647;

ProducerNumbers batch(std::int64_t producer, std::int32_t first, std::int32_t records,
                      std::int16_t epoch = 0, std::int64_t at_ms = 0) {
    return {producer, epoch, first, records, at_ms};
}

}  // namespace

TEST_CASE("B3: every sequence once, in order, from 0", "[sim]") {
    std::vector<Case> const cases = {
        {"in order", {batch(7, 0, 2), batch(7, 2, 1), batch(7, 3, 5)}, false},
        {"two producers", {batch(7, 0, 2), batch(8, 0, 9), batch(7, 2, 1)}, false},
        {"twice", {batch(7, 0, 2), batch(7, 2, 1), batch(7, 2, 1)}, true},
        {"twice, the first", {batch(7, 0, 2), batch(7, 0, 2)}, true},
        {"a gap", {batch(7, 0, 2), batch(7, 3, 1)}, true},
        {"overlap", {batch(7, 0, 2), batch(7, 1, 2)}, true},
        {"begins late", {batch(7, 1, 1)}, true},
        {"begins late, permissive", {batch(7, 1, 1)}, false, UnknownProducer::permissive},
        {"a gap, permissive", {batch(7, 1, 1), batch(7, 3, 1)}, true, UnknownProducer::permissive},
        {"wrap", {batch(7, last_sequence, 1), batch(7, 0, 1)}, false, UnknownProducer::permissive},
        {"wrap inside",
         {batch(7, last_sequence, 3), batch(7, 2, 1)},
         false,
         UnknownProducer::permissive},
        {"next epoch", {batch(7, 0, 2), batch(7, 0, 2, 1)}, false},
        {"next epoch, not from 0", {batch(7, 0, 2), batch(7, 2, 2, 1)}, true},
        {"former epoch", {batch(7, 0, 2, 1), batch(7, 0, 2, 0)}, true},
        {"expired",
         {batch(7, 0, 2, 0, 100), batch(9, 0, 1, 0, 1'100), batch(7, 0, 2, 0, 1'200)},
         false},
        {"one ms too early",
         {batch(7, 0, 2, 0, 100), batch(9, 0, 1, 0, 1'099), batch(7, 0, 2, 0, 1'200)},
         true},
        {"its own timestamp does not expire it",
         {batch(7, 0, 2, 0, 100), batch(7, 0, 2, 0, 9'000)},
         true},
        {"no producer", {batch(-1, 0, 0), batch(-1, 0, 0)}, false},
    };
    for (const Case& one : cases) {
        INFO(one.name);
        ProducerOrder order{{one.unknown, broker::Duration{1'000'000'000}}};
        for (std::size_t i = 0; i < one.log.size(); ++i) {
            bool const wrong = order.commit(one.log[i]).has_value();
            CHECK(wrong == (one.last_is_wrong && i + 1 == one.log.size()));
        }
    }
}

}  // namespace brokersim
