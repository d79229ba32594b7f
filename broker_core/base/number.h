// One number with a name: distinct integer types that do not mix, at no cost.
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>

namespace broker {

/// An integer that means one thing. Two Numbers of different tags neither compare nor add;
/// arithmetic with a plain count of the same representation does what it says.
/// Tag: an empty struct naming the meaning. Rep: the stored width, which also goes to disk.
template <class Tag, std::integral Rep>
class Number {
public:
    using rep = Rep;

    constexpr Number() = default;
    explicit constexpr Number(Rep value) : value_{value} {}

    [[nodiscard]] constexpr Rep value() const { return value_; }
    [[nodiscard]] constexpr Number next() const { return Number{static_cast<Rep>(value_ + 1)}; }
    [[nodiscard]] constexpr Number previous() const { return Number{static_cast<Rep>(value_ - 1)}; }

    constexpr Number& operator++() {
        ++value_;
        return *this;
    }

    friend constexpr auto operator<=>(Number, Number) = default;
    friend constexpr Number operator+(Number left, Rep count) {
        return Number{static_cast<Rep>(left.value_ + count)};
    }
    friend constexpr Number operator-(Number left, Rep count) {
        return Number{static_cast<Rep>(left.value_ - count)};
    }
    /// Distance between two numbers of one kind, as a plain count.
    friend constexpr Rep operator-(Number left, Number right) {
        return static_cast<Rep>(left.value_ - right.value_);
    }

private:
    Rep value_ = 0;
};

}  // namespace broker
