// The bug planted in this executable. Compiled once more, with a name, for each of them.
#include "sim/command/mutant.h"

#ifndef BROKERSIM_MUTANT
#define BROKERSIM_MUTANT ""
#endif

namespace brokersim {

std::string_view planted_mutant() {
    return BROKERSIM_MUTANT;
}

}  // namespace brokersim
