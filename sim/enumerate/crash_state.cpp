// Writing, reading, playing and shrinking single states.
#include "sim/enumerate/crash_state.h"

#include "sim/enumerate/trip_on_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace brokersim::enumeration {
namespace {

constexpr std::string_view fate_letters = "01cbzg";

std::string text_of_choice(const Choice& choice) {
    std::string text = "u";
    for (Fate const fate : choice.units) {
        text += fate_letters[static_cast<std::size_t>(fate)];
    }
    text += choice.grown ? ".s1.n" : ".s0.n";
    for (std::uint8_t const name : choice.names) {
        text += name != 0 ? '1' : '0';
    }
    return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (true) {
        std::size_t const at = text.find(separator);
        parts.push_back(text.substr(0, at));
        if (at == std::string_view::npos) {
            return parts;
        }
        text.remove_prefix(at + 1);
    }
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
    Number number = 0;
    const char* const begin = text.data();
    const char* const end = begin + text.size();
    auto const [at, error] = std::from_chars(begin, end, number);
    return error == std::errc{} && at == end ? std::optional{number} : std::nullopt;
}

std::optional<std::size_t> parse_event(std::string_view text) {
    return text.starts_with('e') ? parse_number<std::size_t>(text.substr(1)) : std::nullopt;
}

/// Of "u0110", "s1", "n01".
std::optional<Choice> parse_choice(std::string_view units, std::string_view size,
                                   std::string_view names) {
    if (!units.starts_with('u') || !names.starts_with('n') || (size != "s0" && size != "s1")) {
        return std::nullopt;
    }
    Choice choice;
    choice.grown = size == "s1";
    for (char const letter : units.substr(1)) {
        std::size_t const at = fate_letters.find(letter);
        if (at == std::string_view::npos) {
            return std::nullopt;
        }
        choice.units.push_back(static_cast<Fate>(at));
    }
    for (char const letter : names.substr(1)) {
        if (letter != '0' && letter != '1') {
            return std::nullopt;
        }
        choice.names.push_back(letter == '1' ? 1 : 0);
    }
    return choice;
}

}  // namespace

std::string text_of(const CrashState& state) {
    std::string text = fmt::format("e{}.", state.event);
    if (state.kind == Loss::power) {
        text += "power." + text_of_choice(state.choice);
    } else {
        text += fmt::format("process.f{}", fmt::join(state.fates, "-"));
    }
    if (state.nested) {
        text +=
            fmt::format("+e{}.power.{}", state.nested->event, text_of_choice(state.nested->choice));
    }
    return text;
}

std::optional<CrashState> parse_crash_state(std::string_view text) {
    std::vector<std::string_view> const crashes = split(text, '+');
    if (crashes.size() > 2) {
        return std::nullopt;
    }
    CrashState state;
    for (std::size_t i = 0; i < crashes.size(); ++i) {
        std::vector<std::string_view> const parts = split(crashes[i], '.');
        std::optional<std::size_t> const event = parse_event(parts[0]);
        if (!event) {
            return std::nullopt;
        }
        if (i == 0 && parts.size() == 3 && parts[1] == "process" && parts[2].starts_with('f')) {
            state.kind = Loss::process;
            state.event = *event;
            std::string_view const fates = parts[2].substr(1);
            for (std::string_view const part :
                 fates.empty() ? std::vector<std::string_view>{} : split(fates, '-')) {
                std::optional<std::uint32_t> const fate = parse_number<std::uint32_t>(part);
                if (!fate) {
                    return std::nullopt;
                }
                state.fates.push_back(*fate);
            }
            continue;
        }
        std::optional<Choice> choice;
        if (parts.size() == 5 && parts[1] == "power") {
            choice = parse_choice(parts[2], parts[3], parts[4]);
        }
        if (!choice) {
            return std::nullopt;
        }
        if (i == 0) {
            state.event = *event;
            state.choice = std::move(*choice);
        } else {
            state.nested = NestedCrash{*event, std::move(*choice)};
        }
    }
    return state;
}

std::optional<Judgement> judge_nested(const LogModel& model, const Found& found,
                                      const RecoveryRun& run, std::size_t event,
                                      const Claims& claims) {
    const Marks& marks = run.marks();
    if (event < marks.opened) {
        return model.judge(found, claims);
    }
    return model.judge_again(found, run.outcome().first, run.appended_item(),
                             event >= marks.appended, event >= marks.acked);
}

StatePlayer::StatePlayer(LogRecording& recording)
    : recording_{recording},
      images_{recording.names, recording.seed},
      run_{recording, recording.seed},
      inner_{recording, recording.seed} {}

const Claims& StatePlayer::claims_of(const CrashState& state) const {
    return state.kind == Loss::power ? recording_.after_power[state.event]
                                     : recording_.after_process[state.event];
}

void StatePlayer::go_to(std::size_t event) {
    disk_.start_from(Image{});
    for (std::size_t i = 0; i < event; ++i) {
        disk_.apply(recording_.trace, recording_.trace.events()[i]);
    }
}

bool StatePlayer::make_image(const CrashState& state) {
    if (state.event > recording_.trace.events().size()) {
        return false;
    }
    go_to(state.event);
    process_ = state.kind == Loss::process;
    if (process_) {
        if (state.fates.size() != disk_.in_flight().size()) {
            return false;
        }
        for (std::size_t i = 0; i < state.fates.size(); ++i) {
            if (state.fates[i] >= disk_.process_fates(recording_.trace, i)) {
                return false;
            }
        }
        dead_.copy_from(disk_);
        dead_.process_dies(recording_.trace, state.fates);
        images_.look_at(dead_, recording_.trace);
        images_.choose_all();
    } else {
        images_.look_at(disk_, recording_.trace);
        images_.choose(state.choice);
        if (images_.choice().units.size() != state.choice.units.size() ||
            images_.choice().names.size() != state.choice.names.size()) {
            return false;
        }
    }
    image_ = images_.image();
    return true;
}

bool StatePlayer::fits(const CrashState& state) {
    TripOnCheck const trip;
    if (!make_image(state)) {
        return false;
    }
    if (!state.nested) {
        return true;
    }
    const DiskState* const start = process_ ? &dead_ : nullptr;
    run_.run(image_, start);
    if (state.nested->event > run_.trace().events().size()) {
        return false;
    }
    run_.restart_state(image_, start);
    for (std::size_t i = 0; i < state.nested->event; ++i) {
        run_.state().apply(run_.trace(), run_.trace().events()[i]);
    }
    run_.images().look_at(run_.state(), run_.trace());
    run_.images().choose(state.nested->choice);
    return run_.images().choice().units.size() == state.nested->choice.units.size() &&
           run_.images().choice().names.size() == state.nested->choice.names.size();
}

std::optional<Judgement> StatePlayer::play(const CrashState& state) {
    TripOnCheck const trip;
    if (!make_image(state)) {
        return std::nullopt;
    }
    const DiskState* const start = process_ ? &dead_ : nullptr;
    const Outcome& outcome = run_.run(image_, start);
    const Claims& claims = claims_of(state);
    if (state.nested) {
        return play_nested(*state.nested, recording_.after_power[state.event]);
    }
    if (std::optional<Judgement> judgement = recording_.model.judge(outcome.first, claims)) {
        return judgement;
    }
    if (outcome.later) {
        return Judgement{*outcome.later, outcome.later_text};
    }
    return std::nullopt;
}

std::optional<Judgement> StatePlayer::play_nested(const NestedCrash& nested, const Claims& claims) {
    if (nested.event > run_.trace().events().size()) {
        return std::nullopt;
    }
    run_.restart_state(image_, process_ ? &dead_ : nullptr);
    for (std::size_t i = 0; i < nested.event; ++i) {
        run_.state().apply(run_.trace(), run_.trace().events()[i]);
    }
    run_.images().look_at(run_.state(), run_.trace());
    run_.images().choose(nested.choice);
    inner_.follow(run_);
    const Outcome& outcome = inner_.run(run_.images().image(), nullptr);
    if (std::optional<Judgement> judgement =
            judge_nested(recording_.model, outcome.first, run_, nested.event, claims)) {
        return judgement;
    }
    if (outcome.later) {
        return Judgement{*outcome.later, outcome.later_text};
    }
    return std::nullopt;
}

bool StatePlayer::try_smaller(CrashState& state, const CrashState& smaller, Finding finding) {
    if (smaller == state || !fits(smaller)) {
        return false;
    }
    std::optional<Judgement> const judgement = play(smaller);
    if (!judgement || judgement->finding != finding) {
        return false;
    }
    state = smaller;
    return true;
}

bool StatePlayer::shrink_choice(CrashState& state, Finding finding, bool of_nested) {
    auto const choice_of = [of_nested](CrashState& of) -> Choice& {
        return of_nested ? of.nested->choice : of.choice;
    };
    bool any = false;
    for (std::size_t i = 0; i < choice_of(state).units.size(); ++i) {
        for (Fate const simpler : {Fate::lost, Fate::kept}) {
            CrashState smaller = state;
            Fate& fate = choice_of(smaller).units[i];
            if (fate <= simpler) {
                break;
            }
            fate = simpler;
            if (try_smaller(state, smaller, finding)) {
                any = true;
                break;
            }
        }
    }
    for (std::size_t i = 0; i < choice_of(state).names.size(); ++i) {
        CrashState smaller = state;
        choice_of(smaller).names[i] = 0;
        any = try_smaller(state, smaller, finding) || any;
    }
    if (!choice_of(state).grown) {
        CrashState smaller = state;
        choice_of(smaller).grown = true;
        any = try_smaller(state, smaller, finding) || any;
    }
    return any;
}

bool StatePlayer::shrink_fates(CrashState& state, Finding finding) {
    bool any = false;
    for (std::size_t i = 0; i < state.fates.size(); ++i) {
        for (std::uint32_t simpler = 0; simpler < std::min(state.fates[i], 2U); ++simpler) {
            CrashState smaller = state;
            smaller.fates[i] = simpler;
            if (try_smaller(state, smaller, finding)) {
                any = true;
                break;
            }
        }
    }
    return any;
}

CrashState StatePlayer::shrink(const CrashState& state, Finding finding) {
    CrashState smallest = state;
    if (state.nested) {
        CrashState smaller = state;
        smaller.nested.reset();
        try_smaller(smallest, smaller, finding);
    }
    bool again = true;
    while (again) {
        again = false;
        again = smallest.kind == Loss::power ? shrink_choice(smallest, finding, false)
                                             : shrink_fates(smallest, finding);
        if (smallest.nested) {
            again = shrink_choice(smallest, finding, true) || again;
        }
    }
    return smallest;
}

}  // namespace brokersim::enumeration
