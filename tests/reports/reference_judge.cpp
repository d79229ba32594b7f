// The reference judge: every definition as a loop over everything.
#include "reference_judge.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <vector>

namespace brokersim::tests {

namespace {

using Json = nlohmann::json;  // orders null < numbers < strings, as the judge must
using Offset = long long;
using Pair = std::pair<Offset, Json>;

struct Msg {
    std::string key;
    Json value;
    int inv = -1;
    bool has_inv = false;
    int done = 1 << 30;
    int send = 0;
    int place = 0;
    std::string status = "INDETERMINATE";
    bool handed = false;
    std::optional<Offset> a;
    Offset max = 1;
    bool idempotent = false;
    bool batch = false;
    std::string acks;
    Json pid, epoch, seq, process;
};

struct Obs {
    int pos;
    std::string type;
    std::string key;
    Offset offset;
    Json value;
};

struct SendOp {
    int inv = -1;
    int done = -1;
    Json process;
    Json mops;
    Json fields;
    std::string type = "invoke";
};

struct Found {
    int rule;
    std::vector<std::pair<std::string, Json>> fields;
};

const std::vector<std::string> codes{"",
                                     "LOST_ACKED",
                                     "DUPLICATE",
                                     "ABORTED_READ",
                                     "PHANTOM",
                                     "WRONG_PARTITION",
                                     "READ_BEFORE_SEND",
                                     "CORRUPT_RECORD",
                                     "INCONSISTENT_OFFSET",
                                     "ACK_OFFSET_MISMATCH",
                                     "REALTIME_REORDER",
                                     "PRODUCER_REORDER",
                                     "POLL_NONMONOTONIC",
                                     "POLL_SKIP",
                                     "OFFSET_GAP",
                                     "READ_THEN_LOST",
                                     "READ_ABOVE_HW",
                                     "HW_REGRESSION",
                                     "HW_AHEAD",
                                     "ACK_BEFORE_DURABLE",
                                     "REPLICA_DIVERGENCE",
                                     "COMMITTED_TRUNCATED",
                                     "TORN_BATCH",
                                     "DUPLICATE_ALLOWED",
                                     "RECOVERED",
                                     "LOST_EXCUSED",
                                     "UNSEEN",
                                     "VACUOUS"};

Json get(const Json& object, const char* name, const Json& otherwise = nullptr) {
    return object.contains(name) && !object[name].is_null() ? object[name] : otherwise;
}

/// The members of the object of that name, none if it is absent or null; by value, because a loop
/// over items() of a temporary would dangle.
std::vector<std::pair<std::string, Json>> members(const Json& parent, const char* name) {
    std::vector<std::pair<std::string, Json>> all;
    Json const object = get(parent, name, Json::object());
    for (const auto& [key, value] : object.items()) {
        all.emplace_back(key, value);
    }
    return all;
}

struct Reference {
    Json config;
    std::vector<Json> ops;
    std::vector<SendOp> sends;
    std::vector<Msg> msgs;
    std::vector<Obs> all_obs;
    std::vector<Obs> obs;  // not void
    std::map<std::string, Json> drains;
    std::map<std::string, int> drain_pos;
    std::map<int, int> poll_inv;
    std::set<std::string> keys;
    std::vector<Found> anomalies;
    std::vector<Found> notes;
    bool realtime = true;

    void add(int rule, std::vector<std::pair<std::string, Json>> fields) {
        (rule <= 22 ? anomalies : notes).push_back({rule, std::move(fields)});
    }

    bool is(std::size_t pos, const char* f) const { return ops[pos]["f"] == f; }
    bool sim(std::size_t pos) const { return ops[pos]["process"] == "sim"; }
    static bool completed(const Json& op) { return op["type"] != "invoke"; }

    bool budget(const Json& op) const {
        return op["f"] == "budget_exceeded" && (get(op, "reason", "") != "power_loss" ||
                                                get(config, "durability", "fsync") != "fsync");
    }
    bool covers(std::size_t pos, const std::string& key) const {
        return sim(pos) && budget(ops[pos]) && get(ops[pos], "key", key) == key;
    }
    bool budget_between(int after, int before, const std::string& key) const {
        for (int p = after + 1; p < before; ++p) {
            if (covers(static_cast<std::size_t>(p), key)) {
                return true;
            }
        }
        return false;
    }
    int size() const { return static_cast<int>(ops.size()); }
    bool budget_after(int pos, const std::string& key) const {
        return budget_between(pos, size(), key);
    }
    bool budget_before(int pos, const std::string& key) const {
        return budget_between(-1, pos, key);
    }

    static Json list_of(const Json& mops) {
        Json list = Json::array();
        for (const auto& mop : mops) {
            list.push_back({mop["key"], mop["value"]});
        }
        return list;
    }

    void pair() {
        for (int pos = 0; pos < size(); ++pos) {
            const Json& op = ops[static_cast<std::size_t>(pos)];
            if (op["f"] != "send" || op["process"] == "sim") {
                continue;
            }
            if (op["type"] == "invoke") {
                sends.push_back({pos, -1, op["process"], op["mops"], op, "invoke"});
                continue;
            }
            SendOp* chosen = nullptr;
            SendOp* latest = nullptr;
            for (SendOp& send : sends) {
                if (send.done < 0 && send.process == op["process"]) {
                    latest = &send;
                    if (list_of(send.mops) == list_of(op["mops"])) {
                        chosen = &send;
                    }
                }
            }
            if (chosen == nullptr) {
                chosen = latest;
            }
            if (chosen == nullptr) {
                sends.push_back({-1, pos, op["process"], op["mops"], op, op["type"]});
                continue;
            }
            chosen->done = pos;
            chosen->mops = op["mops"];
            chosen->type = op["type"];
            for (const auto& [name, value] : op.items()) {
                if (!value.is_null()) {
                    chosen->fields[name] = value;
                }
            }
        }
    }

    void list_messages() {
        for (std::size_t s = 0; s < sends.size(); ++s) {
            const SendOp& send = sends[s];
            int place = 0;
            for (const auto& mop : send.mops) {
                Msg m;
                m.key = mop["key"];
                m.value = mop["value"];
                m.inv = send.inv;
                m.has_inv = send.inv >= 0;
                m.done = send.done >= 0 ? send.done : 1 << 30;
                m.send = static_cast<int>(s);
                m.place = place++;
                m.idempotent = get(send.fields, "idempotent", config["idempotent"]).get<bool>();
                m.batch = get(send.fields, "batch", false).get<bool>();
                m.acks = get(send.fields, "acks", config["acks"]);
                m.pid = get(send.fields, "pid");
                m.epoch = get(send.fields, "epoch", 0);
                m.seq = get(send.fields, "seq");
                m.process = send.process;
                Offset const attempts = get(send.fields, "attempts", 1).get<Offset>();
                m.max =
                    m.idempotent ? 1 : attempts * (1 + get(config, "network_dup", 0).get<Offset>());
                m.max = get(send.fields, "max_copies", m.max).get<Offset>();
                if (send.type == "ok") {
                    m.handed = m.acks == "0";
                    m.status = m.handed ? "INDETERMINATE" : "ACKED";
                    if (!m.handed && !get(mop, "offset").is_null()) {
                        m.a = mop["offset"].get<Offset>();
                    }
                } else if (send.type == "fail") {
                    m.status = "FAILED";
                }
                msgs.push_back(m);
            }
        }
    }

    bool double_send() const {
        for (std::size_t i = 0; i < msgs.size(); ++i) {
            for (std::size_t j = i + 1; j < msgs.size(); ++j) {
                if (msgs[i].key == msgs[j].key && msgs[i].value == msgs[j].value) {
                    return true;
                }
            }
        }
        return false;
    }

    void observe() {
        std::map<Json, int> open;
        for (int pos = 0; pos < size(); ++pos) {
            const Json& op = ops[static_cast<std::size_t>(pos)];
            if (op["process"] == "drain") {
                drains[op["key"]] = op;
                drain_pos[op["key"]] = pos;
            }
            if (op["f"] != "poll" || op["process"] == "sim") {
                continue;
            }
            if (op["type"] == "invoke") {
                open[op["process"]] = pos;
                continue;
            }
            poll_inv[pos] = open.contains(op["process"]) ? open[op["process"]] : pos;
            open.erase(op["process"]);
            for (const auto& mop : op["mops"]) {
                for (const auto& [key, records] : members(mop, "records")) {
                    for (const auto& record : records) {
                        all_obs.push_back(
                            {pos, op["type"], key, record[0].get<Offset>(), record[1]});
                    }
                }
            }
        }
        for (const Obs& o : all_obs) {
            if (!is_void(o)) {
                obs.push_back(o);
            }
        }
    }

    bool drained(const std::string& key) const { return drains.contains(key); }
    Offset start(const std::string& key) const { return drains.at(key)["start"].get<Offset>(); }
    Offset end(const std::string& key) const { return drains.at(key)["hw"].get<Offset>(); }

    bool in_drain(const std::string& key, Offset offset, const Json& value) const {
        if (!drained(key)) {
            return false;
        }
        for (const auto& r : drains.at(key)["records"]) {
            if (r[0] == offset && r[1] == value) {
                return true;
            }
        }
        return false;
    }
    bool value_in_drain(const std::string& key, const Json& value) const {
        if (!drained(key)) {
            return false;
        }
        const auto& records = drains.at(key)["records"];
        return std::any_of(records.begin(), records.end(),
                           [&](const Json& r) { return r[1] == value; });
    }
    bool lists(const std::string& key, const char* what, Offset offset) const {
        if (!drained(key) || get(drains.at(key), what).is_null()) {
            return false;
        }
        const auto& list = drains.at(key)[what];
        return std::find(list.begin(), list.end(), Json(offset)) != list.end();
    }

    const Msg* msg(const std::string& key, const Json& value) const {
        for (const Msg& m : msgs) {
            if (m.key == key && m.value == value) {
                return &m;
            }
        }
        return nullptr;
    }

    bool is_void(const Obs& o) const {
        const Msg* m = msg(o.key, o.value);
        return budget_after(o.pos, o.key) && m != nullptr && m->status != "FAILED" &&
               !in_drain(o.key, o.offset, o.value);
    }

    std::set<Offset> V(const std::string& key, const Json& value) const {
        std::set<Offset> offsets;
        for (const Obs& o : obs) {
            if (o.key == key && o.value == value) {
                offsets.insert(o.offset);
            }
        }
        if (drained(key)) {
            for (const auto& r : drains.at(key)["records"]) {
                if (r[1] == value) {
                    offsets.insert(r[0].get<Offset>());
                }
            }
        }
        return offsets;
    }
    std::set<Pair> O(const std::string& key) const {
        std::set<Pair> pairs;
        for (const Obs& o : obs) {
            if (o.key == key) {
                pairs.insert({o.offset, o.value});
            }
        }
        if (drained(key)) {
            for (const auto& r : drains.at(key)["records"]) {
                pairs.insert({r[0].get<Offset>(), r[1]});
            }
        }
        return pairs;
    }
    /// All (key, value) that are visible.
    std::set<std::pair<std::string, Json>> visible() const {
        std::set<std::pair<std::string, Json>> all;
        for (const auto& key : keys) {
            for (const auto& [offset, value] : O(key)) {
                all.insert({key, value});
            }
        }
        return all;
    }

    template <class Wanted>
    bool event_after_inv(const Msg& m, Wanted wanted) const {
        for (int p = realtime ? m.inv + 1 : 0; p < size(); ++p) {
            const Json& op = ops[static_cast<std::size_t>(p)];
            if (op["process"] == "sim" && wanted(op, m)) {
                return true;
            }
        }
        return false;
    }
    bool excused(const Msg& m) const {
        if (m.status != "ACKED") {
            return false;
        }
        bool const budget = event_after_inv(m, [this](const Json& op, const Msg& msg) {
            return this->budget(op) && get(op, "key", msg.key) == msg.key;
        });
        bool const lone = m.acks == "1" && event_after_inv(m, [](const Json& op, const Msg& msg) {
                              return op["f"] == "crash" ||
                                     (op["f"] == "leader" && get(op, "key", msg.key) == msg.key);
                          });
        return budget || lone;
    }
    bool void_ack(const Msg& m) const {
        return excused(m) && m.a &&
               (drained(m.key) ? !in_drain(m.key, *m.a, m.value)
                               : !V(m.key, m.value).contains(*m.a));
    }
    bool in_A(const Msg& m) const { return m.status == "ACKED" && m.a && !void_ack(m); }

    std::optional<Offset> low(const Msg& m) const {
        auto offsets = V(m.key, m.value);
        if (in_A(m)) {
            offsets.insert(*m.a);
        }
        return offsets.empty() ? std::nullopt : std::optional{*offsets.begin()};
    }
    bool retention() const { return get(config, "retention", false).get<bool>(); }
    bool overtaken(const std::string& key, Offset x) const {
        return !retention() && std::any_of(obs.begin(), obs.end(), [&](const Obs& o) {
            return o.key == key && o.type == "ok" && o.offset > x;
        });
    }
    bool missing(const Msg& m) const {
        if (m.status != "ACKED") {
            return false;
        }
        auto const v = V(m.key, m.value);
        if (!drained(m.key)) {
            return v.empty() && m.a && overtaken(m.key, *m.a);
        }
        Offset const s = start(m.key);
        return !value_in_drain(m.key, m.value) && !(m.a && *m.a < s) &&
               !(!v.empty() && *v.begin() < s) && !(!m.a && s > 0 && v.empty());
    }
    bool foreign(const std::string& key, const Json& value) const {
        const Msg* m = msg(key, value);
        return !V(key, value).empty() && (m == nullptr || m->status == "FAILED");
    }
    std::set<Offset> corrupt(const std::string& key) const {
        std::set<Offset> all;
        for (const auto& op : ops) {
            if (op["process"] == "drain" && op["key"] == key) {
                for (const auto& o : get(op, "corrupt", Json::array())) {
                    all.insert(o.get<Offset>());
                }
            } else if (op["process"] != "sim" && op["f"] == "poll" && completed(op)) {
                for (const auto& mop : op["mops"]) {
                    for (const auto& o :
                         get(get(mop, "corrupt", Json::object()), key.c_str(), Json::array())) {
                        all.insert(o.get<Offset>());
                    }
                }
            }
        }
        return all;
    }
    std::set<Offset> known(const std::string& key) const {
        std::set<Offset> all = corrupt(key);
        for (const auto& [offset, value] : O(key)) {
            all.insert(offset);
        }
        for (const Msg& m : msgs) {
            if (m.key == key && in_A(m)) {
                all.insert(*m.a);
            }
        }
        std::erase_if(all, [&](Offset o) { return lists(key, "control", o); });
        return all;
    }

    void message_rules() {
        for (const Msg& m : msgs) {
            auto const v = V(m.key, m.value);
            Json const a = m.a ? Json(*m.a) : Json();
            bool const alien = foreign(m.key, m.value);
            if (missing(m) && !excused(m)) {
                add(1, {{"key", m.key}, {"value", m.value}, {"offset", a}});
            }
            if (!alien && static_cast<Offset>(v.size()) > m.max) {
                add(2, {{"key", m.key}, {"value", m.value}, {"offsets", v}});
            }
            if (m.status == "FAILED" && !v.empty()) {
                add(3, {{"key", m.key}, {"value", m.value}, {"offset", *v.begin()}});
            }
            bool early = false;
            for (const Obs& o : all_obs) {
                early = early || (o.key == m.key && o.value == m.value && o.pos < m.inv);
            }
            if (realtime && m.has_inv && early && !v.empty() && !alien) {
                add(6, {{"key", m.key}, {"value", m.value}, {"offset", *v.begin()}});
            }
            if (in_A(m) && !v.empty() && !v.contains(*m.a) &&
                (m.max == 1 || (drained(m.key) ? *m.a >= start(m.key) : overtaken(m.key, *m.a)))) {
                add(9, {{"key", m.key}, {"value", m.value}, {"acked", a}, {"found", v}});
            }
            if (realtime && m.status != "FAILED" && m.has_inv && low(m)) {
                Offset floor = -1;
                for (const Msg& other : msgs) {
                    if (other.key == m.key && in_A(other) && !excused(other) &&
                        other.done < m.inv) {
                        floor = std::max(floor, *other.a);
                    }
                }
                for (const Obs& o : obs) {
                    if (o.key == m.key && o.pos < m.inv && !budget_after(o.pos, o.key)) {
                        floor = std::max(floor, o.offset);
                    }
                }
                if (*low(m) <= floor) {
                    add(10, {{"key", m.key},
                             {"value", m.value},
                             {"offset", *low(m)},
                             {"floor", floor}});
                }
            }
            if (!alien && v.size() > 1 && static_cast<Offset>(v.size()) <= m.max) {
                add(23, {{"key", m.key}, {"value", m.value}, {"offsets", v}});
            }
            bool const there = drained(m.key) ? value_in_drain(m.key, m.value) : !v.empty();
            if (m.status == "INDETERMINATE" && there) {
                add(24, {{"key", m.key}, {"value", m.value}});
            }
            if ((missing(m) && excused(m)) || (m.handed && drained(m.key) && !there)) {
                add(25, {{"key", m.key}, {"value", m.value}});
            }
            if (m.status == "ACKED" && !missing(m) && v.empty() &&
                (!drained(m.key) || (!m.a && start(m.key) > 0))) {
                add(26, {{"key", m.key}, {"value", m.value}, {"offset", a}});
            }
            if (realtime && m.status == "ACKED" && m.acks == "all" && m.a) {
                ack_before_durable(m);
            }
        }
        for (const auto& [key, value] : visible()) {
            if (msg(key, value) != nullptr) {
                continue;
            }
            std::set<std::string> sent;
            for (const Msg& m : msgs) {
                if (m.value == value) {
                    sent.insert(m.key);
                }
            }
            Offset const first = *V(key, value).begin();
            if (sent.empty()) {
                add(4, {{"key", key}, {"value", value}, {"offset", first}});
            } else {
                add(5, {{"key", key},
                        {"sent_key", *sent.begin()},
                        {"value", value},
                        {"offset", first}});
            }
        }
    }

    std::string end_name() const {
        return get(config, "durable", "flushed") == "leo" ? "leo" : "flushed";
    }
    Offset need() const { return get(config, "required_acks", 1).get<Offset>(); }
    /// The end of a node of a key as recorded before `pos`.
    std::optional<Offset> end_at(const std::string& key, const Json& node, int pos) const {
        std::optional<Offset> last;
        for (int p = 0; p < pos; ++p) {
            const Json& op = ops[static_cast<std::size_t>(p)];
            if (op["process"] == "sim" && op["f"] == "leo" && op["key"] == key &&
                op["node"] == node) {
                last = op[end_name()].get<Offset>();
            }
        }
        return last;
    }
    std::set<Json> leo_nodes(const std::string& key, int before) const {
        std::set<Json> nodes;
        for (int p = 0; p < before; ++p) {
            const Json& op = ops[static_cast<std::size_t>(p)];
            if (op["process"] == "sim" && op["f"] == "leo" && op["key"] == key) {
                nodes.insert(op["node"]);
            }
        }
        return nodes;
    }
    void ack_before_durable(const Msg& m) {
        auto const nodes = leo_nodes(m.key, m.done);
        if (nodes.empty() || budget_before(m.done, m.key)) {
            return;
        }
        Offset have = 0;
        for (const Json& node : nodes) {
            bool held = false;
            // The value in force at a position is the one recorded up to it.
            for (int p = std::max(m.inv, 0); p <= m.done; ++p) {
                auto const end = end_at(m.key, node, p + 1);
                held = held || (end && *end > *m.a);
            }
            have += held ? 1 : 0;
        }
        if (have < need()) {
            add(19, {{"key", m.key},
                     {"value", m.value},
                     {"offset", *m.a},
                     {"have", have},
                     {"need", need()}});
        }
    }

    void offset_rules() {
        for (const auto& key : keys) {
            for (Offset const o : corrupt(key)) {
                add(7, {{"key", key}, {"offset", o}});
            }
            std::set<Pair> said = O(key);
            for (const Msg& m : msgs) {
                if (m.key == key && in_A(m)) {
                    said.insert({*m.a, m.value});
                }
            }
            if (drained(key)) {
                for (const auto& c : get(drains.at(key), "control", Json::array())) {
                    said.insert({c.get<Offset>(), nullptr});
                }
            }
            std::map<Offset, std::set<Json>> by_offset;
            for (const auto& [offset, value] : said) {
                by_offset[offset].insert(value);
            }
            for (const auto& [offset, values] : by_offset) {
                if (values.size() >= 2) {
                    add(8, {{"key", key}, {"offset", offset}, {"values", values}});
                }
            }
            if (drained(key)) {
                drained_rules(key);
            }
        }
    }

    void drained_rules(const std::string& key) {
        const auto& records = drains.at(key)["records"];
        if (get(config, "contiguous", true).get<bool>()) {
            std::optional<Offset> first;
            for (Offset o = start(key); o <= end(key); ++o) {
                bool const there = o == end(key) || lists(key, "control", o) ||
                                   lists(key, "corrupt", o) ||
                                   std::any_of(records.begin(), records.end(),
                                               [&](const Json& r) { return r[0] == o; });
                if (!there && !first) {
                    first = o;
                }
                if (there && first) {
                    add(14, {{"key", key}, {"first", *first}, {"last", o - 1}});
                    first.reset();
                }
            }
        }
        std::set<Pair> lost;
        for (const Obs& o : obs) {
            if (o.key == key && !foreign(key, o.value) && o.offset >= start(key) &&
                !value_in_drain(key, o.value)) {
                lost.insert({o.offset, o.value});
            }
        }
        for (const auto& [offset, value] : lost) {
            add(15, {{"key", key}, {"value", value}, {"offset", offset}});
        }
        for (const auto& r : records) {
            if (r[0].get<Offset>() >= end(key)) {
                add(16, {{"key", key}, {"value", r[1]}, {"offset", r[0]}, {"hw", end(key)}});
            }
        }
    }

    void producer_rules() {
        std::set<std::pair<std::size_t, std::size_t>> pairs;
        auto const usable = [&](const Msg& m) { return m.status != "FAILED" && low(m); };
        std::map<Json, std::vector<std::pair<Json, std::size_t>>> groups;
        for (std::size_t i = 0; i < msgs.size(); ++i) {
            const Msg& m = msgs[i];
            if (m.idempotent && !m.seq.is_null() && usable(m)) {
                Json const who = m.pid.is_null() ? Json{"process", m.process} : Json{"pid", m.pid};
                groups[Json{m.key, who}].push_back({Json{m.epoch, m.seq, m.place}, i});
            }
        }
        std::map<std::pair<int, std::string>, std::vector<std::size_t>> in_op;
        for (std::size_t i = 0; i < msgs.size(); ++i) {
            const Msg& m = msgs[i];
            bool const single = get(config, "max_in_flight", 1) == 1 && m.status == "ACKED";
            if (usable(m) && (m.idempotent || single)) {
                in_op[{m.send, m.key}].push_back(i);
            }
        }
        auto const compare = [&](std::size_t first, std::size_t second) {
            const Msg& one = msgs[first];
            bool const seen = one.max == 1 || (drained(one.key) && start(one.key) == 0);
            if (*low(msgs[second]) <= *low(one) && seen) {
                pairs.insert({first, second});
            }
        };
        for (auto& [who, list] : groups) {
            std::sort(list.begin(), list.end(), [](const auto& x, const auto& y) {
                // Equal (epoch, seq, place) of two sends: in the order of the sends.
                return x.first != y.first ? x.first < y.first : x.second < y.second;
            });
            for (std::size_t i = 1; i < list.size(); ++i) {
                compare(list[i - 1].second, list[i].second);
            }
        }
        for (const auto& [where, list] : in_op) {
            for (std::size_t i = 1; i < list.size(); ++i) {
                compare(list[i - 1], list[i]);
            }
        }
        for (const auto& [first, second] : pairs) {
            add(11, {{"key", msgs[first].key},
                     {"first", msgs[first].value},
                     {"second", msgs[second].value},
                     {"offsets", Json{*low(msgs[first]), *low(msgs[second])}}});
        }
    }

    void poll_rules() {
        std::map<std::pair<Json, std::string>, Place> position;
        for (int pos = 0; pos < size(); ++pos) {
            const Json& op = ops[static_cast<std::size_t>(pos)];
            if (op["process"] == "sim" || !completed(op)) {
                continue;
            }
            if ((op["f"] == "assign" || op["f"] == "subscribe") && op["type"] != "fail") {
                bool const seek = !get(op, "seek").is_null();
                std::erase_if(position, [&](const auto& entry) {
                    const auto& list = op["keys"];
                    bool const kept =
                        std::find(list.begin(), list.end(), Json(entry.first.second)) != list.end();
                    return entry.first.first == op["process"] && (seek || !kept);
                });
            }
            if (op["f"] != "poll") {
                continue;
            }
            std::map<std::string, Offset> last_in_op;
            for (const auto& mop : op["mops"]) {
                for (const auto& [key, records] : members(mop, "records")) {
                    for (const auto& r : records) {
                        poll_record(pos, op, mop, key, r[0].get<Offset>(), r[1], last_in_op,
                                    position);
                        last_in_op[key] = r[0].get<Offset>();
                    }
                }
            }
            if (op["type"] == "ok") {
                for (const auto& [key, offset] : last_in_op) {
                    position[{op["process"], key}] = {offset, pos};
                }
            }
        }
    }

    struct Place {
        Offset offset;
        int pos;
    };
    void poll_record(int pos, const Json& op, const Json& mop, const std::string& key, Offset o,
                     const Json& value, const std::map<std::string, Offset>& last_in_op,
                     std::map<std::pair<Json, std::string>, Place> const& position) {
        Json const hw = get(get(mop, "hw", Json::object()), key.c_str());
        if (!hw.is_null() && o >= hw.get<Offset>()) {
            add(16, {{"key", key}, {"value", value}, {"offset", o}, {"hw", hw}});
        }
        std::optional<Offset> prev;
        int since = pos;
        Json const from = get(get(mop, "from", Json::object()), key.c_str());
        if (last_in_op.contains(key)) {
            prev = last_in_op.at(key);
        } else if (position.contains({op["process"], key})) {
            prev = position.at({op["process"], key}).offset;
            since = position.at({op["process"], key}).pos;
        } else if (!from.is_null()) {
            prev = from.get<Offset>() - 1;
        }
        if (!prev) {
            return;
        }
        if (o <= *prev) {
            add(12, {{"key", key}, {"process", op["process"]}, {"from", *prev}, {"to", o}});
            return;
        }
        std::set<Offset> skipped = known(key);
        std::erase_if(skipped, [&](Offset k) { return k <= *prev || k >= o; });
        if (!skipped.empty() && !budget_after(since, key) &&
            !is_void({pos, op["type"], key, o, value})) {
            add(13, {{"key", key},
                     {"process", op["process"]},
                     {"from", *prev},
                     {"to", o},
                     {"skipped", skipped}});
        }
    }

    struct Shown {
        int pos;
        int asked;
        std::string key;
        Offset hw;
        Json epoch;
        Json node;
    };

    std::vector<Shown> all_shown() const {
        std::vector<Shown> shown;
        for (int pos = 0; pos < size(); ++pos) {
            const Json& op = ops[static_cast<std::size_t>(pos)];
            if (op["process"] == "drain" || (op["process"] == "sim" && op["f"] == "hw")) {
                shown.push_back({pos, pos, op["key"], op["hw"].get<Offset>(), get(op, "epoch"),
                                 get(op, "node")});
            } else if (op["process"] != "sim" && op["f"] == "poll" && completed(op)) {
                for (const auto& mop : op["mops"]) {
                    for (const auto& [key, hw] : members(mop, "hw")) {
                        shown.push_back({pos, poll_inv.at(pos), key, hw.get<Offset>(),
                                         get(get(mop, "epoch", Json::object()), key.c_str()),
                                         nullptr});
                    }
                }
            }
        }
        return shown;
    }

    void watermark_rules() {
        auto const shown = all_shown();
        for (const Shown& x : shown) {
            std::optional<Offset> largest;
            bool above_all = true;
            for (const Shown& y : shown) {
                if (y.key != x.key || budget_between(y.pos, x.pos, x.key)) {
                    continue;
                }
                bool const comparable =
                    x.epoch.is_null() || y.epoch.is_null() || y.epoch <= x.epoch;
                if (y.pos < x.asked && comparable) {
                    largest = std::max(largest.value_or(y.hw), y.hw);
                }
                above_all = above_all && (y.pos >= x.pos || y.hw < x.hw);
            }
            if (largest && x.hw < *largest) {
                add(17, {{"key", x.key}, {"from", *largest}, {"to", x.hw}});
            }
            auto const nodes = leo_nodes(x.key, x.pos);
            if (x.node.is_null() || !above_all || nodes.empty() || budget_before(x.pos, x.key)) {
                continue;
            }
            Offset have = 0;
            for (const Json& node : nodes) {
                have += *end_at(x.key, node, x.pos) >= x.hw ? 1 : 0;
            }
            if (have < need()) {
                add(18, {{"key", x.key},
                         {"node", x.node},
                         {"hw", x.hw},
                         {"have", have},
                         {"need", need()}});
            }
        }
    }

    void truncation_rule() {
        for (int pos = 0; pos < size(); ++pos) {
            const Json& op = ops[static_cast<std::size_t>(pos)];
            if (op["process"] != "sim" || op["f"] != "leo" || budget_before(pos, op["key"])) {
                continue;
            }
            std::optional<Offset> flushed;
            std::optional<Offset> shown;
            for (int p = 0; p < pos; ++p) {
                const Json& past = ops[static_cast<std::size_t>(p)];
                if (past["process"] != "sim" || get(past, "node") != op["node"]) {
                    continue;
                }
                if (past["f"] == "crash" &&
                    (get(past, "disk") == "wiped" || get(past, "disk") == "damaged")) {
                    shown.reset();
                } else if (past["f"] == "leo" && past["key"] == op["key"]) {
                    flushed = past["flushed"].get<Offset>();
                } else if (past["f"] == "hw" && past["key"] == op["key"]) {
                    Offset const hw = past["hw"].get<Offset>();
                    shown = std::max(shown.value_or(hw), hw);
                }
            }
            if (flushed && shown && op["flushed"].get<Offset>() < std::min(*flushed, *shown)) {
                add(21, {{"key", op["key"]},
                         {"node", op["node"]},
                         {"from", std::min(*flushed, *shown)},
                         {"to", op["flushed"]}});
            }
        }
    }

    void replica_rule() {
        std::map<std::pair<std::string, Json>, Json> dumps;
        for (const auto& op : ops) {
            if (op["process"] == "sim" && op["f"] == "replica") {
                dumps[{op["key"], op["node"]}] = op;
            }
        }
        for (const auto& [one, a] : dumps) {
            for (const auto& [two, b] : dumps) {
                if (one.first != two.first || !(one.second < two.second) ||
                    budget_after(-1, one.first)) {
                    continue;
                }
                Offset const from = std::max(a["start"].get<Offset>(), b["start"].get<Offset>());
                Offset const to = std::min(a["hw"].get<Offset>(), b["hw"].get<Offset>());
                for (Offset o = from; o < to; ++o) {
                    auto const at = [o](const Json& dump) {
                        std::multiset<Json> found;
                        for (const auto& e : dump["entries"]) {
                            if (e[0] == o) {
                                found.insert(Json{e[1], e[2]});
                            }
                        }
                        return found;
                    };
                    if (at(a) != at(b)) {
                        add(20, {{"key", one.first},
                                 {"offset", o},
                                 {"nodes", Json{one.second, two.second}}});
                    }
                }
            }
        }
    }

    void batch_rule() {
        for (std::size_t s = 0; s < sends.size(); ++s) {
            std::vector<Msg const*> members;
            for (const Msg& m : msgs) {
                if (m.send == static_cast<int>(s) && m.batch && m.status != "FAILED") {
                    members.push_back(&m);
                }
            }
            if (members.empty()) {
                continue;
            }
            const std::string& key = members[0]->key;
            if (std::any_of(members.begin(), members.end(),
                            [&](const Msg* m) { return m->key != key; })) {
                continue;
            }
            auto const base_min = [&](const Msg& m) {
                std::optional<Offset> least;
                auto const take = [&](Offset o) { least = std::min(least.value_or(o), o); };
                if (drained(key)) {
                    for (const auto& r : drains.at(key)["records"]) {
                        if (r[1] == m.value) {
                            take(r[0].get<Offset>());
                        }
                    }
                } else {
                    for (const Obs& o : obs) {
                        if (o.key == key && o.value == m.value) {
                            take(o.offset);
                        }
                    }
                }
                return least;
            };
            std::optional<std::size_t> i0;
            for (std::size_t i = 0; i < members.size() && !i0; ++i) {
                if (base_min(*members[i])) {
                    i0 = i;
                }
            }
            if (!i0) {
                continue;
            }
            Json present = Json::array();
            Json missing_list = Json::array();
            bool displaced = false;
            for (std::size_t i = 0; i < members.size(); ++i) {
                Offset const e =
                    *base_min(*members[*i0]) + static_cast<Offset>(i) - static_cast<Offset>(*i0);
                auto const at = base_min(*members[i]);
                if (at) {
                    present.push_back(members[i]->value);
                    bool const cut = drained(key) && *at - static_cast<Offset>(i) < start(key);
                    displaced = displaced || (*at != e && !cut);
                } else if (drained(key) ? e >= start(key) : overtaken(key, e)) {
                    missing_list.push_back(members[i]->value);
                }
            }
            if (!missing_list.empty() || displaced) {
                add(22, {{"key", key}, {"present", present}, {"missing", missing_list}});
            }
        }
    }

    void vacuous() {
        bool any = !anomalies.empty() || !all_obs.empty();
        for (const Msg& m : msgs) {
            any = any || m.status == "ACKED";
        }
        for (const auto& [key, drain] : drains) {
            any = any || !drain["records"].empty();
        }
        if (!any) {
            add(27, {});
        }
    }

    std::string accounting() const {
        std::map<std::string, Offset> n;
        for (const auto& op : ops) {
            static const std::set<std::string> judged{"crash",     "restart", "leader",
                                                      "partition", "heal",    "hw",
                                                      "leo",       "replica", "budget_exceeded"};
            n["ignored"] += op["process"] == "sim" && !judged.contains(op["f"]) ? 1 : 0;
        }
        n["ops"] = size();
        for (const SendOp& send : sends) {
            ++n["send_ops"];
            n["attempts"] += get(send.fields, "attempts", 1).get<Offset>();
        }
        for (const Msg& m : msgs) {
            ++n["sends"];
            ++n[m.status == "ACKED"    ? "acked"
                : m.status == "FAILED" ? "failed"
                : m.handed             ? "handed"
                                       : "indeterminate"];
            if (m.status != "ACKED") {
                continue;
            }
            auto const v = V(m.key, m.value);
            bool const found = drained(m.key) ? value_in_drain(m.key, m.value) : !v.empty();
            bool const unseen = v.empty() && (!drained(m.key) || (!m.a && start(m.key) > 0));
            ++n[found                      ? "acked_found_2"
                : missing(m) && excused(m) ? "excused"
                : missing(m)               ? "lost"
                : unseen                   ? "unseen"
                                           : "below_start"];
        }
        for (const auto& key : keys) {
            std::map<Json, Offset> copies;
            if (drained(key)) {
                std::set<Pair> pairs;
                for (const auto& r : drains.at(key)["records"]) {
                    pairs.insert({r[0].get<Offset>(), r[1]});
                }
                for (const auto& [offset, value] : pairs) {
                    ++copies[value];
                }
            } else {
                for (const auto& [offset, value] : O(key)) {
                    ++copies[value];
                }
            }
            for (const auto& [value, count] : copies) {
                const Msg* m = msg(key, value);
                n["records"] += count;
                ++n["unique"];
                n["extra_copies"] += count - 1;
                Offset const legal = foreign(key, value) ? 0 : std::min(count, m->max) - 1;
                n["extra_legal"] += legal;
                n["extra_illegal"] += count - 1 - legal;
                bool const sent_at_all = std::any_of(
                    msgs.begin(), msgs.end(), [&](const Msg& x) { return x.value == value; });
                ++n[m == nullptr            ? (sent_at_all ? "misplaced" : "phantom")
                    : m->status == "ACKED"  ? "acked_found"
                    : m->status == "FAILED" ? "aborted"
                                            : "recovered"];
            }
        }
        if (n["acked_found"] != n["acked_found_2"]) {
            return "the reference does not balance";
        }
        n["keys"] = static_cast<Offset>(keys.size());
        n["drained"] = static_cast<Offset>(drains.size());
        std::istringstream names{
            "ops send_ops attempts sends acked handed failed indeterminate records unique "
            "extra_copies extra_legal extra_illegal acked_found recovered aborted misplaced "
            "phantom lost excused below_start unseen keys drained ignored"};
        std::string out;
        for (std::string name; names >> name;) {
            out += (out.empty() ? "" : ",") + Json(name).dump() + ":" + std::to_string(n[name]);
        }
        return out;
    }

    static std::string print(std::vector<Found>& list) {
        std::sort(list.begin(), list.end(), [](const Found& x, const Found& y) {
            if (x.rule != y.rule) {
                return x.rule < y.rule;
            }
            Json left = Json::array();
            Json right = Json::array();
            for (const auto& field : x.fields) {
                left.push_back(field.second);
            }
            for (const auto& field : y.fields) {
                right.push_back(field.second);
            }
            return left < right;
        });
        std::string out;
        for (const Found& found : list) {
            out += (out.empty() ? "" : ",") +
                   ("{\"code\":\"" + codes[static_cast<std::size_t>(found.rule)] + "\"");
            for (const auto& [name, value] : found.fields) {
                out += ",\"" + name + "\":" + value.dump();
            }
            out += "}";
        }
        return out;
    }

    void collect_keys() {
        for (const auto& op : ops) {
            static const std::set<std::string> keyed{"leader",          "hw",  "leo",  "replica",
                                                     "budget_exceeded", "end", "drain"};
            if (keyed.contains(op["f"]) && !get(op, "key").is_null()) {
                keys.insert(op["key"].get<std::string>());
            }
            if (op["process"] == "sim") {
                continue;
            }
            for (const auto& key : get(op, "keys", Json::array())) {
                keys.insert(key.get<std::string>());
            }
            for (const auto& mop : get(op, "mops", Json::array())) {
                if (mop["f"] == "send") {
                    keys.insert(mop["key"].get<std::string>());
                }
                for (const auto* map : {"records", "hw", "from", "epoch", "corrupt"}) {
                    if (mop["f"] == "poll") {
                        for (const auto& [key, any] : members(mop, map)) {
                            keys.insert(key);
                        }
                    }
                }
            }
        }
    }

    std::string run(const std::string& text) {
        std::istringstream in{text};
        std::string line;
        std::getline(in, line);
        config = Json::parse(line)["config"];
        realtime = get(config, "realtime", true).get<bool>();
        while (std::getline(in, line)) {
            ops.push_back(Json::parse(line));
        }
        pair();
        list_messages();
        if (double_send()) {
            return "malformed";
        }
        collect_keys();
        observe();
        message_rules();
        offset_rules();
        producer_rules();
        poll_rules();
        if (realtime) {
            watermark_rules();
            truncation_rule();
        }
        replica_rule();
        batch_rule();
        vacuous();
        bool unseen_or_vacuous = false;
        for (const Found& note : notes) {
            unseen_or_vacuous = unseen_or_vacuous || note.rule >= 26;
        }
        std::string const verdict = !anomalies.empty()  ? "FAIL"
                                    : unseen_or_vacuous ? "INCONCLUSIVE"
                                                        : "PASS";
        return "{\"v\":1,\"verdict\":\"" + verdict + "\",\"anomalies\":[" + print(anomalies) +
               "],\"notes\":[" + print(notes) + "],\"accounting\":{" + accounting() + "}}";
    }
};

}  // namespace

std::string reference_judge(const std::string& history) {
    return Reference{}.run(history);
}

}  // namespace brokersim::tests
