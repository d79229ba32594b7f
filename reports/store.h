// Store: merged results as an SQLite file, for questions nobody thought of.
#pragma once

#include "reports/merge.h"

#include <string>

namespace brokersim::reports {

/// Adds what is new; writing the same results again adds nothing. The result lines stay the
/// authority: this file can be made from them at any time. Returns an error text; empty: none.
std::string write_store(const std::string& path, const Merge& merge);

}  // namespace brokersim::reports
