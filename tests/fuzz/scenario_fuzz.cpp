// The parser under libFuzzer: whatever the bytes, it ends, with a scenario or with errors.
//
// Built only with -DBROKERSIM_FUZZ=ON and clang. The corpus beside this file is replayed by
// tests/scenarios in every build.
#include "scenarios/layout.h"
#include "scenarios/parser.h"
#include "scenarios/writer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

// NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace brokersim;
    std::string const text(data, data + size);
    ParseOutcome const outcome = parse_scenario_text("case.json", text);
    bool const errors =
        std::any_of(outcome.diagnostics.begin(), outcome.diagnostics.end(),
                    [](const Diagnostic& d) { return d.severity == Severity::error; });
    if (outcome.scenario.has_value() == errors) {
        std::abort();  // neither a scenario nor a reason why there is none
    }
    if (outcome.scenario) {
        // What is right stays right, and the same, when it is written again.
        ParseOutcome const again =
            parse_scenario_text("case.json", write_scenario(*outcome.scenario));
        bool const child = outcome.scenario->name.find('@') != std::string::npos;
        if (!again.scenario || (!child && again.scenario->hash != outcome.scenario->hash)) {
            std::abort();
        }
    }
    std::string const laid = format_scenario({"case.json", text});
    if (!laid.empty() && format_scenario({"case.json", laid}) != laid) {
        std::abort();
    }
    return 0;
}
