// Reading known-findings.json.
#include "reports/known.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace brokersim::reports {
namespace {

bool is_date(std::string_view text) {
    return text.size() == 10 && text[4] == '-' && text[7] == '-' &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return c == '-' || (c >= '0' && c <= '9'); });
}

}  // namespace

tl::expected<std::vector<KnownFinding>, std::string> parse_known(std::string_view json) {
    nlohmann::json const array = nlohmann::json::parse(json, nullptr, false);
    if (!array.is_array()) {
        return tl::unexpected(std::string{"not a JSON array"});
    }
    std::vector<KnownFinding> list;
    for (std::size_t i = 0; i < array.size(); ++i) {
        KnownFinding known;
        if (!array[i].is_object()) {
            return tl::unexpected(fmt::format("entry {} is no object", i));
        }
        for (const auto& [key, value] : array[i].items()) {
            std::string* const field = key == "signature" ? &known.signature
                                       : key == "issue"   ? &known.issue
                                       : key == "until"   ? &known.until
                                       : key == "note"    ? &known.note
                                                          : nullptr;
            if (field == nullptr || !value.is_string()) {
                return tl::unexpected(
                    fmt::format("entry {}: \"{}\" is unknown, or no text", i, key));
            }
            *field = value.get<std::string>();
        }
        if (known.signature.empty() || !is_date(known.until)) {
            return tl::unexpected(
                fmt::format("entry {} needs a signature and a date \"until\", as 2026-03-31", i));
        }
        list.push_back(std::move(known));
    }
    return list;
}

}  // namespace brokersim::reports
