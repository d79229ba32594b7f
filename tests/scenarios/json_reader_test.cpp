// Positions of tokens, and the refusals of the reader.
#include "scenarios/json_reader.h"

#include <catch2/catch.hpp>

using namespace brokersim;

namespace {

JsonDocument read(const std::string& text, bool comments = false) {
    return read_json({"x.json", text}, 0, comments);
}

Span at(std::uint32_t line, std::uint32_t column, std::uint32_t length) {
    return {.line = line, .column = column, .length = length};
}

}  // namespace

TEST_CASE("json: every key and value knows where it stands", "[scenarios]") {
    JsonDocument const document =
        read("{\"a\": 12,\n \"b\\\"\": [true, null, \"x\\\\\"],\r\n\t\"\u00e4\": -1.5e3}");

    REQUIRE(document.root);
    CHECK(document.errors.empty());
    const JsonValue& root = *document.root;
    CHECK(root.span == at(1, 1, 1));
    CHECK(root.members[0].key_span == at(1, 2, 3));
    CHECK(root.members[0].value.span == at(1, 7, 2));
    CHECK(root.members[1].key == "b\"");
    CHECK(root.members[1].key_span == at(2, 2, 5));
    CHECK(root.members[1].value.span == at(2, 9, 1));
    CHECK(root.members[1].value.items[0].span == at(2, 10, 4));
    CHECK(root.members[1].value.items[1].span == at(2, 16, 4));
    CHECK(root.members[1].value.items[2].span == at(2, 22, 5));
    CHECK(root.members[2].key_span == at(3, 2, 3));
    CHECK(root.members[2].value.span == at(3, 7, 6));
    CHECK(root.members[2].value.text == "-1.5e3");
}

TEST_CASE("json: a number at the end of the text has its whole length", "[scenarios]") {
    CHECK(read("  42").root->span == at(1, 3, 2));
    CHECK(read("  42 ").root->span == at(1, 3, 2));
}

TEST_CASE("json: a byte order mark shifts no column", "[scenarios]") {
    CHECK(read("\xef\xbb\xbf{\"a\": 1}").root->members[0].key_span == at(1, 2, 3));
}

TEST_CASE("json: duplicate keys are refused and the first one stays", "[scenarios]") {
    JsonDocument const document = read("{\"a\": 1, \"a\": 2}");

    REQUIRE(document.errors.size() == 1);
    CHECK(document.errors[0].code == "SCN002");
    CHECK(document.errors[0].span == at(1, 10, 3));
    CHECK(document.root->members.size() == 1);
    CHECK(document.root->members[0].value.text == "1");
}

TEST_CASE("json: the same key in two objects is no duplicate", "[scenarios]") {
    CHECK(read("{\"a\": {\"a\": 1}, \"b\": {\"a\": [{\"a\": 1}]}}").errors.empty());
}

TEST_CASE("json: nesting is bounded", "[scenarios]") {
    CHECK(read(std::string(32, '[') + std::string(32, ']')).errors.empty());
    JsonDocument const deep = read(std::string(33, '[') + std::string(33, ']'));
    REQUIRE(deep.errors.size() == 1);
    CHECK(deep.errors[0].code == "SCN004");
    CHECK(deep.errors[0].span == at(1, 33, 1));
}

TEST_CASE("json: size is bounded", "[scenarios]") {
    std::string const most = "\"" + std::string(max_document_bytes - 2, 'x') + "\"";
    CHECK(read(most).errors.empty());
    CHECK(read(most + " ").errors.at(0).code == "SCN004");
}

TEST_CASE("json: bad UTF-8 and numbers beyond every range are refused", "[scenarios]") {
    CHECK(read("\"\xff\"").errors.at(0).code == "SCN004");
    CHECK(read("[1e999]").errors.at(0).code == "SCN004");
    CHECK(read("[99999999999999999999]").root->items[0].text == "99999999999999999999");
}

TEST_CASE("json: comments are read only where they are allowed", "[scenarios]") {
    CHECK(read("// x\n{}", true).root);
    JsonDocument const strict = read("{\n// x\n}");
    REQUIRE(strict.errors.size() == 1);
    CHECK(strict.errors[0].code == "SCN001");
    CHECK(strict.errors[0].span.line == 2);
}
