// The EDN that is exported, read back by a reader of its own and compared with the history.
#include "reports/jepsen.h"

#include "history_generator.h"
#include "reports/history_json.h"
#include "reports/pairing.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

namespace brokersim::tests {

namespace {

/// A form of EDN. text: of an atom, as written (strings without quotes, unescaped).
struct Form {
    enum class Kind : std::uint8_t { atom, string, vector, map } kind = Kind::atom;
    std::string text;
    std::vector<Form> items;  // of a map: key, value, key, value, ..

    [[nodiscard]] const Form& at(const std::string& key) const {
        for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
            if (items[i].text == key) {
                return items[i + 1];
            }
        }
        throw std::out_of_range{"no " + key};
    }
    [[nodiscard]] long number() const { return std::stol(text); }
};

/// Reads one form; throws std::runtime_error where the text is none.
class EdnReader {
public:
    explicit EdnReader(std::string_view text) : text_{text} {}

    Form read() {
        skip_blanks();
        char const c = next();
        if (c == '[' || c == '{') {
            Form form{c == '[' ? Form::Kind::vector : Form::Kind::map, "", {}};
            char const end = c == '[' ? ']' : '}';
            for (skip_blanks(); peek() != end; skip_blanks()) {
                form.items.push_back(read());
            }
            next();
            if (c == '{' && form.items.size() % 2 != 0) {
                throw std::runtime_error{"a map of odd length"};
            }
            return form;
        }
        if (c == '"') {
            return {Form::Kind::string, read_string(), {}};
        }
        std::string atom{c};
        while (at_ < text_.size() && std::string_view{" ,]}[{\""}.find(text_[at_]) == text_.npos) {
            atom += next();
        }
        return {Form::Kind::atom, atom, {}};
    }
    [[nodiscard]] bool done() {
        skip_blanks();
        return at_ == text_.size();
    }

private:
    [[nodiscard]] char peek() const {
        if (at_ >= text_.size()) {
            throw std::runtime_error{"the form ends early"};
        }
        return text_[at_];
    }
    char next() {
        char const c = peek();
        ++at_;
        return c;
    }
    void skip_blanks() {  // a comma is one
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == ',')) {
            ++at_;
        }
    }
    std::string read_string() {
        std::string out;
        for (char c = next(); c != '"'; c = next()) {
            if (c != '\\') {
                out += c;
                continue;
            }
            char const escaped = next();
            if (escaped == 'u') {
                out += static_cast<char>(std::stoi(std::string{text_.substr(at_, 4)}, nullptr, 16));
                at_ += 4;
            } else {
                static const std::map<char, char> meaning{
                    {'n', '\n'}, {'r', '\r'}, {'t', '\t'}, {'"', '"'}, {'\\', '\\'}};
                out += meaning.at(escaped);
            }
        }
        return out;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

reports::History history_of(const std::string& text) {
    std::istringstream in{text};
    auto history = reports::read_history(in, "test");
    REQUIRE((history ? "" : history.error().text) == "");
    return std::move(*history);
}

std::vector<Form> lines_of(const std::string& edn) {
    std::vector<Form> forms;
    std::istringstream in{edn};
    for (std::string line; std::getline(in, line);) {
        if (!line.starts_with(";")) {
            EdnReader reader{line};
            forms.push_back(reader.read());
            REQUIRE(reader.done());
        }
    }
    return forms;
}

/// What clients did: (type, f, key, offset or -1, value) of every send and every record read.
using Fact = std::tuple<std::string, std::string, long, long, std::string>;

std::multiset<Fact> facts_of(const std::vector<Form>& lines) {
    std::multiset<Fact> facts;
    for (const Form& line : lines) {
        const std::string& type = line.at(":type").text;
        const std::string& f = line.at(":f").text;
        for (const Form& mop : line.at(":value").items) {
            if (f == ":send") {
                const Form& value = mop.items.at(2);
                bool const pair = value.kind == Form::Kind::vector;
                REQUIRE(pair == (type == ":ok"));
                const Form& offset = pair ? value.items.at(0) : value;
                facts.emplace(type, f, mop.items.at(1).number(),
                              pair && offset.text != "nil" ? offset.number() : -1,
                              pair ? value.items.at(1).text : value.text);
            } else if (f == ":poll" && mop.items.size() == 2) {
                const Form& records = mop.items[1];
                for (std::size_t i = 0; i < records.items.size(); i += 2) {
                    for (const Form& record : records.items[i + 1].items) {
                        facts.emplace(type, f, records.items[i].number(),
                                      record.items.at(0).number(), record.items.at(1).text);
                    }
                }
            }
        }
    }
    return facts;
}

std::multiset<Fact> facts_of(const reports::History& history) {
    using namespace reports;
    constexpr std::array types{":invoke", ":ok", ":fail", ":info"};
    std::vector<std::string> names;
    for (KeyId key = 0; key < history.names.key_count(); ++key) {
        names.emplace_back(history.names.key_text(key));
    }
    std::vector<std::string> sorted = names;
    std::sort(sorted.begin(), sorted.end());
    auto const key_number = [&](KeyId key) {
        return std::find(sorted.begin(), sorted.end(), names[key]) - sorted.begin();
    };
    Pairing pairing;
    REQUIRE_FALSE(pair_sends(history, pairing).has_value());
    std::map<std::uint32_t, const Send*> by_completion;
    for (const Send& send : pairing.sends) {
        by_completion[send.completed] = &send;
    }
    std::multiset<Fact> facts;
    for (std::uint32_t position = 0; position < history.ops().size(); ++position) {
        const History::Op& op = history.ops()[position];
        std::string type = types[static_cast<std::size_t>(op.type)];
        if (op.kind == OpKind::send) {
            bool const completes = op.type != OpType::invoke;
            const Send* const send = completes ? by_completion.at(position) : nullptr;
            type = send != nullptr && send->handed ? ":info" : type;
            for (const SendMop& mop : history.sends(op)) {
                std::string const value = history.names.value_text(mop.value);
                bool const shown = type == ":ok" && mop.offset != absent;
                facts.emplace(type, ":send", key_number(mop.key), shown ? mop.offset : -1, value);
                if (completes && send->invoked == none) {
                    facts.emplace(":invoke", ":send", key_number(mop.key), -1, value);
                }
            }
        } else if (op.kind == OpKind::poll && op.type != OpType::invoke) {
            for (const History::StoredPart& part : history.parts(op)) {
                for (const Record& record : history.records(part.records)) {
                    facts.emplace(type, ":poll", key_number(part.key), record.offset,
                                  history.names.value_text(record.value));
                }
            }
        } else if (op.kind == OpKind::drain) {
            for (const Record& record : history.records(history.drain_of(op).records)) {
                facts.emplace(":ok", ":poll", key_number(op.key), record.offset,
                              history.names.value_text(record.value));
            }
        }
    }
    return facts;
}

/// jepsen.history: indexes are dense, a process does one thing at a time, and nothing after :info.
void check_processes(const std::vector<Form>& lines) {
    std::map<std::string, std::string> last;  // by process: the type of its last line
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const std::string& process = lines[i].at(":process").text;
        const std::string& type = lines[i].at(":type").text;
        REQUIRE(lines[i].at(":index").number() == static_cast<long>(i));
        if (process == ":nemesis") {
            REQUIRE(type == ":info");
            continue;
        }
        std::string const before = last.contains(process) ? last[process] : ":ok";
        REQUIRE(before != ":info");
        REQUIRE((type == ":invoke") == (before != ":invoke"));
        last[process] = type;
    }
}

}  // namespace

TEST_CASE("jepsen: what is exported reads back as what happened", "[jepsen]") {
    std::uint64_t read = 0;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        for (std::string const& text : {legal_history(seed), wild_history(seed)}) {
            std::istringstream in{text};
            auto const history = reports::read_history(in, "generated");
            if (!history) {
                continue;  // some wild ones send a message twice
            }
            std::vector<Form> const lines = lines_of(reports::jepsen_edn(*history));

            INFO(text);
            check_processes(lines);
            REQUIRE(facts_of(lines) == facts_of(*history));
            ++read;
        }
    }
    CHECK(read > 500);
}

TEST_CASE("jepsen: the operations are shaped as its Kafka workload records them", "[jepsen]") {
    auto const history = history_of(
        R"({"format":"brokersim-history/1","config":{"acks":"all","idempotent":true}})"
        "\n"
        R"({"time":5,"process":1,"type":"invoke","f":"send","mops":[{"f":"send",)"
        R"("key":"t/1","value":"m"}]})"
        "\n"
        R"({"time":6,"process":1,"type":"ok","f":"send","mops":[{"f":"send",)"
        R"("key":"t/1","value":"m","offset":7}]})"
        "\n"
        R"({"time":7,"process":2,"type":"ok","f":"assign","keys":["t/1","t/0"],"seek":"beginning"})"
        "\n"
        R"({"time":8,"process":2,"type":"ok","f":"poll","mops":[{"f":"poll",)"
        R"("records":{"t/1":[[7,"m"]]}},{"f":"poll"}]})"
        "\n"
        R"({"time":9,"process":"sim","type":"info","f":"crash","node":2,"disk":"lost"})"
        "\n"
        R"({"process":"drain","type":"ok","f":"drain","key":"t/1","start":7,)"
        R"("hw":8,"records":[[7,"m"]]})"
        "\n");

    std::string const expected =
        R"(; scenario "", seed "")"
        "\n"
        R"(; key 0 is "t/0")"
        "\n"
        R"(; key 1 is "t/1")"
        "\n"
        R"({:index 0, :time 5, :type :invoke, :process 0, :f :send, :value [[:send 1 )"
        R"("m"]], :client 1})"
        "\n"
        R"({:index 1, :time 6, :type :ok, :process 0, :f :send, :value [[:send 1 [7 )"
        R"("m"]]], :client 1})"
        "\n"
        R"({:index 2, :time 7, :type :invoke, :process 1, :f :assign, :value [1 0], )"
        R"(:seek-to-beginning? true, :client 2})"
        "\n"
        R"({:index 3, :time 7, :type :ok, :process 1, :f :assign, :value [1 0], )"
        R"(:seek-to-beginning? true, :client 2})"
        "\n"
        R"({:index 4, :time 8, :type :invoke, :process 1, :f :poll, :value [[:poll]], )"
        R"(:client 2})"
        "\n"
        R"({:index 5, :time 8, :type :ok, :process 1, :f :poll, :value [[:poll {1 [[7 )"
        R"("m"]]}] [:poll]], :client 2})"
        "\n"
        R"({:index 6, :time 9, :type :info, :process :nemesis, :f :crash, :value {:node )"
        R"(2, :disk :lost}})"
        "\n"
        R"({:index 7, :time 9, :type :info, :process :nemesis, :f :crash, :value {:node )"
        R"(2, :disk :lost}})"
        "\n"
        R"({:index 8, :time 9, :type :invoke, :process 2, :f :assign, :value [1], )"
        R"(:seek-to-beginning? true, :client "drain"})"
        "\n"
        R"({:index 9, :time 9, :type :ok, :process 2, :f :assign, :value [1], )"
        R"(:seek-to-beginning? true, :client "drain"})"
        "\n"
        R"({:index 10, :time 9, :type :invoke, :process 2, :f :poll, :value [[:poll]], )"
        R"(:client "drain"})"
        "\n"
        R"({:index 11, :time 9, :type :ok, :process 2, :f :poll, :value [[:poll {1 [[7 )"
        R"("m"]]}]], :client "drain"})"
        "\n";
    CHECK(reports::jepsen_edn(history) == expected);
}

TEST_CASE("jepsen: no name can leave its string or its line", "[jepsen]") {
    std::string const hostile = "\"]}\n{:index 9}; \\ \t\r\x01\x7f é";
    reports::History history;
    history.header.scenario = hostile;
    reports::SendMop const mop{history.names.key(hostile), history.names.value(hostile), 3};
    auto const process = history.names.process(hostile);
    history.send_invoke(1, process, {&mop, 1});
    history.send_done(2, process, reports::OpType::ok, {&mop, 1});
    history.budget_exceeded(3, mop.key, hostile);

    std::vector<Form> const lines = lines_of(reports::jepsen_edn(history));

    REQUIRE(lines.size() == 4);
    CHECK(lines[1].at(":client").text == hostile);
    CHECK(lines[1].at(":value").items[0].items[2].items[1].text == hostile);
    CHECK(lines[2].at(":value").at(":reason").text == hostile);
}

TEST_CASE("jepsen: of what nobody promised only that it was sent is told", "[jepsen]") {
    auto const history = history_of(
        R"({"format":"brokersim-history/1","config":{"acks":"0","idempotent":false}})"
        "\n"
        R"({"process":1,"type":"ok","f":"send","mops":[{"f":"send","key":"t/0",)"
        R"("value":1,"offset":4}]})"
        "\n"
        R"({"process":1,"type":"fail","f":"send","mops":[{"f":"send","key":"t/0","value":2}]})"
        "\n");

    std::vector<Form> const lines = lines_of(reports::jepsen_edn(history));

    REQUIRE(lines.size() == 4);
    CHECK(lines[1].at(":type").text == ":info");
    CHECK(lines[1].at(":value").items[0].items[2].text == "1");
    CHECK(lines[2].at(":process").text != lines[0].at(":process").text);
    CHECK(lines[3].at(":type").text == ":fail");
}

}  // namespace brokersim::tests
