// CRC-32C against the published check values, and both implementations against each other.
#include "broker_core/base/crc32c.h"

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include <cstdint>
#include <vector>

using namespace broker;

TEST_CASE("crc32c: the check value and the vectors of RFC 3720 B.4", "[base]") {
    CHECK(crc32c(as_bytes("123456789")) == 0xe3069283U);

    std::vector<std::byte> const zeros(32);
    std::vector<std::byte> const ones(32, std::byte{0xff});
    std::vector<std::byte> ascending;
    for (unsigned i = 0; i < 32; ++i) {
        ascending.push_back(static_cast<std::byte>(i));
    }

    CHECK(crc32c(zeros) == 0x8a9136aaU);
    CHECK(crc32c(ones) == 0x62a8ab43U);
    CHECK(crc32c(ascending) == 0x46dd794eU);
}

TEST_CASE("crc32c: both implementations agree, and a seed continues", "[base][property]") {
    rc::check([](const std::vector<std::uint8_t>& raw, std::uint32_t seed) {
        ByteSpan const data = std::as_bytes(std::span{raw});
        std::size_t const middle = raw.size() / 2;

        RC_ASSERT(crc32c(data, seed) == crc32c_portable(data, seed));
        RC_ASSERT(crc32c(data.subspan(middle), crc32c(data.first(middle))) == crc32c(data));
    });
}
