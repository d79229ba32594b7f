// Filling in the beginning of a scenario.
#include "scenarios/template.h"

#include "broker_core/base/check.h"
#include "scenarios/diagnostic.h"
#include "scenarios/json_reader.h"
#include "scenarios/layout.h"

#include <fmt/format.h>

namespace brokersim {

std::string new_scenario(const NewScenario& what, const Scenario& from) {
    // The leader loses power while a sync is in flight: what a broker most often gets wrong.
    std::string const topic = from.cluster.topics.front().name;
    std::string text = "{\n";
    auto const line = [&text](std::string_view key, const std::string& json) {
        text += fmt::format("  {}: {},\n", quote_json(key), json);
    };
    line("$schema", quote_json(what.schema));
    line("format", "1");
    line("name", quote_json(what.name));
    line("why", quote_json("The leader loses power while a sync is in flight; nothing "
                           "acknowledged may be gone."));
    line("tags", R"(["mine"])");
    line("extends", quote_json(what.base));
    text += fmt::format(
        "  \"faults\": {{\n"
        "    \"script\": [\n"
        "      {{\"id\": \"power\", \"at\": \"1s\", \"arm\": {{\"on\": \"sync\"}}, \"do\": "
        "\"crash\", \"target\": {}, \"for\": \"1s\",\n"
        "        \"args\": {{\"kind\": \"power\"}}}}\n"
        "    ]\n"
        "  }},\n",
        quote_json(fmt::format("leader({}/0)", topic)));
    text +=
        "  \"expect\": {\"holds\": [\"no_lost_acks\", \"recovery_sound\", \"recovers\"], "
        "\"sometimes\": [\"recovery_truncated_tail\"]}\n}\n";
    JsonDocument const document = read_json({"", text}, 0, false);
    CHECK(document.root.has_value());
    return lay_out(*document.root);
}

}  // namespace brokersim
