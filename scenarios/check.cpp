// The checks of meaning, in the order of the sections of a file.
#include "scenarios/check.h"

#include "scenarios/meaning.h"

namespace brokersim {

void check_meaning(Findings& findings, const JsonValue& root, const Scenario& scenario) {
    Meaning m{findings, root, scenario};
    check_references(m);
    check_topics(m);
    check_workload(m);
    check_tuning(m);
    check_ids(m);
    check_script(m);
    check_random(m);
    check_limits(m);
    check_expect(m);
    check_proof(m);
}

}  // namespace brokersim
