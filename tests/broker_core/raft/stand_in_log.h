// Stands where the write-ahead log stands in a node: here, and only here, seals open and proofs
// are made at the test's word. A program with this header must not contain the real log.
#pragma once

#include "broker_core/base/sealed.h"

namespace broker::wal {

class Wal {
public:
    template <class T>
    static T open(Sealed<T>&& sealed) {
        return std::move(sealed).open();
    }
    static DurableLog synced(LogIndex index, Term term, Generation generation) {
        return DurableLog{index, term, generation};
    }
};

class HardStateFile {
public:
    static DurableVote synced(Term term, BrokerId vote) { return DurableVote{term, vote}; }
};

}  // namespace broker::wal
