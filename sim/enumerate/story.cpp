// One state told step by step: what was asked, what survived, what was found.
#include "sim/enumerate/crash_state.h"
#include "sim/enumerate/trip_on_check.h"

#include <fmt/core.h>

namespace brokersim::enumeration {
namespace {

std::string_view words_of(Fate fate) {
    switch (fate) {
        case Fate::lost:
            return "lost";
        case Fate::kept:
            return "survived";
        case Fate::cut:
            return "torn: its first bytes survived";
        case Fate::cut_by_8:
            return "torn at a multiple of eight bytes";
        case Fate::zeros:
            return "torn: zeros stand there";
        case Fate::garbage:
            return "torn: garbage stands there";
    }
    return "";
}

std::string text_of_event(const IoTrace& trace, const IoEvent& event, const NameTable& names) {
    return fmt::format("{} {}", event.completion ? "done  " : "submit",
                       text_of(trace, trace.ops()[event.op], names));
}

}  // namespace

void StatePlayer::tell_recording(std::size_t until, std::vector<std::string>& lines) const {
    std::size_t note = 0;
    const std::vector<IoEvent>& events = recording_.trace.events();
    for (std::size_t i = 0; i <= until; ++i) {
        for (; note < recording_.notes.size() && recording_.notes[note].event <= i; ++note) {
            lines.push_back("        " + recording_.notes[note].text);
        }
        if (i < until) {
            lines.push_back(
                fmt::format("  e{:<4} {}", i + 1,
                            text_of_event(recording_.trace, events[i], recording_.names)));
        }
    }
}

void StatePlayer::tell_choice(const CrashImages& images, const DiskState& disk,
                              const IoTrace& trace, std::vector<std::string>& lines) const {
    std::vector<CrashImages::UnitText> const units = images.units();
    auto const name_of_file = [&](FileId id) {
        std::string name = fmt::format("file {}", id);
        for (const auto& [number, file] : disk.names()) {
            name = file == id ? recording_.names.text(number) : name;
        }
        return name;
    };
    for (std::size_t i = 0; i < units.size(); ++i) {
        const CrashImages::UnitText& unit = units[i];
        std::string const what =
            unit.is_truncate
                ? fmt::format("the size {} of {}", unit.offset, name_of_file(unit.file))
                : fmt::format("{} bytes at {} of {}", unit.bytes, unit.offset,
                              name_of_file(unit.file));
        lines.push_back(fmt::format("        {}{}: {}", what,
                                    unit.in_flight ? ", in flight" : ", not synced",
                                    words_of(images.choice().units[i])));
    }
    const std::vector<NameOp>& ops = images.name_ops();
    for (std::size_t i = 0; i < ops.size(); ++i) {
        IoOp op;
        op.kind = ops[i].kind;
        op.from = ops[i].from;
        op.to = ops[i].to;
        lines.push_back(fmt::format("        {}: {}", text_of(trace, op, recording_.names),
                                    images.choice().names[i] != 0 ? "survived" : "lost"));
    }
    if (!images.choice().grown) {
        lines.emplace_back("        files that had grown have their old size");
    }
}

void StatePlayer::tell_found(const Found& found, std::vector<std::string>& lines) const {
    if (found.refusal != nullptr) {
        lines.push_back(fmt::format("        the log does not come up: {}", found.refusal));
        return;
    }
    std::uint64_t const first = found.base.value() + 1;
    std::string const entries = found.items.empty() ? "no entries"
                                                    : fmt::format("entries {} to {}", first,
                                                                  first + found.items.size() - 1);
    std::string const base =
        found.base == LogIndex{} ? "" : fmt::format(", behind a base of {}", found.base.value());
    lines.push_back(fmt::format("        it finds {}{}; term {}, vote {}", entries, base,
                                found.hard_state.term.value(), found.hard_state.vote.value()));
}

std::vector<std::string> StatePlayer::story(const CrashState& state) {
    TripOnCheck const trip;
    std::vector<std::string> lines;
    if (!make_image(state)) {
        return lines;
    }
    tell_recording(state.event, lines);
    const DiskState* const start = process_ ? &dead_ : nullptr;
    lines.push_back(process_ ? "the process dies here:" : "power fails here:");
    if (process_) {
        for (std::size_t i = 0; i < state.fates.size(); ++i) {
            const IoOp& op = recording_.trace.ops()[disk_.in_flight()[i].op];
            std::string_view const what = state.fates[i] == 0   ? "did not happen"
                                          : state.fates[i] == 1 ? "happened"
                                                                : "happened up to a page border";
            if (op.kind != IoKind::sync && op.kind != IoKind::sync_dir) {
                lines.push_back(fmt::format("        {}: {}",
                                            text_of(recording_.trace, op, recording_.names), what));
            }
        }
    } else {
        tell_choice(images_, disk_, recording_.trace, lines);
    }
    lines.emplace_back("the log recovers:");
    const Outcome& outcome = run_.run(image_, start);
    tell_found(outcome.first, lines);
    std::size_t const until = state.nested ? state.nested->event : run_.trace().events().size();
    std::size_t number = 0;
    for (const IoEvent& event : run_.trace().events()) {
        if (number == run_.marks().opened) {
            lines.emplace_back("        it is open, and one entry is appended");
        }
        if (number == until) {
            break;
        }
        ++number;
        lines.push_back(fmt::format("  e{:<4} {}", number,
                                    text_of_event(run_.trace(), event, recording_.names)));
        if (number == run_.marks().acked) {
            lines.emplace_back("        the entry is acknowledged");
        }
    }
    if (state.nested) {
        std::optional<Judgement> const judgement =
            play_nested(*state.nested, recording_.after_power[state.event]);
        lines.emplace_back("power fails inside the recovery:");
        tell_choice(run_.images(), run_.state(), run_.trace(), lines);
        lines.emplace_back("the log recovers again:");
        tell_found(inner_.outcome().first, lines);
    } else if (outcome.first.refusal == nullptr) {
        lines.emplace_back("power fails, and only what is durable is left; it recovers again");
    }
    std::optional<Judgement> const judgement = play(state);
    lines.push_back(judgement ? fmt::format("{}: {}", name_of(judgement->finding), judgement->text)
                              : std::string{"nothing is wrong with it"});
    return lines;
}

}  // namespace brokersim::enumeration
