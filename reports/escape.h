// Escapes: names and texts of any bytes, made safe for the place where they are written.
#pragma once

#include <string>
#include <string_view>

namespace brokersim::reports {

/// Valid UTF-8; bytes that are not become U+FFFD. Readers refuse whole files for one bad byte.
std::string clean_utf8(std::string_view text);
/// For text and attributes; what XML 1.0 forbids is left out.
std::string escape_xml(std::string_view text);
/// For one line of Markdown: nothing in it is markup, and it stays one line.
std::string escape_markdown(std::string_view text);
/// For a GitHub workflow command; property: between the words "::error" and "::".
std::string escape_annotation(std::string_view text, bool property);
/// One shell word.
std::string shell_quoted(std::string_view text);

}  // namespace brokersim::reports
