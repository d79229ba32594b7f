// Result lines, written and read.
#include "reports/results.h"

#include "broker_core/base/hash.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace brokersim::reports {
namespace {

using Json = nlohmann::ordered_json;

std::string hex(std::uint64_t value) {
    return fmt::format("{:#x}", value);
}

std::uint64_t from_hex(const std::string& text) {
    std::uint64_t value = 0;
    std::size_t const skip = text.starts_with("0x") ? 2 : 0;
    std::from_chars(text.data() + skip, text.data() + text.size(), value, 16);
    return value;
}

std::string line_of(const Json& object) {
    return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json head(std::string_view type) {
    return Json{{"v", 1}, {"type", std::string{type}}};
}

SeedResult seed_of(const Json& json) {
    SeedResult seed;
    seed.scenario = json.at("scenario").get<std::string>();
    seed.scenario_hash = json.at("scenario_hash").get<std::string>();
    seed.mutant = json.value("mutant", "");
    seed.k = json.value("k", std::uint64_t{0});
    seed.seed = from_hex(json.at("seed").get<std::string>());
    seed.verdict = json.at("verdict").get<std::string>();
    seed.expected = json.value("expected", false);
    seed.violated = json.at("violated").get<std::vector<std::string>>();
    seed.signature = json.at("signature").get<std::string>();
    seed.summary = json.value("summary", "");
    seed.trace_hash = from_hex(json.at("trace_hash").get<std::string>());
    seed.events = json.at("events").get<std::uint64_t>();
    seed.virtual_ns = json.at("virtual_ns").get<std::int64_t>();
    seed.found_ns = json.value("found_ns", std::int64_t{0});
    seed.wall_ns = json.value("wall_ns", std::int64_t{0});
    seed.acked = json.value("acked", std::int64_t{0});
    seed.lost = json.value("lost", std::int64_t{0});
    seed.duplicated = json.value("duplicated", std::int64_t{0});
    for (const auto& [kind, counts] : json.at("faults").items()) {
        seed.faults[kind] = {counts.at(0).get<std::uint64_t>(), counts.at(1).get<std::uint64_t>()};
    }
    seed.probes = json.at("probes").get<std::vector<std::uint32_t>>();
    return seed;
}

ChunkResult chunk_of(const Json& json) {
    ChunkResult chunk;
    chunk.scenario = json.at("scenario").get<std::string>();
    chunk.scenario_hash = json.at("scenario_hash").get<std::string>();
    chunk.mutant = json.at("mutant").get<std::string>();
    chunk.chunk = json.at("chunk").get<std::uint64_t>();
    chunk.seeds = json.at("seeds").get<std::uint64_t>();
    chunk.passed = json.at("pass").get<std::uint64_t>();
    chunk.failed = json.at("fail").get<std::uint64_t>();
    chunk.voided = json.at("void").get<std::uint64_t>();
    chunk.inconclusive = json.at("inconclusive").get<std::uint64_t>();
    chunk.expected = json.at("expected").get<std::uint64_t>();
    chunk.fold = from_hex(json.at("fold").get<std::string>());
    chunk.events = json.at("events").get<std::uint64_t>();
    chunk.virtual_ns = json.at("virtual_ns").get<std::int64_t>();
    chunk.wall_ns = json.value("wall_ns", std::int64_t{0});
    chunk.acked = json.at("acked").get<std::int64_t>();
    for (const auto& [kind, sums] : json.at("faults").items()) {
        chunk.faults[kind] =
            FaultSums{sums.at(0).get<std::uint64_t>(), sums.at(1).get<std::uint64_t>(),
                      sums.at(2).get<std::uint64_t>(), sums.at(3).get<std::uint64_t>()};
    }
    chunk.probes = json.at("probes").get<std::vector<std::uint32_t>>();
    return chunk;
}

}  // namespace

std::string to_json(const Manifest& manifest) {
    Json scenarios = Json::array();
    for (const CampaignScenario& one : manifest.scenarios) {
        scenarios.push_back({{"name", one.name},
                             {"path", one.path},
                             {"hash", one.hash},
                             {"mutant", one.mutant},
                             {"expects", one.expects},
                             {"weight", one.weight},
                             {"seeds_first", one.seeds_first},
                             {"drawn", one.drawn}});
    }
    Json const object = {{"v", 1},
                         {"campaign_seed", hex(manifest.campaign_seed)},
                         {"seeds", manifest.seeds},
                         {"shard", manifest.shard},
                         {"shards", manifest.shards},
                         {"source", manifest.source},
                         {"commit", manifest.commit},
                         {"dirty", manifest.dirty},
                         {"build", manifest.build},
                         {"canaries", manifest.canaries},
                         {"scenarios", scenarios}};
    return object.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

tl::expected<Manifest, std::string> parse_manifest(std::string_view json) {
    try {
        Json const object = Json::parse(json);
        Manifest manifest;
        if (object.at("v").get<int>() != 1) {
            return tl::unexpected(std::string{"a version of the format that is unknown here"});
        }
        manifest.campaign_seed = from_hex(object.at("campaign_seed").get<std::string>());
        manifest.seeds = object.at("seeds").get<std::uint64_t>();
        manifest.shard = object.at("shard").get<std::uint32_t>();
        manifest.shards = object.at("shards").get<std::uint32_t>();
        manifest.source = object.at("source").get<std::string>();
        manifest.commit = object.at("commit").get<std::string>();
        manifest.dirty = object.at("dirty").get<bool>();
        manifest.build = object.at("build").get<std::string>();
        manifest.canaries = object.at("canaries").get<bool>();
        for (const Json& one : object.at("scenarios")) {
            manifest.scenarios.push_back(CampaignScenario{
                one.at("name").get<std::string>(), one.at("path").get<std::string>(),
                one.at("hash").get<std::string>(), one.at("mutant").get<std::string>(),
                one.at("expects").get<std::string>(), one.at("weight").get<std::uint64_t>(),
                one.at("seeds_first").get<std::uint64_t>(), one.at("drawn").get<bool>()});
        }
        if (manifest.shards == 0 || manifest.shard >= manifest.shards ||
            manifest.scenarios.empty()) {
            return tl::unexpected(std::string{"a shard that cannot be, or no scenario"});
        }
        return manifest;
    } catch (const Json::exception& error) {
        return tl::unexpected(std::string{error.what()});
    }
}

std::string to_json(const SeedResult& result, bool wall) {
    Json json = head("seed");
    json["scenario"] = result.scenario;
    json["scenario_hash"] = result.scenario_hash;
    json["mutant"] = result.mutant;
    json["k"] = result.k;
    json["seed"] = hex(result.seed);
    json["verdict"] = result.verdict;
    json["expected"] = result.expected;
    json["violated"] = result.violated;
    json["signature"] = result.signature;
    json["summary"] = result.summary;
    json["trace_hash"] = fmt::format("{:016x}", result.trace_hash);
    json["events"] = result.events;
    json["virtual_ns"] = result.virtual_ns;
    if (result.found_ns != 0) {
        json["found_ns"] = result.found_ns;
    }
    if (wall) {
        json["wall_ns"] = result.wall_ns;
    }
    json["acked"] = result.acked;
    json["lost"] = result.lost;
    json["duplicated"] = result.duplicated;
    json["faults"] = Json::object();
    for (const auto& [kind, counts] : result.faults) {
        json["faults"][kind] = {counts.first, counts.second};
    }
    json["probes"] = result.probes;
    return line_of(json);
}

void ChunkResult::add(const SeedResult& seed) {
    ++seeds;
    passed += seed.verdict == "pass" ? 1U : 0U;
    failed += seed.verdict == "fail" ? 1U : 0U;
    voided += seed.verdict == "void" ? 1U : 0U;
    inconclusive += seed.verdict == "inconclusive" ? 1U : 0U;
    expected += seed.expected ? 1U : 0U;
    fold = broker::fold64(fold, seed.trace_hash);
    events += seed.events;
    virtual_ns += seed.virtual_ns;
    wall_ns += seed.wall_ns;
    acked += seed.acked;
    for (const auto& [kind, counts] : seed.faults) {
        FaultSums& sums = faults[kind];
        sums.scheduled += counts.first;
        sums.effective += counts.second;
        sums.seeds += counts.first > 0 ? 1U : 0U;
        sums.seeds_effective += counts.second > 0 ? 1U : 0U;
    }
    for (std::uint32_t const probe : seed.probes) {
        auto const at = std::lower_bound(probes.begin(), probes.end(), probe);
        if (at == probes.end() || *at != probe) {
            probes.insert(at, probe);
        }
    }
}

std::string to_json(const ChunkResult& result, bool wall) {
    Json json = head("chunk");
    json["scenario"] = result.scenario;
    json["scenario_hash"] = result.scenario_hash;
    json["mutant"] = result.mutant;
    json["chunk"] = result.chunk;
    json["seeds"] = result.seeds;
    json["pass"] = result.passed;
    json["fail"] = result.failed;
    json["void"] = result.voided;
    json["inconclusive"] = result.inconclusive;
    json["expected"] = result.expected;
    json["fold"] = fmt::format("{:016x}", result.fold);
    json["events"] = result.events;
    json["virtual_ns"] = result.virtual_ns;
    if (wall) {
        json["wall_ns"] = result.wall_ns;
    }
    json["acked"] = result.acked;
    json["faults"] = Json::object();
    for (const auto& [kind, sums] : result.faults) {
        json["faults"][kind] = {sums.scheduled, sums.effective, sums.seeds, sums.seeds_effective};
    }
    json["probes"] = result.probes;
    return line_of(json);
}

std::string to_json(const Recheck& recheck) {
    Json json = head("recheck");
    json["chunk"] = recheck.chunk;
    json["equal"] = recheck.equal;
    json["detail"] = recheck.detail;
    return line_of(json);
}

std::string to_json(const Trouble& trouble) {
    Json json = head("trouble");
    json["scenario"] = trouble.scenario;
    json["seed"] = hex(trouble.seed);
    json["what"] = trouble.what;
    return line_of(json);
}

std::string start_line(const Manifest& manifest, std::string_view host, std::int64_t pid,
                       std::uint32_t attempt) {
    Json json = head("start");
    json["campaign_seed"] = hex(manifest.campaign_seed);
    json["shard"] = manifest.shard;
    json["shards"] = manifest.shards;
    json["attempt"] = attempt;
    json["host"] = std::string{host};
    json["pid"] = pid;
    json["source"] = manifest.source;
    json["build"] = manifest.build;
    return line_of(json);
}

std::string end_line(std::string_view reason, std::uint64_t seeds) {
    Json json = head("end");
    json["reason"] = std::string{reason};
    json["seeds"] = seeds;
    return line_of(json);
}

ResultLine parse_result_line(std::string_view line) {
    ResultLine result;
    try {
        Json const json = Json::parse(line);
        if (json.at("v").get<int>() != 1) {
            return result;
        }
        std::string const type = json.at("type").get<std::string>();
        if (type == "seed") {
            result.seed = seed_of(json);
        } else if (type == "chunk") {
            result.chunk = chunk_of(json);
        } else if (type == "recheck") {
            result.recheck = Recheck{json.at("chunk").get<std::uint64_t>(),
                                     json.at("equal").get<bool>(), json.value("detail", "")};
        } else if (type == "trouble") {
            result.trouble =
                Trouble{json.at("scenario").get<std::string>(),
                        from_hex(json.at("seed").get<std::string>()), json.value("what", "")};
        } else if (type == "start") {
            result.source = json.at("source").get<std::string>();
            result.campaign_seed = json.at("campaign_seed").get<std::string>();
        } else if (type == "end") {
            result.reason = json.at("reason").get<std::string>();
        } else {
            return result;
        }
        result.type = type;
    } catch (const Json::exception&) {
        result = ResultLine{};
    }
    return result;
}

}  // namespace brokersim::reports
