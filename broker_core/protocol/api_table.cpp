// The offered Kafka APIs: the check that we encode none but those.
#include "broker_core/protocol/api_table.h"

#include "broker_core/base/check.h"

namespace broker::protocol {

void require_offered(ApiKey key, std::int16_t version) {
    CHECK(offers(key, version));
}

}  // namespace broker::protocol
