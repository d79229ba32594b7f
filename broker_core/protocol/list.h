// A list whose first element lives inside it, for messages that nearly always carry one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <utility>
#include <vector>

namespace broker::protocol {

/// Contiguous, growing at the end only. One topic with one partition is what almost every request
/// and response carries, and then nothing is allocated; from two elements on it is a std::vector.
/// T: default constructible and movable. References stay valid until the list grows or moves.
template <class T>
class List {
public:
    using value_type = T;

    List() = default;
    List(std::initializer_list<T> elements) {
        for (const T& element : elements) {
            add() = element;
        }
    }

    [[nodiscard]] std::size_t size() const { return is_inline() ? inline_count_ : many_.size(); }
    [[nodiscard]] bool empty() const { return size() == 0; }

    /// Appends a default element and returns it.
    T& add() {
        if (is_inline() && inline_count_ == 0) {
            inline_count_ = 1;
            return first_ = T{};
        }
        if (is_inline()) {
            many_.reserve(4);
            many_.push_back(std::move(first_));
            inline_count_ = 0;
        }
        return many_.emplace_back();
    }
    void push_back(T element) { add() = std::move(element); }
    void clear() {
        many_.clear();
        inline_count_ = 0;
    }

    [[nodiscard]] T* data() { return is_inline() ? &first_ : many_.data(); }
    [[nodiscard]] const T* data() const { return is_inline() ? &first_ : many_.data(); }
    [[nodiscard]] T* begin() { return data(); }
    [[nodiscard]] T* end() { return data() + size(); }
    [[nodiscard]] const T* begin() const { return data(); }
    [[nodiscard]] const T* end() const { return data() + size(); }
    /// Requires: index < size().
    [[nodiscard]] T& operator[](std::size_t index) { return data()[index]; }
    [[nodiscard]] const T& operator[](std::size_t index) const { return data()[index]; }

    friend bool operator==(const List& left, const List& right) {
        return std::equal(left.begin(), left.end(), right.begin(), right.end());
    }

private:
    [[nodiscard]] bool is_inline() const { return many_.empty(); }

    // Invariant: many_ is empty or holds every element; inline_count_ is 0 while it is not empty.
    T first_{};
    std::size_t inline_count_ = 0;
    std::vector<T> many_;
};

}  // namespace broker::protocol
