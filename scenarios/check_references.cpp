// What a file points to outside itself: what it covers, and its pinned regressions.
#include "scenarios/catalogue.h"
#include "scenarios/extends.h"
#include "scenarios/meaning.h"
#include "scenarios/properties.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokersim {
namespace {

void check_covers(Meaning& m) {
    for (std::size_t i = 0; i < m.scenario.covers.size(); ++i) {
        const std::string& id = m.scenario.covers[i];
        if (covers_something(id)) {
            continue;
        }
        std::string const at = pointer_to("/covers", i);
        std::optional<std::string> const near = nearest_cover(id);
        m.findings.add(m.span(at), at,
                       {"SCN227", fmt::format("{} names nothing that exists", quote_json(id)),
                        near ? fmt::format("did you mean \"{}\"?", *near)
                             : "write a row such as T07, an invariant such as R16, "
                               "\"trap:NAME\", or the id or name of a planted bug",
                        near ? quote_json(*near) : ""});
    }
}

void check_regressions(Meaning& m) {
    for (std::size_t i = 0; i < m.scenario.regressions.size(); ++i) {
        const Regression& regression = m.scenario.regressions[i];
        std::string const at = pointer_to("/regressions", i);
        auto const codes = anomaly_codes();
        bool const anomaly =
            std::find(codes.begin(), codes.end(), regression.violated) != codes.end();
        if (!regression.violated.empty() && !anomaly &&
            ids_of_property(regression.violated).empty()) {
            m.error(at + "/violated", "SCN011",
                    fmt::format("unknown property {}", quote_json(regression.violated)));
        }
        if (!regression.repro.empty() && !is_file(regression.repro)) {
            m.error(at + "/repro", "SCN217", "there is no such file",
                    "the path is relative to this file");
        }
    }
}

}  // namespace

void check_references(Meaning& m) {
    check_covers(m);
    check_regressions(m);
}

}  // namespace brokersim
