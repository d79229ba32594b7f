// A proof of durable entries made by somebody other than the log.
// expect: private
#include "broker_core/base/sealed.h"

broker::LogIndex index_of(const broker::DurableLog& proof) {
#ifdef OFFENDING
    broker::DurableLog const made{broker::LogIndex{7}, broker::Term{1}, broker::Generation{0}};
    return made.index();
#else
    return proof.index();
#endif
}
