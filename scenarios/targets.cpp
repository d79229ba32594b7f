// The grammar of targets: a word, nK, or role(argument).
#include "scenarios/targets.h"

#include "scenarios/not_built.h"
#include "scenarios/suggest.h"

#include <fmt/format.h>

#include <array>

namespace brokersim {
namespace {

struct TargetWord {
    std::string_view word;
    TargetKind kind;
};
constexpr std::array bare_words = {
    TargetWord{"one", TargetKind::one},
    TargetWord{"minority", TargetKind::minority},
    TargetWord{"majority", TargetKind::majority},
    TargetWord{"all", TargetKind::all},
    TargetWord{"clients", TargetKind::clients},
    TargetWord{"rest", TargetKind::rest},
    TargetWord{"minority_third", TargetKind::minority_third},
};
constexpr std::array roles = {
    TargetWord{"leader", TargetKind::leader},
    TargetWord{"follower", TargetKind::follower},
    TargetWord{"followers", TargetKind::followers},
    TargetWord{"client", TargetKind::client},
    TargetWord{"voters", TargetKind::voters},
    TargetWord{"same", TargetKind::same},
    TargetWord{"candidate", TargetKind::candidate},
    TargetWord{"learner", TargetKind::learner},
    TargetWord{"lagging", TargetKind::lagging},
    TargetWord{"tiebreaker", TargetKind::tiebreaker},
};

struct ShapeWord {
    std::string_view word;
    Shape shape;
};
constexpr std::array shapes = {
    ShapeWord{"one", Shape::one},
    ShapeWord{"leader", Shape::leader},
    ShapeWord{"leader_with_clients", Shape::leader_with_clients},
    ShapeWord{"minority", Shape::minority},
    ShapeWord{"minority_third", Shape::minority_third},
    ShapeWord{"majority", Shape::majority},
    ShapeWord{"halves", Shape::halves},
    ShapeWord{"bridge", Shape::bridge},
    ShapeWord{"majorities_ring", Shape::majorities_ring},
};

/// A positive decimal of at most six digits, without sign or leading zero.
std::optional<std::uint32_t> small_number(std::string_view text, bool zero) {
    if (text.empty() || text.size() > 6 || (text.size() > 1 && text[0] == '0')) {
        return std::nullopt;
    }
    std::uint32_t number = 0;
    for (char const c : text) {
        if (c < '0' || c > '9') {
            return std::nullopt;
        }
        number = number * 10 + static_cast<std::uint32_t>(c - '0');
    }
    return number == 0 && !zero ? std::nullopt : std::optional{number};
}

/// The dense id of "topic/index": partitions are numbered over all topics, in order. It must be the
/// same in every run, so every topic before the named one has a fixed number of partitions.
tl::expected<std::uint32_t, ValueError> partition_of(std::string_view text,
                                                     const std::vector<TopicSpec>& topics) {
    std::size_t const slash = text.rfind('/');
    std::optional<std::uint32_t> const index =
        slash == std::string_view::npos ? std::nullopt : small_number(text.substr(slash + 1), true);
    if (!index) {
        return tl::unexpected<ValueError>{
            {"SCN203", fmt::format("\"{}\" is not a partition", std::string{text}),
             topics.empty() ? ""
                            : fmt::format("write topic/number, such as {}/0", topics[0].name)}};
    }
    std::string_view const topic = text.substr(0, slash);
    std::int64_t first = 0;
    std::vector<Candidate> names;
    for (const TopicSpec& spec : topics) {
        names.push_back({spec.name});
        if (spec.name != topic) {
            if (spec.partitions.smallest() != spec.partitions.largest()) {
                first = -1;
            } else if (first >= 0) {
                first += spec.partitions.smallest();
            }
            continue;
        }
        if (first < 0) {
            return tl::unexpected<ValueError>{
                {"SCN203",
                 fmt::format("partitions of \"{}\" have no fixed number: a topic before "
                             "it draws how many it has",
                             spec.name),
                 "put it before topics whose partitions are drawn"}};
        }
        if (*index >= spec.partitions.smallest()) {
            return tl::unexpected<ValueError>{
                {"SCN203", fmt::format("topic \"{}\" has no partition {}: it can have only {}",
                                       spec.name, *index, spec.partitions.smallest())}};
        }
        return static_cast<std::uint32_t>(first) + *index;
    }
    std::optional<std::string> const near = nearest(topic, names);
    return tl::unexpected<ValueError>{{"SCN203",
                                       fmt::format("unknown topic \"{}\"", std::string{topic}),
                                       near ? fmt::format("did you mean \"{}\"?", *near) : ""}};
}

tl::unexpected<ValueError> unknown_target(std::string_view text) {
    if (is_not_built("target", text.substr(0, text.find('(')))) {
        return tl::unexpected<ValueError>{not_built_error("target", text)};
    }
    std::vector<Candidate> candidates;
    for (const TargetWord& entry : bare_words) {
        candidates.push_back({entry.word});
    }
    for (const TargetWord& entry : roles) {
        candidates.push_back({entry.word});
    }
    std::string_view const word = text.substr(0, text.find('('));
    std::optional<std::string> const near = nearest(word, candidates);
    std::string help =
        "targets are n1, one, minority, minority_third, majority, all, leader(t/p), follower(t/p), "
        "followers(t/p), voters(t/p), candidate(t/p), learner(t/p), lagging(t/p), tiebreaker(t/p), "
        "clients, client(p1), same(id), rest";
    if (near && *near != word) {
        help = fmt::format("did you mean \"{}\"?", *near);
    } else if (near) {
        help = fmt::format("write \"{}({})\"", *near,
                           *near == "same"     ? "id"
                           : *near == "client" ? "p1"
                                               : "orders/0");
    }
    return tl::unexpected<ValueError>{
        {"SCN011", fmt::format("unknown target {}", quote_json(text)), std::move(help)}};
}

tl::expected<Target, ValueError> parse_target(std::string_view text,
                                              const std::vector<TopicSpec>& topics) {
    Target target;
    target.text = std::string{text};
    for (const TargetWord& entry : bare_words) {
        if (entry.word == text) {
            target.kind = entry.kind;
            return target;
        }
    }
    if (text.size() > 1 && text[0] == 'n') {
        if (std::optional<std::uint32_t> const number = small_number(text.substr(1), false)) {
            target.kind = TargetKind::node;
            target.number = *number;
            return target;
        }
    }
    std::size_t const open = text.find('(');
    if (open == std::string_view::npos || text.back() != ')' || open + 2 >= text.size()) {
        return unknown_target(text);
    }
    std::string_view const argument = text.substr(open + 1, text.size() - open - 2);
    for (const TargetWord& role : roles) {
        if (role.word != text.substr(0, open)) {
            continue;
        }
        target.kind = role.kind;
        if (role.kind == TargetKind::same) {
            target.id = std::string{argument};
            return target;
        }
        if (role.kind == TargetKind::client) {
            std::optional<std::uint32_t> const number = small_number(argument.substr(1), false);
            if (!number || (argument[0] != 'p' && argument[0] != 'c')) {
                return tl::unexpected<ValueError>{
                    {"SCN011", fmt::format("unknown client \"{}\"", std::string{argument}),
                     "write client(p1) for the first producer, client(c1) for the first consumer"}};
            }
            target.consumer = argument[0] == 'c';
            target.number = *number;
            return target;
        }
        tl::expected<std::uint32_t, ValueError> const partition = partition_of(argument, topics);
        if (!partition) {
            return tl::unexpected<ValueError>{partition.error()};
        }
        target.partition = *partition;
        return target;
    }
    return unknown_target(text);
}

}  // namespace

std::optional<Target> read_target(Findings& findings, const JsonValue& value,
                                  const std::string& pointer,
                                  const std::vector<TopicSpec>& topics) {
    if (!value.is(JsonValue::Kind::string)) {
        findings.error(
            value.span, pointer, "SCN012",
            fmt::format("a target such as \"n1\" belongs here, not {}", describe(value.kind)));
        return std::nullopt;
    }
    tl::expected<Target, ValueError> target = parse_target(value.text, topics);
    if (!target) {
        // Topics that were reported say nothing about who names them.
        if (target.error().code != "SCN203" || !findings.broken("/cluster/topics")) {
            findings.add(value.span, pointer, std::move(target.error()));
        }
        return std::nullopt;
    }
    return std::move(*target);
}

std::optional<std::uint32_t> read_partition(Findings& findings, const JsonValue& value,
                                            const std::string& pointer,
                                            const std::vector<TopicSpec>& topics) {
    if (!value.is(JsonValue::Kind::string)) {
        return std::nullopt;  // reported as of the wrong kind
    }
    auto const partition = partition_of(value.text, topics);
    if (!partition) {
        findings.add(value.span, pointer, partition.error());
        return std::nullopt;
    }
    return *partition;
}

std::optional<Shape> shape_named(std::string_view name) {
    for (const ShapeWord& entry : shapes) {
        if (entry.word == name) {
            return entry.shape;
        }
    }
    return std::nullopt;
}

std::string_view name_of(Shape shape) {
    for (const ShapeWord& entry : shapes) {
        if (entry.shape == shape) {
            return entry.word;
        }
    }
    return "groups";
}

std::vector<std::vector<Target>> read_groups(Findings& findings, const JsonValue& value,
                                             const std::string& pointer,
                                             const std::vector<TopicSpec>& topics) {
    std::vector<std::vector<Target>> groups;
    if (value.items.size() < 2) {
        findings.error(value.span, pointer, "SCN219", "a partition has at least two groups",
                       "name the others: [..., [\"rest\"]]");
        return groups;
    }
    for (std::size_t i = 0; i < value.items.size(); ++i) {
        const JsonValue& item = value.items[i];
        std::string const at = pointer_to(pointer, i);
        if (!item.is(JsonValue::Kind::list)) {
            findings.error(
                item.span, at, "SCN012",
                fmt::format("a group is a list of targets, not {}", describe(item.kind)));
            continue;
        }
        if (item.items.empty()) {
            findings.error(item.span, at, "SCN016", "an empty group");
        }
        std::vector<Target> group;
        for (std::size_t j = 0; j < item.items.size(); ++j) {
            std::optional<Target> target =
                read_target(findings, item.items[j], pointer_to(at, j), topics);
            if (target) {
                group.push_back(std::move(*target));
            }
        }
        groups.push_back(std::move(group));
    }
    return groups;
}

}  // namespace brokersim
