// Sealed: a reply that promises durability, and proofs of durability; only the log can open or
// make them.
#pragma once

#include "broker_core/base/ids.h"

#include <utility>

namespace broker {

namespace wal {
class Wal;
class HardStateFile;
}  // namespace wal

/// A value that nobody but the write-ahead log can take out again.
///
/// Who composes a reply that depends on stored state seals it and hands it to the log together
/// with what it depends on; the log opens it once the covering sync has completed. Sending it
/// earlier does not compile, which is the point: a broker that acknowledged what it had never
/// written, and the repair that wrote it twice, both had a second way for an ack to leave.
template <class T>
class Sealed {
public:
    explicit Sealed(T value) : value_{std::move(value)} {}
    Sealed(Sealed&&) noexcept = default;
    Sealed& operator=(Sealed&&) noexcept = default;
    Sealed(const Sealed&) = delete;
    Sealed& operator=(const Sealed&) = delete;
    ~Sealed() = default;

    /// A sealed encoding of the value: `encode` sees the content, its result is sealed again.
    template <class Encode>
    [[nodiscard]] auto map(Encode encode) && {
        return Sealed<decltype(encode(std::move(value_)))>{encode(std::move(value_))};
    }

private:
    friend class wal::Wal;

    T open() && { return std::move(value_); }

    T value_;
};

/// Proof that every entry up to `index()`, whose term is `term()`, is stored in the local log as
/// its durability mode asks: a completed sync makes one, or where the operator chose so, a
/// completed write. Source: Raft thesis 10.2.1. `generation()` counts the cuts the log had seen:
/// an entry that was cut and came back is not stored because it once was.
class DurableLog {
public:
    [[nodiscard]] LogIndex index() const { return index_; }
    [[nodiscard]] Term term() const { return term_; }
    [[nodiscard]] Generation generation() const { return generation_; }

private:
    friend class wal::Wal;
    DurableLog(LogIndex index, Term term, Generation generation)
        : index_{index}, term_{term}, generation_{generation} {}

    LogIndex index_;
    Term term_;
    Generation generation_;
};

/// Proof that the node stored this term and vote durably (Raft paper, figure 2: persistent state).
class DurableVote {
public:
    [[nodiscard]] Term term() const { return term_; }
    [[nodiscard]] BrokerId vote() const { return vote_; }

private:
    friend class wal::HardStateFile;
    DurableVote(Term term, BrokerId vote) : term_{term}, vote_{vote} {}

    Term term_;
    BrokerId vote_;
};

}  // namespace broker
