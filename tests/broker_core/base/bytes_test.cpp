// Fixed-width integers in both byte orders, and a reader that survives short input.
#include "broker_core/base/bytes.h"

#include <catch2/catch.hpp>

using namespace broker;

TEST_CASE("bytes: integers keep their byte order", "[base]") {
    Bytes bytes;
    append_be<std::uint32_t>(bytes, 0x01020304U);
    append_le<std::uint16_t>(bytes, 0x0506U);

    CHECK(bytes[0] == std::byte{1});
    CHECK(bytes[3] == std::byte{4});
    CHECK(bytes[4] == std::byte{6});
    CHECK(load_be<std::uint32_t>(bytes.data()) == 0x01020304U);
    CHECK(load_le<std::uint16_t>(bytes.data() + 4) == 0x0506U);
}

TEST_CASE("bytes: a reader past the end gives zeros and says so once", "[base]") {
    Bytes bytes;
    append_be<std::int16_t>(bytes, -2);
    ByteReader reader{bytes};

    CHECK(reader.be<std::int16_t>() == -2);
    CHECK(reader.ok());
    CHECK(reader.be<std::int32_t>() == 0);
    CHECK_FALSE(reader.ok());
    CHECK(reader.bytes(1).empty());
    CHECK(reader.remaining() == 0);
}
