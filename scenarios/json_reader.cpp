// The events of nlohmann's SAX parser over an iterator that counts, because its DOM keeps the last
// of duplicate keys in silence, turns large integers into doubles, and has no positions.
#include "scenarios/json_reader.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>
#include <set>

namespace brokersim {
namespace {

/// Reads bytes and counts them in a place that all copies share: the parser copies its iterators.
class CountingIterator {
public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    CountingIterator(const char* at, std::size_t* count) : at_{at}, count_{count} {}

    reference operator*() const { return *at_; }
    CountingIterator& operator++() {
        ++at_;
        ++*count_;
        return *this;
    }
    CountingIterator operator++(int) {
        CountingIterator const before = *this;
        ++*this;
        return before;
    }
    friend bool operator!=(const CountingIterator& a, const CountingIterator& b) {
        return a.at_ != b.at_;
    }

private:
    const char* at_;
    std::size_t* count_;
};

bool is_number_character(char c) {
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/// Turns byte offsets into lines and columns. Offsets arrive in ascending order, but for one step
/// back to the start of a token, so it remembers where the last line began.
class Positions {
public:
    Positions(std::string_view text, std::uint32_t file) : text_{text}, file_{file} {
        if (text_.substr(0, 3) == "\xef\xbb\xbf") {
            line_begins_.push_back(3);
        } else {
            line_begins_.push_back(0);
        }
        for (std::size_t i = 0; i < text_.size(); ++i) {
            if (text_[i] == '\n') {
                line_begins_.push_back(i + 1);
            }
        }
    }

    /// The span of the bytes [begin, end), cut at the end of the line it begins on.
    [[nodiscard]] Span span(std::size_t begin, std::size_t end) {
        auto const after = std::upper_bound(line_begins_.begin(), line_begins_.end(), begin);
        std::size_t const index = after == line_begins_.begin()
                                      ? 0
                                      : static_cast<std::size_t>(after - line_begins_.begin()) - 1;
        std::size_t const line_end =
            index + 1 < line_begins_.size() ? line_begins_[index + 1] - 1 : text_.size();
        std::size_t const last = std::max(begin, std::min(end, line_end));
        return {.file = file_,
                .line = static_cast<std::uint32_t>(index + 1),
                .column = column(line_begins_[index], begin),
                .length = std::max(1U, characters(begin, last))};
    }

private:
    /// Column of the byte `at` of the line that begins at `line`, counted from the last answer if
    /// that was on this line: a megabyte on one line must not cost its square.
    std::uint32_t column(std::size_t line, std::size_t at) {
        if (known_line_ != line || known_at_ < line) {
            known_line_ = line;
            known_at_ = line;
            known_column_ = 1;
        }
        known_column_ = at >= known_at_ ? known_column_ + characters(known_at_, at)
                                        : known_column_ - characters(at, known_at_);
        known_at_ = at;
        return known_column_;
    }

    /// Code points among the bytes [begin, end): all but continuation bytes.
    [[nodiscard]] std::uint32_t characters(std::size_t begin, std::size_t end) const {
        std::uint32_t count = 0;
        for (std::size_t i = begin; i < end; ++i) {
            count += (static_cast<unsigned char>(text_[i]) & 0xc0U) != 0x80U ? 1U : 0U;
        }
        return count;
    }

    std::size_t known_line_ = 0;
    std::size_t known_at_ = 0;
    std::uint32_t known_column_ = 1;
    std::string_view text_;
    std::uint32_t file_;
    std::vector<std::size_t> line_begins_;
};

/// Builds the tree. In each callback `count_` says how far the parser has read: one past the token,
/// and for numbers one more (it looks ahead), except at the end of the text.
class TreeBuilder {
public:
    TreeBuilder(std::string_view text, std::uint32_t file, const std::size_t& count)
        : text_{text}, positions_{text, file}, count_{count} {}

    bool null() { return add(leaf(JsonValue::Kind::null, literal_begin(4))); }
    bool boolean(bool value) {
        JsonValue made = leaf(JsonValue::Kind::boolean, literal_begin(value ? 4 : 5));
        made.boolean = value;
        return add(std::move(made));
    }
    bool number_integer(std::int64_t) { return number(); }
    bool number_unsigned(std::uint64_t) { return number(); }
    bool number_float(double, const std::string&) { return number(); }
    bool string(std::string& value) {
        JsonValue made = leaf(JsonValue::Kind::string, string_begin());
        made.text = value;
        return add(std::move(made));
    }
    bool binary(std::vector<std::uint8_t>&) { return false; }

    bool start_object(std::size_t) { return open(JsonValue::Kind::object); }
    bool end_object() { return close(); }
    bool start_array(std::size_t) { return open(JsonValue::Kind::list); }
    bool end_array() { return close(); }
    bool key(std::string& key) {
        key_ = key;
        key_span_ = positions_.span(string_begin(), count_);
        return true;
    }

    bool parse_error(std::size_t, const std::string& last_token,
                     const nlohmann::detail::exception& error) {
        std::string_view const what = error.what();
        std::size_t const end = std::min(count_, text_.size());
        std::size_t const begin = end - std::min({end, last_token.size(), std::size_t{1}});
        JsonError made{positions_.span(begin, begin + 1), "SCN001", "this is not JSON", ""};
        if (what.find("UTF-8") != std::string_view::npos) {
            made.code = "SCN004";
            made.message = "the text is not UTF-8";
        } else if (what.find("number overflow") != std::string_view::npos) {
            made.code = "SCN004";
            made.message = "the number is beyond every range";
        } else {
            explain(made, begin, what);
        }
        document.errors.push_back(std::move(made));
        failed_ = true;
        return false;
    }

    /// The document read so far; complete if the parser said so.
    JsonDocument document;

    void finish(bool complete) {
        if (complete && !failed_) {
            document.root = std::move(root_);
        }
    }

private:
    /// Says in words what most often breaks a file: a comma too many, or a comment.
    void explain(JsonError& made, std::size_t begin, std::string_view what) {
        bool const closes = begin < text_.size() && (text_[begin] == ']' || text_[begin] == '}');
        std::size_t const before =
            begin == 0 ? std::string_view::npos : text_.find_last_not_of(" \t\r\n", begin - 1);
        if (closes && before != std::string_view::npos && text_[before] == ',') {
            made.span = positions_.span(before, before + 1);
            made.message = "a comma before the closing bracket";
            made.help = "remove the comma";
        } else if (begin < text_.size() && text_[begin] == '/') {
            made.message = "JSON has no comments";
            made.help = R"(write "comment": "..." or name the file .jsonc)";
        } else if (count_ >= text_.size() &&
                   what.find("unexpected end of input") != std::string_view::npos) {
            made.message = "the text ends too early: a bracket or quote is not closed";
        } else if (std::size_t const wanted = what.rfind("; expected ");
                   wanted != std::string_view::npos) {
            made.message = "this is not JSON: " + std::string{what.substr(wanted + 2)};
        }
    }

    JsonValue leaf(JsonValue::Kind kind, std::size_t begin) {
        JsonValue made;
        made.kind = kind;
        made.span = positions_.span(begin, count_);
        return made;
    }

    [[nodiscard]] std::size_t literal_begin(std::size_t size) const { return count_ - size; }

    /// From the closing quote back to the opening one: quotes inside have a backslash before them.
    [[nodiscard]] std::size_t string_begin() const {
        std::size_t at = count_ - 1;
        while (at > 0) {
            --at;
            if (text_[at] != '"') {
                continue;
            }
            std::size_t backslashes = 0;
            while (backslashes < at && text_[at - 1 - backslashes] == '\\') {
                ++backslashes;
            }
            if (backslashes % 2 == 0) {
                break;
            }
        }
        return at;
    }

    bool number() {
        std::size_t end = std::min(count_, text_.size());
        while (end > 0 && !is_number_character(text_[end - 1])) {
            --end;
        }
        std::size_t begin = end;
        while (begin > 0 && is_number_character(text_[begin - 1])) {
            --begin;
        }
        JsonValue made;
        made.kind = JsonValue::Kind::number;
        made.span = positions_.span(begin, end);
        made.text = std::string{text_.substr(begin, end - begin)};
        return add(std::move(made));
    }

    bool open(JsonValue::Kind kind) {
        Span const span = positions_.span(count_ - 1, count_);
        if (open_.size() >= max_document_depth) {
            document.errors.push_back(
                {span, "SCN004", "nested deeper than " + std::to_string(max_document_depth), ""});
            failed_ = true;
            return false;
        }
        JsonValue made;
        made.kind = kind;
        made.span = span;
        open_.push_back({std::move(made), std::move(key_), key_span_});
        key_.clear();
        return true;
    }

    bool close() {
        Open done = std::move(open_.back());
        open_.pop_back();
        key_ = std::move(done.key);
        key_span_ = done.key_span;
        return add(std::move(done.value));
    }

    bool add(JsonValue value) {
        if (open_.empty()) {
            root_ = std::move(value);
            return true;
        }
        JsonValue& parent = open_.back().value;
        if (parent.is(JsonValue::Kind::list)) {
            parent.items.push_back(std::move(value));
            return true;
        }
        if (open_.back().taken(key_)) {
            document.errors.push_back(
                {key_span_, "SCN002",
                 "key " + quote_json(key_) + " stands here for the second time",
                 "remove one of them"});
            return true;
        }
        parent.members.push_back({std::move(key_), key_span_, std::move(value)});
        key_.clear();
        return true;
    }

    struct Open {
        JsonValue value;
        std::string key;  // under which it will be added to its parent
        Span key_span;
        std::set<std::string> names = {};

        /// Whether `name` was here before; remembers it.
        bool taken(const std::string& name) { return !names.insert(name).second; }
    };

    std::string_view text_;
    Positions positions_;
    const std::size_t& count_;
    std::vector<Open> open_;
    std::string key_;
    Span key_span_;
    JsonValue root_;
    bool failed_ = false;
};

}  // namespace

const JsonMember* JsonValue::find(std::string_view key) const {
    for (const JsonMember& member : members) {
        if (member.key == key) {
            return &member;
        }
    }
    return nullptr;
}

std::string_view describe(JsonValue::Kind kind) {
    switch (kind) {
        case JsonValue::Kind::null:
            return "null";
        case JsonValue::Kind::boolean:
            return "true or false";
        case JsonValue::Kind::number:
            return "a number";
        case JsonValue::Kind::string:
            return "a string";
        case JsonValue::Kind::list:
            return "a list";
        case JsonValue::Kind::object:
            return "an object";
    }
    return "";
}

std::string SourceFile::line(std::uint32_t number) const {
    std::size_t begin = text.rfind("\xef\xbb\xbf", 0) == 0 ? 3 : 0;
    for (std::uint32_t i = 1; i < number; ++i) {
        std::size_t const end = text.find('\n', begin);
        if (end == std::string::npos) {
            return "";
        }
        begin = end + 1;
    }
    std::size_t const end = text.find('\n', begin);
    std::string found = text.substr(begin, end == std::string::npos ? end : end - begin);
    if (!found.empty() && found.back() == '\r') {
        found.pop_back();
    }
    return found;
}

JsonDocument read_json(const SourceFile& source, std::uint32_t file, bool comments) {
    if (source.text.size() > max_document_bytes) {
        JsonDocument document;
        document.errors.push_back({Span{.file = file}, "SCN004", "the file is over 1 MiB", ""});
        return document;
    }
    std::size_t count = 0;
    TreeBuilder builder{source.text, file, count};
    const char* const begin = source.text.data();
    CountingIterator const first{begin, &count};
    CountingIterator const last{begin + source.text.size(), &count};
    bool const complete = nlohmann::json::sax_parse(
        first, last, &builder, nlohmann::json::input_format_t::json, true, comments);
    builder.finish(complete);
    return std::move(builder.document);
}

}  // namespace brokersim
