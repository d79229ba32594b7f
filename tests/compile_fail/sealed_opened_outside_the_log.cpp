// A sealed reply opened by somebody other than the log.
// expect: private
#include "broker_core/base/sealed.h"

int answer(broker::Sealed<int> sealed) {
#ifdef OFFENDING
    return std::move(sealed).open();
#else
    (void)sealed;
    return 0;
#endif
}
