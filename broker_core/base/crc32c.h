// CRC-32C (Castagnoli, RFC 3720 appendix B.4): of frames, hard state and record batches.
#pragma once

#include "broker_core/base/bytes.h"

#include <cstdint>

namespace broker {

/// CRC-32C of `data`, continuing from `seed` (the CRC of what came before; 0 to start).
/// crc32c("123456789") == 0xe3069283.
std::uint32_t crc32c(ByteSpan data, std::uint32_t seed = 0);

/// The table version that machines without SSE4.2 use; gives equal results (tested).
std::uint32_t crc32c_portable(ByteSpan data, std::uint32_t seed = 0);

}  // namespace broker
