// Disk profiles: what kinds of disk and file system there are, as far as a log can tell them apart.
//
//   profile        one page fails in a sync    cache after it   names             else
//   strict         error at once; poisoned     new bytes        need sync_dir     sizes on their
//   own ext4_ordered   error at once; poisoned     new bytes        synced with file  data before
//   size xfs            error at once; poisoned     new bytes        synced with file  data before
//   size ext4_data      ok, error at the NEXT sync  new bytes        synced with file btrfs error;
//   all of it is undone  old bytes, size  synced with file odirect_dsync  (writes need no sync)
//   need sync_dir     no page cache nopsow         as strict need sync_dir     torn sector: garbage
//   liar           as strict                                    need sync_dir     every sync lies
//   slow           as strict                                    need sync_dir     ten times slower
//   full           as strict                                    need sync_dir     little space
//
// Poisoned: the page is clean and not on the media, so that no later sync writes it; it shows until
// power fails. Where names are synced with their file, a sync makes the older name operations
// durable too, in order, as one journal would.
// Source: Rebello et al., "Can Applications Recover from fsync Failures?", ATC'20, table 2;
// PostgreSQL's fsync errors (2018); SQLite, "Powersafe Overwrite".
#pragma once

#include <cstdint>

namespace brokersim {

enum class DiskProfile : std::uint8_t {
    strict,  // the weakest that POSIX allows
    ext4_ordered,
    xfs,
    ext4_data,
    btrfs,
    odirect_dsync,
    nopsow,  // no power-safe overwrite
    liar,
    slow,
    full,
};

/// What a sync leaves of the pages that could not be written.
enum class SyncFailure : std::uint8_t {
    poisons,     // the error is reported, the pages count as clean
    late,        // they count as clean, and the next sync of the file reports it
    rolls_back,  // the error is reported, and all that the sync covered never happened
};

struct DiskTraits {
    DiskProfile profile = DiskProfile::strict;
    SyncFailure sync_failure = SyncFailure::poisons;
    bool sync_commits_names = false;
    bool data_before_size = false;  // a file never ends behind bytes that power took
    bool write_through = false;     // what a write stored is durable when it completes
    bool atomic_sectors = true;     // a torn sector holds old or new bytes, and nothing else
    bool syncs_lie = false;
    std::int64_t slowness = 1;  // operations take so many times their time
};

constexpr DiskTraits traits_of(DiskProfile profile) {
    DiskTraits traits;
    traits.profile = profile;
    switch (profile) {
        case DiskProfile::ext4_ordered:
        case DiskProfile::xfs:
            traits.sync_commits_names = true;
            traits.data_before_size = true;
            break;
        case DiskProfile::ext4_data:
            traits.sync_failure = SyncFailure::late;
            traits.sync_commits_names = true;
            break;
        case DiskProfile::btrfs:
            traits.sync_failure = SyncFailure::rolls_back;
            traits.sync_commits_names = true;
            break;
        case DiskProfile::odirect_dsync:
            traits.write_through = true;
            break;
        case DiskProfile::nopsow:
            traits.atomic_sectors = false;
            break;
        case DiskProfile::liar:
            traits.syncs_lie = true;
            break;
        case DiskProfile::slow:
            traits.slowness = 10;
            break;
        case DiskProfile::strict:
        case DiskProfile::full:
            break;
    }
    return traits;
}

}  // namespace brokersim
