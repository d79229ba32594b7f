// From crash point to crash point, from image to image.
#include "sim/enumerate/enumeration.h"

#include "broker_core/base/check.h"
#include "broker_core/base/hash.h"
#include "sim/enumerate/trip_on_check.h"

#include <algorithm>

namespace brokersim::enumeration {

bool EnumerationReport::clean() const {
    return std::all_of(findings.begin(), findings.end(),
                       [](const Row& row) { return row.states == 0; });
}

Enumeration::Enumeration(LogRecording& recording, const EnumerationOptions& options)
    : recording_{recording},
      options_{options},
      images_{recording.names, recording.seed},
      dead_images_{recording.names, recording.seed},
      run_{recording, recording.seed},
      inner_{recording, recording.seed} {}

EnumerationReport Enumeration::run() {
    TripOnCheck const trip;
    disk_.start_from(Image{});
    if (options_.syncs_lie) {
        disk_.lie_about_syncs();
    }
    const std::vector<IoEvent>& events = recording_.trace.events();
    for (std::size_t event = 0; event <= events.size(); ++event) {
        if (event > 0) {
            disk_.apply(recording_.trace, events[event - 1]);
        }
        ++report_.crash_points;
        now_ = CrashState{};
        now_.event = event;
        images_.look_at(disk_, recording_.trace);
        images_.visit_all(*this, CrashImages::Families::all);
        visit_process_deaths();
    }
    return report_;
}

bool Enumeration::visit(CrashImages& images, std::uint64_t hash, bool shaped) {
    ++report_.visited;
    report_.hash = broker::fold64(report_.hash, hash);
    report_.most_units = std::max<std::uint64_t>(report_.most_units, images.choice().units.size());
    bool const nested =
        options_.nested == Nested::all || (options_.nested == Nested::shaped && shaped);
    // With and without its nested crashes an image is two different questions.
    std::uint64_t const key = nested ? hash : ~hash;
    std::uint32_t number = classes_by_image_.find(key);
    if (number == StateTable::none) {
        number = class_of(images.image(), hash, nullptr, nested);
        classes_by_image_.insert(key, number);
    }
    judge(number, recording_.after_power[now_.event]);
    return true;
}

void Enumeration::visit_process_deaths() {
    now_.kind = Loss::process;
    std::size_t const count = disk_.in_flight().size();
    now_.fates.assign(count, 0);
    while (true) {
        dead_.copy_from(disk_);
        dead_.process_dies(recording_.trace, now_.fates);
        dead_images_.look_at(dead_, recording_.trace);
        std::uint64_t const hash = dead_images_.choose_all();
        ++report_.visited;
        report_.hash = broker::fold64(report_.hash, hash);
        // What is only cached makes this disk another one than a durable one that reads alike.
        std::uint32_t const number =
            class_of(dead_images_.image(), hash, &dead_, options_.nested != Nested::none);
        judge(number, recording_.after_process[now_.event]);
        std::size_t place = 0;
        while (place < count) {
            ++now_.fates[place];
            if (now_.fates[place] < disk_.process_fates(recording_.trace, place)) {
                break;
            }
            now_.fates[place] = 0;
            ++place;
        }
        if (place == count) {
            return;
        }
    }
}

std::uint32_t Enumeration::class_of(const Image& image, std::uint64_t hash, const DiskState* start,
                                    bool nested) {
    Class made;
    // Without nested crashes an image that was met inside a recovery needs no other run.
    std::uint32_t const known =
        nested || start != nullptr ? StateTable::none : outcomes_by_image_.find(hash);
    if (known != StateTable::none) {
        made.outcome = known;
    } else {
        bool const met = start == nullptr && outcomes_by_image_.find(hash) != StateTable::none;
        made.outcome = intern(run_.run(image, start));
        report_.distinct += met ? 0 : 1;
        if (start == nullptr && !met) {
            outcomes_by_image_.insert(hash, made.outcome);
        }
        if (nested && run_.outcome().first.refusal == nullptr) {
            crash_inside(image, start, made);
        }
    }
    auto const [at, is_new] =
        known_classes_.try_emplace(made, static_cast<std::uint32_t>(classes_.size()));
    if (is_new) {
        classes_.push_back(std::move(made));
        verdicts_.push_back(unjudged);
    }
    return at->second;
}

std::uint32_t Enumeration::intern(const Outcome& outcome) {
    const Found& first = outcome.first;
    report_.recoveries += first.refusal == nullptr ? 2 : 1;
    std::uint64_t key = first.fingerprint;
    for (std::uint64_t const word :
         {first.hard_state.term.value(), std::uint64_t{first.hard_state.vote.value()},
          first.last_term.value(), std::uint64_t{first.gap}, std::uint64_t{first.base_sound},
          first.refusal == nullptr ? 0 : broker::hash_text(first.refusal),
          outcome.later ? 1 + static_cast<std::uint64_t>(*outcome.later) : 0}) {
        key = broker::fold64(key, word);
    }
    auto const [at, is_new] =
        known_outcomes_.try_emplace(key, static_cast<std::uint32_t>(outcomes_.size()));
    if (is_new) {
        outcomes_.push_back(outcome);
    }
    return at->second;
}

std::uint32_t Enumeration::outcome_of(const Image& image, std::uint64_t hash) {
    std::uint32_t number = outcomes_by_image_.find(hash);
    if (number == StateTable::none) {
        ++report_.distinct;
        inner_.follow(run_);
        number = intern(inner_.run(image, nullptr));
        outcomes_by_image_.insert(hash, number);
    }
    return number;
}

bool Enumeration::may_change_images(const DiskState& state, const IoEvent& event) const {
    const IoOp& op = run_.trace().ops()[event.op];
    switch (op.kind) {
        case IoKind::create:
        case IoKind::rename:
        case IoKind::remove:
            return !event.completion;  // in flight it may have happened already
        case IoKind::sync:
        case IoKind::sync_dir:
            return event.completion;
        case IoKind::write:
        case IoKind::truncate:
            break;
    }
    // Writes to a file that no recovery would read change nothing.
    auto const reads = [&](const Names& names) {
        return std::any_of(names.begin(), names.end(), [&](const auto& row) {
            return row.second == op.file && recording_.names.is_read(row.first);
        });
    };
    return reads(state.names()) || reads(state.durable_names());
}

void Enumeration::crash_inside(const Image& image, const DiskState* start, Class& into) {
    DiskState& state = run_.state();
    run_.restart_state(image, start);
    nested_visitor_.into = &into;
    const std::vector<IoEvent>& events = run_.trace().events();
    for (std::size_t event = 0; event <= events.size(); ++event) {
        ++report_.nested_crash_points;
        bool const look = event == 0 || may_change_images(state, events[event - 1]) ||
                          event == run_.marks().opened || event == run_.marks().acked;
        if (event > 0) {
            state.apply(run_.trace(), events[event - 1]);
        }
        if (!look) {
            continue;
        }
        nested_visitor_.event = event;
        run_.images().look_at(state, run_.trace());
        run_.images().visit_all(nested_visitor_, CrashImages::Families::shaped);
    }
    std::sort(into.nested.begin(), into.nested.end());
}

bool Enumeration::NestedVisitor::visit(CrashImages& images, std::uint64_t hash, bool shaped) {
    (void)shaped;
    ++owner_.report_.visited;
    ++owner_.report_.nested;
    owner_.report_.hash = broker::fold64(owner_.report_.hash, hash);
    std::uint32_t number = owner_.outcomes_by_image_.find(hash);
    if (number == StateTable::none) {
        number = owner_.outcome_of(images.image(), hash);
    }
    const Outcome& outcome = owner_.outcomes_[number];
    std::optional<Finding> finding = outcome.later;
    if (event < owner_.run_.marks().opened) {
        if (std::find(into->nested.begin(), into->nested.end(), number) == into->nested.end()) {
            into->nested.push_back(number);
        }
    } else if (std::optional<Judgement> const judgement =
                   judge_nested(owner_.recording_.model, outcome.first, owner_.run_, event, {})) {
        finding = judgement->finding;
    }
    if (finding && std::find(into->nested_findings.begin(), into->nested_findings.end(),
                             *finding) == into->nested_findings.end()) {
        into->nested_findings.push_back(*finding);
    }
    return true;
}

void Enumeration::judge(std::uint32_t number, const Claims& claims) {
    const Claims& nested_claims = recording_.after_power[now_.event];
    if (!claims_ || *claims_ != claims || nested_claims_ != nested_claims) {
        claims_ = claims;
        nested_claims_ = nested_claims;
        std::fill(verdicts_.begin(), verdicts_.end(), unjudged);
    }
    std::int8_t& verdict = verdicts_[number];
    const Class& made = classes_[number];
    if (verdict == unjudged) {
        verdict = sound;
        auto const note = [&](std::uint32_t outcome, const Claims& promised) {
            if (verdict != sound) {
                return;
            }
            std::optional<Judgement> const judgement =
                recording_.model.judge(outcomes_[outcome].first, promised);
            if (judgement) {
                verdict = static_cast<std::int8_t>(judgement->finding);
            }
        };
        note(made.outcome, claims);
        if (verdict == sound && outcomes_[made.outcome].later) {
            verdict = static_cast<std::int8_t>(*outcomes_[made.outcome].later);
        }
        for (std::uint32_t const outcome : made.nested) {
            note(outcome, nested_claims);
        }
        if (verdict == sound && !made.nested_findings.empty()) {
            verdict = static_cast<std::int8_t>(made.nested_findings.front());
        }
    }
    if (verdict != sound) {
        found(static_cast<Finding>(verdict), made);
    }
}

}  // namespace brokersim::enumeration
