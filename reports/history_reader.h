// The reader of brokersim-history/1, whose parts stand in several files: lines, header and what
// clients did in history_read.cpp, what happened to the cluster in history_read_world.cpp. Only
// they include this; nlohmann/json and its exceptions go no further.
#pragma once

#include "reports/history_json.h"
#include "reports/json_fields.h"

#include <algorithm>
#include <array>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brokersim::reports {

struct KindName {
    std::string_view name;
    OpKind kind;
};
template <std::size_t N>
std::optional<OpKind> find_kind(const std::array<KindName, N>& kinds, std::string_view name) {
    auto const found = std::find_if(kinds.begin(), kinds.end(),
                                    [&](const KindName& kind) { return kind.name == name; });
    return found == kinds.end() ? std::nullopt : std::optional{found->kind};
}

class HistoryReader {
public:
    explicit HistoryReader(std::string_view file) : file_{file} {}

    tl::expected<History, ReadError> read(std::istream& in);

private:
    tl::unexpected<ReadError> malformed(std::uint32_t line, std::string_view what) const;
    std::optional<ReadError> read_line(const std::string& line);
    void read_header(const json_fields::Json& json);
    void read_config(const json_fields::Json& json);
    void read_op(const json_fields::Json& json);
    static OpType parse_type(const json_fields::Json& json);
    ValueId value(const json_fields::Json& json);
    static std::int64_t value_number(const json_fields::Json& json);
    KeyId key(const json_fields::Json& json) {
        return history_.names.key(json_fields::text(json, "key"));
    }

    void refuse_drained(KeyId key) const;
    void read_client_op(const json_fields::Json& json, const std::string& f);
    void read_send(const json_fields::Json& json);
    static std::uint32_t optional_count(const json_fields::Json& json, const char* name);
    std::vector<Record> records(const json_fields::Json& json);
    static std::vector<std::int64_t> offsets(const json_fields::Json& parent, const char* name);

    /// What one mop says of one key, until all its objects have been seen.
    struct Part {
        std::int64_t hw = absent;
        std::int64_t from = absent;
        std::int64_t epoch = absent;
        std::vector<Record> records;
        std::vector<std::int64_t> corrupt;
        bool has_records = false;
    };
    void read_poll(const json_fields::Json& json);
    void read_poll_mop(const json_fields::Json& mop, std::uint32_t number);
    void read_assign(const json_fields::Json& json, OpKind kind);
    void read_drain(const json_fields::Json& json, const std::string& f);
    std::uint32_t node(const json_fields::Json& json) const;
    static Disk disk(const json_fields::Json& json);
    KeyId optional_key(const json_fields::Json& json);
    void read_sim_op(const json_fields::Json& json, const std::string& f);

    /// An `end` op of another shape is some other observation, which is nobody's mistake.
    void read_end(const json_fields::Json& json);
    static std::vector<std::uint32_t> nodes(const json_fields::Json& json);
    void read_replica(const json_fields::Json& json);

    std::string file_;
    History history_;
    std::vector<std::uint32_t> lines_of_ops_;
    std::vector<bool> drained_;  // by key
    std::uint32_t line_ = 0;
    std::int64_t ops_promised_ = absent;
    bool has_header_ = false;
    bool transactional_ = false;
    // Of the op being read.
    OpType type_ = OpType::info;
    ProcessId process_ = 0;
    std::int64_t time_ = absent;
};

}  // namespace brokersim::reports
