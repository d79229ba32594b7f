// A proof of a durable vote made by somebody other than the hard-state file.
// expect: private
#include "broker_core/base/sealed.h"

broker::Term term_of(const broker::DurableVote& proof) {
#ifdef OFFENDING
    broker::DurableVote const made{broker::Term{1}, broker::BrokerId{2}};
    return made.term();
#else
    return proof.term();
#endif
}
