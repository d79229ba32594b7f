// An executable with a bug from outside the catalogue, made in the build tree of this one.
//
// The patch goes to a copy; the copy is compiled as the original was, and linked in front of the
// same archives, as faults/mutants/CMakeLists.txt does for the catalogue. The commands are those of
// the build tree itself (ninja -t commands). Nothing is written outside that tree.
#pragma once

#include "sim/command/exit_code.h"
#include "sim/mutants/patch_file.h"

#include <tl/expected.hpp>

#include <string>

namespace brokersim {

struct BuildTree {
    std::string folder;
    std::string source;  // folder of the sources
    std::string ninja;   // the program
};

struct BuildError {
    ExitCode code = ExitCode::unsupported;
    std::string text;
};

/// The build tree that `executable` lies in. Errors: unsupported, there is none, or not of ninja.
tl::expected<BuildTree, BuildError> find_build_tree(const std::string& executable);

/// Brings brokersim up to date, then makes brokersim-NAME and returns its path. Errors: scenario,
/// the patch does not apply or does not compile; unsupported, no compiler, or the build fails.
tl::expected<std::string, BuildError> build_patched(const PatchFile& patch, const BuildTree& tree);

}  // namespace brokersim
