// Counts records by run, compares with the sampled ends, and repeats the naive comparison.
#include "reports/trust.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace brokersim::reports {

namespace {

struct Read {
    KeyId key;
    std::int64_t offset;
    ValueId value;

    friend auto operator<=>(const Read&, const Read&) = default;
};

class Assessor {
public:
    Assessor(const History& history, const Judgement& judgement)
        : history_{history}, judgement_{judgement} {}

    Trust assess() {
        collect();
        count_reads();
        sample_ends();
        compare_bare_ids();
        give_reasons();
        return std::move(trust_);
    }

private:
    void collect() {
        for (const History::Op& op : history_.ops()) {
            if (op.kind == OpKind::send) {
                collect_send(op);
            } else if (op.kind == OpKind::poll && op.type != OpType::invoke) {
                for (const History::StoredPart& part : history_.parts(op)) {
                    collect_records(part.key, part.records);
                }
            } else if (op.kind == OpKind::drain) {
                drained_[op.key] = &op;
            } else if (op.kind == OpKind::end) {
                ends_[op.key] = &op;
            }
        }
        // A drain is the better reading of its key.
        std::erase_if(reads_, [&](const Read& read) { return drained_.contains(read.key); });
        for (const auto& [key, op] : drained_) {
            collect_records(key, history_.drain_of(*op).records);
        }
        std::sort(reads_.begin(), reads_.end());
        reads_.erase(std::unique(reads_.begin(), reads_.end()), reads_.end());
    }

    void collect_send(const History::Op& op) {
        for (const SendMop& mop : history_.sends(op)) {
            sent_keys_.insert(mop.key);
            MessageName name{};
            if (history_.names.message_name(mop.value, name)) {
                own_runs_.insert(name.run);
                own_clients_.insert(name.client);
            }
            sent_.insert(mop.value);
            if (op.type == OpType::ok) {
                acked_.push_back(mop.value);
            }
        }
    }

    void collect_records(KeyId key, History::Range range) {
        for (const Record& record : history_.records(range)) {
            reads_.push_back({key, record.offset, record.value});
            read_keys_.insert(key);
        }
    }

    void count_reads() {
        std::map<RunId, std::int64_t> runs;
        std::set<std::pair<KeyId, ValueId>> distinct;
        for (const Read& read : reads_) {
            ++trust_.read;
            MessageName name{};
            bool const named = history_.names.message_name(read.value, name);
            if (named && !own_runs_.contains(name.run)) {
                ++runs[name.run];
                ++trust_.foreign;
            } else if (!sent_.contains(read.value)) {
                ++trust_.unknown;
            } else if (distinct.insert({read.key, read.value}).second) {
                ++trust_.own;
            } else {
                ++trust_.extra_copies;
            }
        }
        for (const auto& [run, records] : runs) {
            trust_.foreign_runs.push_back({std::string{history_.names.run_text(run)}, records});
        }
        std::sort(trust_.foreign_runs.begin(), trust_.foreign_runs.end(),
                  [](const ForeignRun& left, const ForeignRun& right) {
                      return std::tie(right.records, left.run) < std::tie(left.records, right.run);
                  });
        trust_.corrupt = static_cast<std::int64_t>(judgement_.count(Code::corrupt_record));
    }

    /// Records between start and the sampled end; a drain samples its own end.
    void sample_ends() {
        std::int64_t sampled = 0;
        for (const auto& [key, op] : drained_) {
            const History::StoredDrain& drain = history_.drain_of(*op);
            sampled += drain.hw - drain.start - drain.control.count;
        }
        for (const auto& [key, op] : ends_) {
            if (!drained_.contains(key)) {
                const History::Fact& fact = history_.fact_of(*op);
                sampled += fact.second - fact.first - fact.epoch;
            }
        }
        if (!drained_.empty() || !ends_.empty()) {
            trust_.sampled = sampled;
        }
    }

    void compare_bare_ids() {
        using Bare = std::tuple<std::uint32_t, std::int64_t, ValueId>;
        // The number alone, if one client sent; with several, numbers of clients are kept apart.
        bool const several = own_clients_.size() > 1;
        auto const bare = [&](ValueId value) {
            MessageName name{};
            return history_.names.message_name(value, name)
                       ? Bare{several ? name.client : 0, name.sequence, no_value}
                       : Bare{0, 0, value};
        };
        std::set<Bare> sent;
        std::set<Bare> received;
        for (ValueId const value : acked_) {
            sent.insert(bare(value));
        }
        for (const Read& read : reads_) {
            received.insert(bare(read.value));
        }
        trust_.bare.sent = static_cast<std::int64_t>(sent.size());
        trust_.bare.received = static_cast<std::int64_t>(received.size());
        trust_.bare.missing = std::count_if(sent.begin(), sent.end(),
                                            [&](const Bare& id) { return !received.contains(id); });
        trust_.bare.duplicates = trust_.read - trust_.bare.received;
    }

    void give_reasons() {
        std::set<KeyId> keys = sent_keys_;
        keys.insert(read_keys_.begin(), read_keys_.end());
        auto const undrained = std::count_if(keys.begin(), keys.end(),
                                             [&](KeyId key) { return !drained_.contains(key); });
        bool const short_of_end = trust_.sampled != absent && trust_.read < trust_.sampled;
        bool const stopped = history_.config.reader_stops_at > 0 || !ends_.empty();
        if (undrained > 0 && stopped && short_of_end) {
            trust_.reasons.emplace_back("reader stopped before the sampled end");
        } else if (undrained > 0) {
            trust_.reasons.push_back(
                fmt::format("{} of {} keys not drained", undrained, keys.size()));
        }
        if (trust_.foreign > 0) {
            trust_.reasons.push_back(fmt::format("{} foreign records in the log", trust_.foreign));
        }
    }

    const History& history_;
    const Judgement& judgement_;
    Trust trust_;
    std::vector<Read> reads_;
    std::vector<ValueId> acked_;
    std::set<ValueId> sent_;
    std::set<RunId> own_runs_;
    std::set<std::uint32_t> own_clients_;
    std::set<KeyId> sent_keys_;
    std::set<KeyId> read_keys_;
    std::map<KeyId, const History::Op*> drained_;
    std::map<KeyId, const History::Op*> ends_;
};

}  // namespace

Trust assess_trust(const History& history, const Judgement& judgement) {
    return Assessor{history, judgement}.assess();
}

}  // namespace brokersim::reports
