// The budget is proven, not believed: an ideal log with voters that fail as the two classes say is
// driven through every schedule that the budget allows, and no quorum ever lacks a committed entry;
// with one silent fault more, some schedule loses one.
#include "faults/budget.h"

#include <catch2/catch.hpp>

#include <array>
#include <cstdint>
#include <set>
#include <vector>

namespace brokersim {
namespace {

constexpr std::uint32_t voters_max = 5;
constexpr std::uint8_t entries_max = 2;

/// An ideal log: entries 1, 2, .. of one leader that nobody contradicts. A voter stores a prefix;
/// what it ever stored it has promised, and the leader counts promises.
struct State {
    std::array<std::uint8_t, voters_max> stored{};
    std::array<std::uint8_t, voters_max> promised{};
    std::array<bool, voters_max> damaged{};
    std::uint8_t committed = 0;
    std::uint8_t over = 0;  // silent faults beyond the budget so far

    friend auto operator<=>(const State&, const State&) = default;
};

class Schedules {
public:
    Schedules(std::uint32_t voters, std::uint8_t over_max) : voters_{voters}, over_max_{over_max} {}

    /// Visits every state that can be reached; returns whether one of them has lost an entry.
    bool lose() {
        std::vector<State> open{State{}};
        std::set<State> seen{State{}};
        while (!open.empty()) {
            State const state = open.back();
            open.pop_back();
            if (has_lost(state)) {
                return true;
            }
            for (State const& next : steps_of(state)) {
                if (seen.insert(next).second) {
                    open.push_back(next);
                }
            }
        }
        visited_ = seen.size();
        return false;
    }
    [[nodiscard]] std::size_t visited() const { return visited_; }

private:
    [[nodiscard]] std::size_t quorum() const { return voters_ / 2 + 1; }

    [[nodiscard]] CopiesView view_of(const State& state, std::uint32_t target) const {
        CopiesView view;
        view.target = target;
        view.voter_sets.emplace_back();
        for (std::uint32_t voter = 0; voter < voters_; ++voter) {
            view.voter_sets.back().push_back(voter);
            view.damaged.push_back(state.damaged[voter]);
            view.holds.push_back(state.stored[voter] >= state.promised[target]);
        }
        return view;
    }

    [[nodiscard]] std::vector<State> steps_of(const State& state) const {
        std::vector<State> next;
        for (std::uint32_t voter = 0; voter < voters_; ++voter) {
            if (state.damaged[voter]) {
                continue;
            }
            if (state.stored[voter] < entries_max) {
                State appended = state;
                ++appended.stored[voter];
                appended.promised[voter] =
                    std::max(appended.promised[voter], appended.stored[voter]);
                next.push_back(appended);
            }
            if (within_budget(DamageClass::detectable, view_of(state, voter)).allowed) {
                State struck = state;
                struck.damaged[voter] = true;
                next.push_back(struck);
            }
            bool const allowed = within_budget(DamageClass::silent, view_of(state, voter)).allowed;
            for (std::uint8_t left = 0; left < state.stored[voter]; ++left) {
                if (!allowed && state.over == over_max_) {
                    break;
                }
                State struck = state;
                struck.stored[voter] = left;
                struck.over = static_cast<std::uint8_t>(state.over + (allowed ? 0 : 1));
                next.push_back(struck);
            }
        }
        std::size_t promises = 0;
        for (std::uint32_t voter = 0; voter < voters_; ++voter) {
            promises += state.promised[voter] > state.committed ? 1U : 0U;
        }
        if (promises >= quorum()) {
            State committed = state;
            ++committed.committed;
            next.push_back(committed);
        }
        return next;
    }

    /// Whether voters that would make a quorum all lack a committed entry.
    [[nodiscard]] bool has_lost(const State& state) const {
        std::size_t lacking = 0;
        for (std::uint32_t voter = 0; voter < voters_; ++voter) {
            lacking += !state.damaged[voter] && state.stored[voter] < state.committed ? 1U : 0U;
        }
        return lacking >= quorum();
    }

    std::uint32_t voters_;
    std::uint8_t over_max_;
    std::size_t visited_ = 0;
};

CopiesView three(std::vector<bool> damaged, std::vector<bool> holds) {
    return CopiesView{{{0, 1, 2}}, 0, std::move(damaged), std::move(holds)};
}

}  // namespace

TEST_CASE("budget: no schedule inside it loses a committed entry", "[faults]") {
    for (std::uint32_t voters = 1; voters <= voters_max; ++voters) {
        INFO(voters << " voters");
        Schedules schedules{voters, 0};

        CHECK_FALSE(schedules.lose());
        CHECK(schedules.visited() >= 5);
    }
}

TEST_CASE("budget: one silent fault beyond it can lose one, with an odd number of voters",
          "[faults]") {
    for (std::uint32_t voters = 1; voters <= voters_max; voters += 2) {
        INFO(voters << " voters");

        CHECK(Schedules{voters, 1}.lose());
    }
}

TEST_CASE("budget: what forbids a fault is said", "[faults]") {
    auto const detectable = [](const CopiesView& view) {
        return within_budget(DamageClass::detectable, view);
    };
    CHECK(detectable(three({false, false, false}, {true, true, false})).allowed);
    CHECK(detectable(three({false, false, false}, {true, false, false})).why ==
          "0 other copies of what it promised, 1 needed");
    CHECK(detectable(three({false, true, false}, {true, true, true})).why ==
          "2 of 3 voters would be damaged");
    // A damaged copy is none.
    CHECK_FALSE(within_budget(DamageClass::silent, CopiesView{{{0, 1, 2, 3, 4}},
                                                              0,
                                                              {false, true, false, false, false},
                                                              {true, true, true, true, false}})
                    .allowed);
    CHECK(within_budget(DamageClass::silent, three({false, false, false}, {true, true, true}))
              .allowed);
    CHECK(
        within_budget(DamageClass::silent, three({false, false, false}, {true, true, false})).why ==
        "1 other copies of what it promised, 2 needed");
}

TEST_CASE("budget: both sets of a joint configuration count, and only those with the target",
          "[faults]") {
    CopiesView view{{{0, 1, 2}, {0, 3, 4}},
                    0,
                    {false, false, false, false, false},
                    {true, true, true, false, false}};
    CHECK_FALSE(within_budget(DamageClass::detectable, view).allowed);
    view.voter_sets.pop_back();
    CHECK(within_budget(DamageClass::detectable, view).allowed);
    view.voter_sets = {{3, 4}};
    CHECK(within_budget(DamageClass::silent, view).allowed);
}

}  // namespace brokersim
