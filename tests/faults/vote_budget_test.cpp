// The rule about votes is proven like the rest of the budget: every schedule of elections in which
// voters forget term and vote as the budget allows has at most one leader in each term; with one
// voter that forgets against it, some schedule has two.
#include "faults/budget.h"

#include <catch2/catch.hpp>

#include <array>
#include <cstdint>
#include <set>
#include <vector>

namespace brokersim {
namespace {

constexpr std::uint32_t voters_max = 3;
constexpr std::uint8_t terms = 3;
constexpr std::uint8_t nobody = 0;  // else 1 + the voter

enum class Role : std::uint8_t { follower, candidate, leader };

/// Logs are equal, so that only term and vote decide. Messages are never lost for good: whatever
/// was sent may arrive at any time, again and again.
struct State {
    std::array<std::uint8_t, voters_max> term{};
    std::array<std::uint8_t, voters_max> vote{};
    std::array<Role, voters_max> role{};
    std::array<std::uint8_t, voters_max> granted{};                         // to whom is one bit
    std::array<std::uint8_t, terms + 1> asked{};                            // by term: candidates
    std::array<std::array<std::uint8_t, voters_max>, terms + 1> replies{};  // by term, candidate
    std::array<std::uint8_t, terms + 1> led{};                              // by term: leaders
    bool forgot = false;
    std::uint8_t over = 0;  // voters that forgot against the budget

    friend auto operator<=>(const State&, const State&) = default;
};

std::uint8_t bit(std::uint32_t voter) {
    return static_cast<std::uint8_t>(1U << voter);
}

class Elections {
public:
    Elections(std::uint32_t voters, std::uint8_t over_max) : voters_{voters}, over_max_{over_max} {}

    /// Visits every state that can be reached; returns whether one has two leaders of a term.
    bool clash() {
        std::vector<State> open{State{}};
        seen_ = {State{}};
        while (!open.empty()) {
            State const state = open.back();
            open.pop_back();
            for (std::uint8_t const leaders : state.led) {
                if ((leaders & (leaders - 1)) != 0) {
                    return true;
                }
            }
            std::vector<State> next;
            for (std::uint32_t voter = 0; voter < voters_; ++voter) {
                elect(state, voter, next);
                forget(state, voter, next);
            }
            for (State const& one : next) {
                if (seen_.insert(one).second) {
                    open.push_back(one);
                }
            }
        }
        return false;
    }
    [[nodiscard]] std::size_t visited() const { return seen_.size(); }

private:
    void elect(const State& state, std::uint32_t voter, std::vector<State>& next) const {
        if (state.term[voter] < terms && state.role[voter] != Role::leader) {
            State asks = state;
            std::uint8_t const term = ++asks.term[voter];
            asks.vote[voter] = static_cast<std::uint8_t>(voter + 1);
            asks.role[voter] = Role::candidate;
            asks.granted[voter] = bit(voter);
            asks.asked[term] |= bit(voter);
            next.push_back(count(asks, voter));
        }
        for (std::uint8_t term = 1; term <= terms; ++term) {
            if (state.led[term] != 0 && state.term[voter] < term) {
                State follows = state;  // it hears of the leader, and votes for nobody
                follows.term[voter] = term;
                follows.vote[voter] = nobody;
                follows.role[voter] = Role::follower;
                follows.granted[voter] = 0;
                next.push_back(follows);
            }
            for (std::uint32_t other = 0; other < voters_; ++other) {
                if (other != voter && (state.asked[term] & bit(other)) != 0) {
                    answer(state, voter, other, term, next);
                }
                bool const counts = state.role[voter] == Role::candidate &&
                                    state.term[voter] == term &&
                                    (state.replies[term][voter] & bit(other)) != 0;
                if (counts) {
                    State hears = state;
                    hears.granted[voter] |= bit(other);
                    next.push_back(count(hears, voter));
                }
            }
        }
    }
    static void answer(const State& state, std::uint32_t voter, std::uint32_t candidate,
                       std::uint8_t term, std::vector<State>& next) {
        State votes = state;
        if (votes.term[voter] < term) {
            votes.term[voter] = term;
            votes.vote[voter] = nobody;
            votes.role[voter] = Role::follower;
            votes.granted[voter] = 0;
        }
        bool const free = votes.vote[voter] == nobody || votes.vote[voter] == candidate + 1;
        if (votes.term[voter] == term && free) {
            votes.vote[voter] = static_cast<std::uint8_t>(candidate + 1);
            votes.replies[term][candidate] |= bit(voter);
        }
        next.push_back(votes);
    }
    [[nodiscard]] State count(State state, std::uint32_t voter) const {
        std::uint32_t votes = 0;
        for (std::uint32_t other = 0; other < voters_; ++other) {
            votes += (state.granted[voter] & bit(other)) != 0 ? 1U : 0U;
        }
        if (state.role[voter] == Role::candidate && votes > voters_ / 2) {
            state.role[voter] = Role::leader;
            state.led[state.term[voter]] |= bit(voter);
        }
        return state;
    }
    void forget(const State& state, std::uint32_t voter, std::vector<State>& next) const {
        CopiesView view;
        view.target = voter;
        view.voter_sets.emplace_back();
        for (std::uint32_t other = 0; other < voters_; ++other) {
            view.voter_sets.back().push_back(other);
            view.damaged.push_back(false);
            view.holds.push_back(true);
            std::uint8_t const term = state.term[voter];
            bool const asks = state.role[other] == Role::candidate && state.term[other] <= term;
            bool const gives = state.term[other] < term ||
                               (state.term[other] == term && state.vote[other] == nobody);
            view.vote_open.push_back(asks || gives);
        }
        view.forgot_before = state.forgot;
        bool const allowed = within_budget(DamageClass::amnesia, view).allowed;
        if (!allowed && state.over == over_max_) {
            return;
        }
        State forgot = state;
        forgot.term[voter] = 0;
        forgot.vote[voter] = nobody;
        forgot.role[voter] = Role::follower;
        forgot.granted[voter] = 0;
        forgot.forgot = true;
        forgot.over = static_cast<std::uint8_t>(state.over + (allowed ? 0 : 1));
        next.push_back(forgot);
    }

    std::uint32_t voters_;
    std::uint8_t over_max_;
    std::set<State> seen_;
};

}  // namespace

TEST_CASE("budget: whoever forgets its votes inside it, no term has two leaders", "[faults]") {
    for (std::uint32_t voters = 1; voters <= voters_max; ++voters) {
        INFO(voters << " voters");
        Elections elections{voters, 0};

        CHECK_FALSE(elections.clash());
        CHECK(elections.visited() > voters);
    }
}

TEST_CASE("budget: one vote forgotten against it can make two leaders of a term", "[faults]") {
    CHECK(Elections{3, 1}.clash());
}

TEST_CASE("budget: nothing lifts what forbids to forget a vote", "[faults]") {
    CopiesView view{{{0, 1, 2}}, 0, {false, false, false}, {true, true, true}};
    view.vote_open = {true, false, false};
    CHECK(within_budget(DamageClass::amnesia, view).allowed);

    view.vote_open = {false, true, false};
    BudgetAnswer const open = within_budget(DamageClass::amnesia, view);
    CHECK(open.why == "a vote is open in a term in which it may have voted");
    CHECK(open.always);
    CHECK(within_budget(DamageClass::silent, view).allowed);

    view.vote_open = {false, false, false};
    view.forgot_before = true;
    BudgetAnswer const again = within_budget(DamageClass::amnesia, view);
    CHECK(again.why == "a voter forgot its votes before");
    CHECK(again.always);

    view.forgot_before = false;
    view.holds = {true, true, false};
    CHECK_FALSE(within_budget(DamageClass::amnesia, view).always);
}

}  // namespace brokersim
