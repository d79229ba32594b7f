// The first state of each finding, nested crash included, so that it can be played alone.
#include "sim/enumerate/enumeration.h"

#include <algorithm>

namespace brokersim::enumeration {
namespace {

/// Stops at the first image inside a recovery that shows the finding.
class CulpritVisitor final : public ImageVisitor {
public:
    CulpritVisitor(const LogModel& model, const RecoveryRun& run, RecoveryRun& inner,
                   const Claims& claims, Finding finding)
        : model_{model}, run_{run}, inner_{inner}, claims_{claims}, finding_{finding} {}

    bool visit(CrashImages& images, std::uint64_t hash, bool shaped) override {
        (void)hash;
        (void)shaped;
        const Outcome& outcome = inner_.run(images.image(), nullptr);
        std::optional<Judgement> const judgement =
            judge_nested(model_, outcome.first, run_, event, claims_);
        bool const here = judgement ? judgement->finding == finding_ : outcome.later == finding_;
        if (here) {
            crash = NestedCrash{event, images.choice()};
        }
        return !here;
    }

    std::size_t event = 0;
    std::optional<NestedCrash> crash;

private:
    const LogModel& model_;
    const RecoveryRun& run_;
    RecoveryRun& inner_;
    const Claims& claims_;
    Finding finding_;
};

}  // namespace

void Enumeration::found(Finding finding, const Class& culprit) {
    EnumerationReport::Row& row = report_.findings[static_cast<std::size_t>(finding)];
    ++row.states;
    if (row.first) {
        return;
    }
    CrashState state = now_;
    if (state.kind == Loss::power) {
        state.choice = images_.choice();
    }
    const Outcome& outcome = outcomes_[culprit.outcome];
    std::optional<Judgement> const own = recording_.model.judge(outcome.first, *claims_);
    bool const needs_no_nested = own ? own->finding == finding : outcome.later == finding;
    if (!needs_no_nested) {
        state.nested = nested_culprit(finding);
    }
    row.first = std::move(state);
}

/// Plays the recovery of the image being visited once more, up to the crash that shows the finding.
std::optional<NestedCrash> Enumeration::nested_culprit(Finding finding) {
    bool const process = now_.kind == Loss::process;
    const Image& image = process ? dead_images_.image() : images_.image();
    const DiskState* const start = process ? &dead_ : nullptr;
    run_.run(image, start);
    inner_.follow(run_);
    run_.restart_state(image, start);
    CulpritVisitor visitor{recording_.model, run_, inner_, nested_claims_, finding};
    const std::vector<IoEvent>& events = run_.trace().events();
    for (std::size_t event = 0; event <= events.size() && !visitor.crash; ++event) {
        if (event > 0) {
            run_.state().apply(run_.trace(), events[event - 1]);
        }
        visitor.event = event;
        run_.images().look_at(run_.state(), run_.trace());
        run_.images().visit_all(visitor, CrashImages::Families::shaped);
    }
    return visitor.crash;
}

}  // namespace brokersim::enumeration
