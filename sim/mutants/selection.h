// Which mutants are meant, where their executables are, and what they run in.
#pragma once

#include "sim/mutants/mutants_command.h"
#include "sim/mutants/patch_file.h"

#include <tl/expected.hpp>

#include <string>
#include <vector>

namespace brokersim {

/// Every patch of the catalogue (faults/mutants below the working directory), sorted by name.
/// Says what is wrong with a header; exit codes: scenario, or nothing_ran if there is no catalogue.
tl::expected<std::vector<PatchFile>, ExitCode> read_catalogue();

/// Those of the catalogue that the command names by id, name or tier. Says an unknown one.
tl::expected<std::vector<PatchFile>, ExitCode> select(const std::vector<PatchFile>& catalogue,
                                                      const MutantsCommand& command);

/// The patches from outside that the command names.
tl::expected<std::vector<PatchFile>, ExitCode> read_outside(const MutantsCommand& command);

/// The library's file for a mutant: of its header, else the nightly swarm.
std::string scenario_of(const PatchFile& patch);

enum class Readiness : std::uint8_t { ready, stale, not_built, not_applicable, wrong };
/// A mutant on its way to being measured.
struct Prepared {
    PatchFile patch;
    Readiness readiness = Readiness::ready;
    std::string why;  // if it is not ready
    std::string executable;
    std::string library_file;  // of the board: what it runs in
    std::string path;          // of the file to play
};

/// Finds or builds the executable, and writes the file to play. clean: the executable without a
/// bug, whose sources the mutant must share.
Prepared prepare(const PatchFile& patch, const MutantsCommand& command, const std::string& clean);

}  // namespace brokersim
