// One escape per place.
#include "reports/escape.h"

#include <fmt/core.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace brokersim::reports {
namespace {

/// XML 1.0 allows tab, line feed, carriage return and everything from 0x20 on; of UTF-8 bytes only
/// what decodes is kept elsewhere, so here bytes above 0x7f pass.
bool xml_allows(unsigned char c) {
    return c >= 0x20 || c == '\t' || c == '\n' || c == '\r';
}

}  // namespace

std::string clean_utf8(std::string_view text) {
    nlohmann::json const value = std::string{text};
    std::string const dumped = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return nlohmann::json::parse(dumped).get<std::string>();
}

std::string escape_xml(std::string_view text) {
    std::string out;
    for (char const c : clean_utf8(text)) {
        switch (c) {
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '&':
                out += "&amp;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&apos;";
                break;
            default:
                if (xml_allows(static_cast<unsigned char>(c))) {
                    out += c;
                }
        }
    }
    return out;
}

std::string escape_markdown(std::string_view text) {
    std::string out;
    for (char const c : clean_utf8(text)) {
        if (c == '\n' || c == '\r') {
            out += ' ';
        } else if (c == '<') {
            out += "&lt;";
        } else if (c == '&') {
            out += "&amp;";
        } else {
            if (std::string_view{"\\`*_{}[]()#+!|>~@"}.find(c) != std::string_view::npos) {
                out += '\\';
            }
            if (static_cast<unsigned char>(c) >= 0x20) {
                out += c;
            }
        }
    }
    return out;
}

std::string escape_annotation(std::string_view text, bool property) {
    std::string out;
    for (char const c : clean_utf8(text)) {
        if (c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ','))) {
            fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
        } else {
            out += c;
        }
    }
    return out;
}

std::string shell_quoted(std::string_view text) {
    bool const plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view{"/._-+=:@,"}.find(c) != std::string_view::npos;
    });
    if (plain) {
        return std::string{text};
    }
    std::string quoted = "'";
    for (char const c : text) {
        quoted += c == '\'' ? std::string{"'\\''"} : std::string{c};
    }
    return quoted + "'";
}

}  // namespace brokersim::reports
