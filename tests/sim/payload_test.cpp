// Tests of message values: each knows whose it is, and that it is whole.
#include "sim/client/payload.h"

#include <catch2/catch.hpp>

#include <algorithm>

namespace brokersim {
namespace {

broker::Bytes value_of(MessageIdentity const& identity, std::size_t size) {
    broker::Bytes value;
    append_payload(value, identity, size);
    return value;
}

}  // namespace

TEST_CASE("payload: a value gives back its identity at every size", "[sim]") {
    MessageIdentity const identity{0x1122334455667788, 3, 41};

    for (std::size_t const size : {20U, 21U, 100U, 511U, 4096U}) {
        broker::Bytes const value = value_of(identity, size);
        CHECK(value.size() == size);
        CHECK(read_payload(value) == identity);
    }
}

TEST_CASE("payload: filler of zeros, or of zeros in turn, is as good as noise", "[sim]") {
    MessageIdentity const identity{7, 3, 41};
    for (PayloadContent const content : {PayloadContent::zeros, PayloadContent::zero_runs}) {
        broker::Bytes value;
        append_payload(value, identity, 1000, content);

        CHECK(value.size() == 1000);
        CHECK(read_payload(value) == identity);
        auto const zeros =
            std::count(value.begin() + payload_identity_bytes, value.end(), std::byte{0});
        CHECK((content == PayloadContent::zeros ? zeros == 980 : zeros > 450 && zeros < 600));
    }
}

TEST_CASE("payload: no flipped bit, no cut and no added byte leaves a message", "[sim]") {
    broker::Bytes const value = value_of({7, 1, 2}, 64);

    for (std::size_t bit = 0; bit < value.size() * 8; ++bit) {
        broker::Bytes flipped = value;
        flipped[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        INFO("bit " << bit);
        CHECK_FALSE(read_payload(flipped).has_value());
    }
    for (std::size_t size = 0; size < value.size(); ++size) {
        CHECK_FALSE(read_payload(broker::ByteSpan{value}.first(size)).has_value());
    }
    broker::Bytes longer = value;
    longer.push_back(std::byte{0});
    CHECK_FALSE(read_payload(longer).has_value());
}

TEST_CASE("payload: two messages never have one value", "[sim]") {
    CHECK(value_of({7, 1, 2}, 40) != value_of({7, 1, 3}, 40));
    CHECK(value_of({7, 1, 2}, 40) != value_of({7, 2, 2}, 40));
    CHECK(value_of({7, 1, 2}, 40) != value_of({8, 1, 2}, 40));
}

}  // namespace brokersim
