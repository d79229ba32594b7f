// ObjectReader: one object of a scenario file, read by the rows of the table of keys.
//
// It reports unknown and missing keys when it is made, and a wrong value when that is asked for.
// A value that is wrong is reported once and reads as the caller's default; `Findings::broken`
// then keeps checks of meaning away from it, so that one mistake gives one error.
#pragma once

#include "scenarios/findings.h"
#include "scenarios/json_reader.h"
#include "scenarios/keys.h"
#include "scenarios/scalar.h"
#include "scenarios/value.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brokersim {

class ObjectReader {
public:
    /// value: reported (SCN012) and read as empty if it is no object; nullptr reads as empty.
    /// place: of the table of keys. `findings` must outlive the reader.
    ObjectReader(Findings& findings, const JsonValue* value, std::string pointer,
                 std::string_view place, std::vector<std::string_view> not_required = {});

    [[nodiscard]] bool has(std::string_view key) const { return value_of(key) != nullptr; }
    [[nodiscard]] const JsonValue* value_of(std::string_view key) const;
    [[nodiscard]] std::string pointer(std::string_view key) const {
        return pointer_to(pointer_, key);
    }
    [[nodiscard]] const std::string& pointer() const { return pointer_; }
    [[nodiscard]] Span span() const { return span_; }
    /// Of the value of `key`, or of the object if it is not there.
    [[nodiscard]] Span span(std::string_view key) const;

    /// The number of a key; nullopt if it is absent or wrong (then reported).
    std::optional<std::int64_t> number(std::string_view key);
    /// The same for a key that may be drawn.
    std::optional<Distribution> distribution(std::string_view key);
    void read(std::string_view key, Distribution& into);
    std::optional<std::string> text(std::string_view key);
    std::vector<std::string> texts(std::string_view key);
    /// The object at `key`, read at `place`; empty if absent.
    ObjectReader object(std::string_view key, std::string_view place,
                        std::vector<std::string_view> not_required = {});
    /// The items of a list; an empty list is an error (SCN016).
    std::vector<JsonValue const*> list(std::string_view key);

    /// Reports SCN015 unless exactly one (or, if `none` is allowed, at most one) of `keys` is here;
    /// returns whether that is so.
    bool one_of(const std::vector<std::string_view>& keys, bool none);

    void error(std::string_view key, std::string code, std::string message, std::string help = "",
               std::string replacement = "");
    void refuse(std::string_view key, ValueError made) {
        findings_->add(span(key), pointer(key), std::move(made));
    }
    Findings& findings() { return *findings_; }

private:
    void check_keys(const std::vector<std::string_view>& not_required);
    void report_unknown(const JsonMember& member);
    std::optional<Distribution> read_distribution(const KeyRow& row, const JsonValue& value,
                                                  const std::string& at);
    std::optional<Distribution> read_range(const KeyRow& row, const JsonValue& bounds,
                                           const std::string& at, bool logarithmic);
    std::optional<Distribution> read_exponential(const KeyRow& row, const JsonValue& value,
                                                 const std::string& at);
    std::optional<Distribution> read_choice(const KeyRow& row, const JsonValue& values,
                                            const JsonValue* weights, const std::string& at);
    std::optional<std::int64_t> scalar(const KeyRow& row, const JsonValue& value,
                                       const std::string& at);

    Findings* findings_;
    const JsonValue* value_ = nullptr;
    std::string pointer_;
    std::string_view place_;
    Span span_;
};

}  // namespace brokersim
