// Two tables, keyed so that a second writing changes nothing.
#include "reports/store.h"

#include <fmt/core.h>

#include <memory>
#include <sqlite3.h>

namespace brokersim::reports {
namespace {

struct Closer {
    void operator()(sqlite3* database) const { sqlite3_close(database); }
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, Closer>;

/// A prepared statement; values are bound in order, so no text is ever part of the SQL.
class Statement {
public:
    Statement(sqlite3* database, const char* sql) {
        sqlite3_stmt* raw = nullptr;
        ok_ = sqlite3_prepare_v2(database, sql, -1, &raw, nullptr) == SQLITE_OK;
        statement_.reset(raw);
    }
    Statement& bind(std::int64_t value) {
        ok_ = ok_ && sqlite3_bind_int64(statement_.get(), ++next_, value) == SQLITE_OK;
        return *this;
    }
    Statement& bind(const std::string& value) {
        ok_ =
            ok_ && sqlite3_bind_text(statement_.get(), ++next_, value.data(),
                                     static_cast<int>(value.size()), SQLITE_TRANSIENT) == SQLITE_OK;
        return *this;
    }
    bool run() {
        ok_ = ok_ && sqlite3_step(statement_.get()) == SQLITE_DONE;
        sqlite3_reset(statement_.get());
        next_ = 0;
        return ok_;
    }

private:
    std::unique_ptr<sqlite3_stmt, Closer> statement_;
    int next_ = 0;
    bool ok_ = false;
};

constexpr const char* schema =
    "CREATE TABLE IF NOT EXISTS chunk (chunk INTEGER PRIMARY KEY, scenario TEXT, scenario_hash "
    "TEXT, mutant TEXT, seeds INTEGER, pass INTEGER, fail INTEGER, void INTEGER, inconclusive "
    "INTEGER, fold TEXT, events INTEGER, virtual_ns INTEGER, acked INTEGER) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS seed (k INTEGER, scenario_hash TEXT, scenario TEXT, mutant TEXT, "
    "seed TEXT, verdict TEXT, signature TEXT, summary TEXT, trace_hash TEXT, events INTEGER, "
    "acked INTEGER, lost INTEGER, duplicated INTEGER, PRIMARY KEY (k, scenario_hash)) WITHOUT "
    "ROWID;"
    "CREATE INDEX IF NOT EXISTS seed_by_signature ON seed (signature, events);";

std::int64_t number(std::uint64_t value) {
    return static_cast<std::int64_t>(value);
}

bool fill(sqlite3* database, const Merge& merge) {
    Statement chunks{database, "INSERT OR IGNORE INTO chunk VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)"};
    for (const auto& [key, chunk] : merge.chunks()) {
        chunks.bind(number(key)).bind(chunk.scenario).bind(chunk.scenario_hash);
        chunks.bind(chunk.mutant).bind(number(chunk.seeds)).bind(number(chunk.passed));
        chunks.bind(number(chunk.failed)).bind(number(chunk.voided));
        chunks.bind(number(chunk.inconclusive)).bind(fmt::format("{:016x}", chunk.fold));
        chunks.bind(number(chunk.events)).bind(chunk.virtual_ns).bind(chunk.acked);
        if (!chunks.run()) {
            return false;
        }
    }
    Statement seeds{database, "INSERT OR IGNORE INTO seed VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)"};
    for (const SeedResult& seed : merge.seeds()) {
        seeds.bind(number(seed.k)).bind(seed.scenario_hash).bind(seed.scenario);
        seeds.bind(seed.mutant).bind(fmt::format("{:#x}", seed.seed)).bind(seed.verdict);
        seeds.bind(seed.signature).bind(seed.summary);
        seeds.bind(fmt::format("{:016x}", seed.trace_hash)).bind(number(seed.events));
        seeds.bind(seed.acked).bind(seed.lost).bind(seed.duplicated);
        if (!seeds.run()) {
            return false;
        }
    }
    return true;
}

}  // namespace

std::string write_store(const std::string& path, const Merge& merge) {
    sqlite3* raw = nullptr;
    int const opened = sqlite3_open(path.c_str(), &raw);
    Database const database{raw};
    if (opened != SQLITE_OK) {
        return fmt::format("{}: {}", path, sqlite3_errmsg(raw));
    }
    auto const run = [&](const char* sql) {
        return sqlite3_exec(raw, sql, nullptr, nullptr, nullptr) == SQLITE_OK;
    };
    if (!run("BEGIN IMMEDIATE") || !run(schema) || !fill(raw, merge) || !run("COMMIT")) {
        return fmt::format("{}: {}", path, sqlite3_errmsg(raw));
    }
    return "";
}

}  // namespace brokersim::reports
