// Generators of histories for the comparison of two judges.
#include "history_generator.h"

#include "broker_core/base/hash.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <sstream>

namespace brokersim::tests {

namespace {

using Json = nlohmann::ordered_json;

class Dice {
public:
    explicit Dice(std::uint64_t seed) : state_{broker::mix64(seed)} {}
    int below(int bound) {
        state_ = broker::mix64(state_ + 1);
        return static_cast<int>((state_ >> 16U) % static_cast<std::uint64_t>(bound));
    }
    bool chance(int percent) { return below(100) < percent; }

private:
    std::uint64_t state_;
};

std::string print(const Json& header, const std::vector<Json>& ops) {
    std::string text = header.dump() + "\n";
    for (const Json& op : ops) {
        text += op.dump() + "\n";
    }
    return text;
}

class Wild {
public:
    explicit Wild(std::uint64_t seed) : dice_{seed} {}

    std::string history() {
        Json config{{"acks", acks()}, {"idempotent", dice_.chance(50)}};
        maybe(config, 20, "max_in_flight", 5);
        maybe(config, 15, "contiguous", false);
        maybe(config, 10, "realtime", false);
        maybe(config, 40, "required_acks", 2);
        maybe(config, 20, "durable", "leo");
        maybe(config, 30, "durability", "write_cache");
        maybe(config, 15, "network_dup", 1);
        maybe(config, 15, "retention", true);
        int const count = 2 + dice_.below(9);
        for (int i = 0; i < count; ++i) {
            ops_.push_back(op());
        }
        for (const char* key : {"a", "b"}) {
            if (dice_.chance(45)) {
                ops_.push_back(drain(key));
            }
        }
        return print({{"format", "brokersim-history/1"}, {"config", config}}, ops_);
    }

private:
    std::string acks() {
        int const roll = dice_.below(10);
        return roll < 6 ? "all" : roll < 9 ? "1" : "0";
    }
    template <class T>
    void maybe(Json& object, int percent, const char* name, T value) {
        if (dice_.chance(percent)) {
            object[name] = value;
        }
    }
    std::string key() { return dice_.chance(75) ? "a" : "b"; }
    int offset() { return dice_.below(6); }
    Json value() {
        int const v = dice_.below(6);
        return v < 2 ? Json(v) : Json("m" + std::to_string(v));
    }
    int client() { return 1 + dice_.below(2); }
    int consumer() { return client() + 2; }
    std::string outcome() {
        int const roll = dice_.below(10);
        return roll < 7 ? "ok" : roll < 8 ? "fail" : "info";
    }

    Json records(int limit) {
        Json list = Json::array();
        int o = offset();
        for (int i = dice_.below(limit + 1); i > 0; --i) {
            list.push_back(Json::array({o, value()}));
            o = dice_.chance(80) ? o + 1 : offset();
        }
        return list;
    }

    Json op() {
        int const roll = dice_.below(100);
        if (roll < 45) {
            return send();
        }
        if (roll < 70) {
            return poll();
        }
        if (roll < 75) {
            Json op{{"process", consumer()},
                    {"type", dice_.chance(80) ? "ok" : "fail"},
                    {"f", dice_.chance(50) ? "assign" : "subscribe"},
                    {"keys", Json::array({key()})}};
            maybe(op, 30, "seek", 1);
            return op;
        }
        return sim();
    }

    Json send() {
        int const process = client();
        if (dice_.chance(40)) {
            for (const auto& op : ops_) {
                if (op["f"] == "send" && op["type"] == "invoke" && op["process"] == process &&
                    dice_.chance(60)) {
                    Json done = op;
                    return complete(std::move(done));
                }
            }
        }
        bool const batch = dice_.chance(25);
        std::string const one = key();
        Json mops = Json::array();
        int o = offset();
        for (int i = dice_.chance(60) ? 1 : 1 + dice_.below(3); i > 0; --i) {
            Json mop{{"f", "send"}, {"key", batch ? one : key()}, {"value", fresh()}};
            maybe(mop, 80, "offset", o);
            o = dice_.chance(80) ? o + 1 : offset();
            mops.push_back(mop);
        }
        Json op{{"process", process}, {"type", "invoke"}, {"f", "send"}, {"mops", mops}};
        maybe(op, batch ? 100 : 0, "batch", true);
        maybe(op, 15, "pid", dice_.below(2));
        maybe(op, 20, "epoch", dice_.below(2));
        maybe(op, 60, "seq", dice_.below(4));
        maybe(op, 15, "acks", acks());
        maybe(op, 20, "idempotent", dice_.chance(60));
        maybe(op, 8, "max_copies", 1 + dice_.below(3));
        return dice_.chance(50) ? complete(std::move(op)) : op;
    }

    Json complete(Json op) {
        op["type"] = outcome();
        maybe(op, 40, "attempts", 1 + dice_.below(3));
        for (auto& mop : op["mops"]) {
            maybe(mop, 30, "offset", offset());
            if (dice_.chance(5)) {
                mop["value"] = fresh();
            }
        }
        return op;
    }

    /// Mostly a value not sent before; now and then any.
    Json fresh() {
        if (dice_.chance(6)) {
            return value();
        }
        int const v = next_value_++;
        return v < 2 ? Json(v) : Json("m" + std::to_string(v));
    }

    Json poll() {
        Json mops = Json::array();
        for (int i = dice_.chance(85) ? 1 : dice_.below(3); i > 0; --i) {
            Json mop{{"f", "poll"}, {"records", nullptr}};
            if (dice_.chance(90)) {
                mop["records"] = Json::object();
                for (const char* name : {"a", "b"}) {
                    if (dice_.chance(name[0] == 'a' ? 80 : 30)) {
                        mop["records"][name] = records(3);
                    }
                }
            }
            maybe(mop, 40, "hw", Json{{key(), offset()}});
            maybe(mop, 30, "from", Json{{key(), offset()}});
            maybe(mop, 30, "epoch", Json{{key(), dice_.below(3)}});
            maybe(mop, 8, "corrupt", Json{{key(), Json::array({offset()})}});
            mops.push_back(mop);
        }
        std::string const type = dice_.chance(15) ? "invoke" : dice_.chance(75) ? "ok" : outcome();
        return {{"process", consumer()}, {"type", type}, {"f", "poll"}, {"mops", mops}};
    }

    Json sim() {
        static const std::vector<char const*> kinds{
            "crash", "leader",          "hw",      "hw",      "leo",     "leo",
            "leo",   "budget_exceeded", "replica", "replica", "restart", "gossip"};
        std::string const f =
            kinds[static_cast<std::size_t>(dice_.below(static_cast<int>(kinds.size())))];
        Json op{{"process", "sim"}, {"type", "info"}, {"f", f}};
        if (f != "budget_exceeded") {
            op["node"] = 1 + dice_.below(3);
        }
        if (f == "crash" || f == "restart") {
            static const std::vector<char const*> disks{"kept", "lost", "wiped", "damaged"};
            op["disk"] = disks[static_cast<std::size_t>(dice_.below(4))];
        } else if (f == "leader" || f == "budget_exceeded") {
            maybe(op, 60, "key", key());
            op["epoch"] = 1;
            op["reason"] = dice_.chance(50) ? "declared" : "power_loss";
        } else if (f == "hw") {
            op["key"] = key();
            op["hw"] = offset();
            maybe(op, 50, "epoch", dice_.below(3));
        } else if (f == "leo") {
            op["key"] = key();
            op["leo"] = offset();
            op["flushed"] = offset();
        } else if (f == "replica") {
            op["key"] = "a";
            op["start"] = dice_.below(2);
            op["hw"] = offset();
            op["entries"] = Json::array();
            for (int o = dice_.below(2); o < 4; ++o) {
                if (dice_.chance(80)) {
                    op["entries"].push_back(Json::array({o, dice_.below(2), value()}));
                }
            }
        }
        return op;
    }

    Json drain(const char* key) {
        int const start = dice_.chance(65) ? 0 : dice_.below(4);
        Json list = Json::array();
        int const hw = start + dice_.below(5);
        for (int o = start; o < hw; ++o) {
            if (dice_.chance(85)) {
                list.push_back(Json::array({dice_.chance(92) ? o : offset(), value()}));
            }
        }
        Json op{{"process", "drain"}, {"type", "ok"}, {"f", "drain"},   {"key", key},
                {"start", start},     {"hw", hw},     {"records", list}};
        maybe(op, 25, "control", Json::array({offset()}));
        maybe(op, 10, "corrupt", Json::array({offset()}));
        maybe(op, 20, "epoch", dice_.below(3));
        return op;
    }

    Dice dice_;
    std::vector<Json> ops_;
    int next_value_ = 0;
};

/// One partition per key as a list; clients that see it honestly.
class Legal {
public:
    explicit Legal(std::uint64_t seed) : dice_{seed} {}

    std::string history() {
        idempotent_ = dice_.chance(50);
        acks_ = dice_.chance(60) ? "all" : dice_.chance(70) ? "1" : "0";
        retention_ = dice_.chance(20);
        budget_ = dice_.chance(15);
        Json config{{"acks", acks_}, {"idempotent", idempotent_}};
        if (retention_) {
            config["retention"] = true;
        }
        int const count = 3 + dice_.below(12);
        for (int i = 0; i < count; ++i) {
            step();
        }
        while (!open_.empty()) {
            complete("info");
        }
        for (const auto& [key, log] : logs_) {
            if (dice_.chance(80)) {
                drain(key, log);
            }
        }
        return print({{"format", "brokersim-history/1"}, {"config", config}}, ops_);
    }

private:
    struct Log {
        std::vector<Json> entries;  // null: a control entry
        int start = 0;
        int epoch = 1;
        std::map<int, int> positions;  // next offset by consumer
    };
    struct Open {
        int process;
        std::string key;
        Json op;
        std::vector<int> offsets;
        int attempts = 1;
    };

    void step() {
        int const roll = dice_.below(100);
        if (roll < 40) {
            invoke();
        } else if (roll < 60 && !open_.empty()) {
            complete(dice_.chance(75) ? "ok" : "info");
        } else if (roll < 85) {
            poll();
        } else if (roll < 92) {
            change_leader();
        } else if (retention_) {
            Log& log = logs_[key()];
            log.start = std::min(static_cast<int>(log.entries.size()), log.start + 1);
        }
    }

    std::string key() { return dice_.chance(70) ? "a" : "b"; }

    void invoke() {
        Open open{10 + next_process_++ % 3, key(), {}, {}, 1};
        for (const auto& other : open_) {
            if (other.process == open.process) {
                return;
            }
        }
        Json mops = Json::array();
        // This broker cuts its log between records, which a correct one would not do in a batch.
        bool const cuts = retention_ || budget_ || acks_ == "1";
        int const records = cuts || dice_.chance(70) ? 1 : 2;
        for (int i = 0; i < records; ++i) {
            mops.push_back({{"f", "send"},
                            {"key", open.key},
                            {"value", "r/1/" + std::to_string(next_value_++)}});
        }
        open.op = {{"process", open.process}, {"type", "invoke"}, {"f", "send"}, {"mops", mops}};
        if (records > 1) {
            open.op["batch"] = true;
        }
        if (idempotent_) {
            open.op["pid"] = open.process;
            open.op["seq"] = sequences_[{open.process, open.key}];
            sequences_[{open.process, open.key}] += records;
        }
        ops_.push_back(open.op);
        open.attempts = 1 + (dice_.chance(25) ? dice_.below(3) : 0);
        int const copies = idempotent_ ? 1 : 1 + dice_.below(open.attempts);
        int const written = dice_.chance(90) ? copies : 0;
        for (int copy = 0; copy < written; ++copy) {
            append(open, mops, copy == 0);
        }
        open_.push_back(open);
    }

    void append(Open& open, const Json& mops, bool first) {
        Log& log = logs_[open.key];
        for (const auto& mop : mops) {
            if (first) {
                open.offsets.push_back(static_cast<int>(log.entries.size()));
            }
            log.entries.push_back(mop["value"]);
        }
    }

    void complete(const std::string& wanted) {
        auto const index = static_cast<std::size_t>(dice_.below(static_cast<int>(open_.size())));
        Open open = open_[index];
        open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(index));
        std::string type = wanted;
        if (open.offsets.empty()) {
            type = dice_.chance(50) ? "fail" : "info";
        }
        open.op["type"] = type;
        open.op["attempts"] = open.attempts;
        for (std::size_t i = 0; i < open.offsets.size() && type == "ok"; ++i) {
            if (acks_ != "0" && dice_.chance(90)) {
                open.op["mops"][i]["offset"] = open.offsets[i];
            }
        }
        ops_.push_back(open.op);
    }

    void poll() {
        std::string const name = key();
        Log& log = logs_[name];
        int const process = 20 + dice_.below(2);
        int& next = log.positions[process];
        if (next < log.start) {  // out of range: the consumer starts anew at the log start
            next = log.start;
            ops_.push_back({{"process", process},
                            {"type", "ok"},
                            {"f", "assign"},
                            {"keys", Json::array({"a", "b"})},
                            {"seek", "beginning"}});
        }
        Json invocation{{"process", process},
                        {"type", "invoke"},
                        {"f", "poll"},
                        {"mops", Json::array({Json{{"f", "poll"}}})}};
        ops_.push_back(invocation);
        // The response may be older than what was appended meanwhile; it shows its own HW.
        int const hw = static_cast<int>(log.entries.size());
        Json records = Json::array();
        int const from = next;
        bool const lost = dice_.chance(10);
        int o = next;
        for (int left = 1 + dice_.below(4); o < hw && left > 0; ++o, --left) {
            if (!log.entries[static_cast<std::size_t>(o)].is_null()) {
                records.push_back(Json::array({o, log.entries[static_cast<std::size_t>(o)]}));
            }
        }
        next = lost ? next : o;
        ops_.push_back({{"process", process},
                        {"type", lost ? "info" : "ok"},
                        {"f", "poll"},
                        {"mops", Json::array({Json{{"f", "poll"},
                                                   {"records", Json{{name, records}}},
                                                   {"hw", Json{{name, hw}}},
                                                   {"from", Json{{name, from}}},
                                                   {"epoch", Json{{name, log.epoch}}}}})}});
    }

    /// A new leader: with acks=1 (or a lifted budget) the unread end of the log may be lost; a
    /// control entry takes its place.
    void change_leader() {
        std::string const name = key();
        Log& log = logs_[name];
        ++log.epoch;
        int const log_end = static_cast<int>(log.entries.size());
        int read = log.start;
        for (const auto& [process, next] : log.positions) {
            read = std::max(read, next);
        }
        bool const may_lose = (acks_ == "1" || budget_) && read == 0;
        bool const quiet = std::none_of(open_.begin(), open_.end(),
                                        [&](const Open& open) { return open.key == name; });
        if (may_lose && quiet && log_end > 0 && !polled_hw(name)) {
            log.entries.resize(static_cast<std::size_t>(dice_.below(log_end)));
        }
        if (budget_) {
            ops_.push_back({{"process", "sim"},
                            {"type", "info"},
                            {"f", "budget_exceeded"},
                            {"key", name},
                            {"reason", "declared"}});
        }
        ops_.push_back({{"process", "sim"},
                        {"type", "info"},
                        {"f", "leader"},
                        {"key", name},
                        {"node", 2},
                        {"epoch", log.epoch}});
        if (dice_.chance(60)) {
            log.entries.push_back(nullptr);
        }
    }

    /// Somebody was shown a watermark of the key; then acks=1 loss would lower it.
    bool polled_hw(const std::string& name) {
        return std::any_of(ops_.begin(), ops_.end(), [&](const Json& op) {
            return op["f"] == "poll" && op["type"] != "invoke" &&
                   op["mops"][0]["hw"].contains(name);
        });
    }

    void drain(const std::string& name, const Log& log) {
        Json records = Json::array();
        Json control = Json::array();
        for (int o = log.start; o < static_cast<int>(log.entries.size()); ++o) {
            const Json& entry = log.entries[static_cast<std::size_t>(o)];
            if (entry.is_null()) {
                control.push_back(o);
            } else {
                records.push_back(Json::array({o, entry}));
            }
        }
        ops_.push_back({{"process", "drain"},
                        {"type", "ok"},
                        {"f", "drain"},
                        {"key", name},
                        {"start", log.start},
                        {"hw", log.entries.size()},
                        {"records", records},
                        {"control", control}});
    }

    Dice dice_;
    std::vector<Json> ops_;
    std::map<std::string, Log> logs_;
    std::vector<Open> open_;
    std::map<std::pair<int, std::string>, int> sequences_;
    int next_process_ = 0;
    int next_value_ = 0;
    bool idempotent_ = false;
    bool retention_ = false;
    bool budget_ = false;
    std::string acks_;
};

/// Every place of an op that holds a small number and may be moved.
void collect_numbers(Json& json, std::vector<Json*>& places) {
    static const std::vector<std::string> fixed{"process", "attempts", "node", "max_copies"};
    if (json.is_number_integer()) {
        places.push_back(&json);
    } else if (json.is_array()) {
        for (auto& element : json) {
            collect_numbers(element, places);
        }
    } else if (json.is_object()) {
        for (auto& [name, element] : json.items()) {
            if (std::find(fixed.begin(), fixed.end(), name) == fixed.end()) {
                collect_numbers(element, places);
            }
        }
    }
}

}  // namespace

std::string wild_history(std::uint64_t seed) {
    return Wild{seed}.history();
}

std::string legal_history(std::uint64_t seed) {
    return Legal{seed}.history();
}

std::string mutated(const std::string& history, std::uint64_t seed, int count) {
    Dice dice{seed};
    std::istringstream in{history};
    std::string line;
    std::getline(in, line);
    Json const header = Json::parse(line);
    std::vector<Json> ops;
    while (std::getline(in, line)) {
        ops.push_back(Json::parse(line));
    }
    // Drains stay last; only what is before them is moved about.
    auto const body = static_cast<int>(std::count_if(
        ops.begin(), ops.end(), [](const Json& op) { return op["process"] != "drain"; }));
    for (int i = 0; i < count && body > 1; ++i) {
        auto const at = static_cast<std::size_t>(dice.below(static_cast<int>(ops.size())));
        auto const other = static_cast<std::size_t>(dice.below(body));
        int const roll = dice.below(10);
        if (roll < 7) {
            std::vector<Json*> places;
            collect_numbers(ops[at], places);
            if (!places.empty()) {
                Json& number =
                    *places[static_cast<std::size_t>(dice.below(static_cast<int>(places.size())))];
                number = std::max(0, number.get<int>() + (dice.chance(50) ? 1 : -1));
            }
        } else if (at < static_cast<std::size_t>(body)) {
            if (roll == 7 && ops[at]["f"] != "send") {
                ops[at] = ops[other];
            } else {
                std::swap(ops[at], ops[other]);
            }
        } else if (!ops[at]["records"].empty()) {
            ops[at]["records"].erase(
                static_cast<std::size_t>(dice.below(static_cast<int>(ops[at]["records"].size()))));
        }
    }
    return print(header, ops);
}

}  // namespace brokersim::tests
