// CrashImages: every disk that a power loss at one crash point may leave, one after the other.
//
// Unit: one 512-byte sector of one piece (a write or truncate that no completed sync covers), of a
// file that a recovery would read under some name. m units:
//   m <= 10: all 2^m subsets survive; m > 10: none, all, each prefix, each suffix, all but one,
//   only one, and 64 subsets drawn from the seed
//   x the sizes of files that grew: as the data says, or as they were
//   x the sector that was being written: whole or old; else a prefix of the new bytes (two cuts),
//   zeros, or garbage inside the range that was written (power-safe overwrite)
//   x the pending names: every subset of up to 4; of more, each prefix and all but one.
// A buffer is patched from one image to the next, and the hash of an image is a sum over sectors
// whose contents were hashed before: an image that was met before costs no copy and no allocation.
#pragma once

#include "sim/enumerate/disk_state.h"

#include <array>
#include <cstdint>
#include <vector>

namespace brokersim::enumeration {

/// What became of one unit.
enum class Fate : std::uint8_t {
    lost,      // the old bytes stand there
    kept,      // the new ones
    cut,       // the new bytes up to a cut, the old ones behind it
    cut_by_8,  // the same, at a multiple of eight bytes
    zeros,     // zeros where the new bytes would stand
    garbage,   // something else where they would stand
};
inline constexpr std::size_t fate_count = 6;

/// One survivor of a power loss, as choices; with the crash point it gives the image again.
struct Choice {
    std::vector<Fate> units;
    bool grown = true;                // files have the size that their data gives them
    std::vector<std::uint8_t> names;  // of each pending name operation, whether it survived

    friend bool operator==(const Choice&, const Choice&) = default;
};

class CrashImages;

class ImageVisitor {
public:
    ImageVisitor() = default;
    ImageVisitor(const ImageVisitor&) = delete;
    ImageVisitor& operator=(const ImageVisitor&) = delete;
    virtual ~ImageVisitor() = default;
    /// shaped: a family of its own (none, all, prefix, suffix, all but one, only one), or torn from
    /// one. Returns whether to go on.
    virtual bool visit(CrashImages& images, std::uint64_t hash, bool shaped) = 0;
};

class CrashImages {
public:
    static constexpr std::size_t exhaustive_units_max = 10;
    static constexpr std::size_t drawn_subsets = 64;
    static constexpr std::size_t all_names_max = 4;

    /// seed: of cuts, garbage and drawn subsets.
    CrashImages(const NameTable& names, std::uint64_t seed) : names_table_{names}, seed_{seed} {}

    /// The disk at a crash point; both must outlive the visits.
    void look_at(DiskState& state, const IoTrace& trace);
    /// shaped: without the subsets that are in no family of their own.
    enum class Families : std::uint8_t { all, shaped };
    /// Visits all images of these families; false if the visitor stopped.
    bool visit_all(ImageVisitor& visitor, Families families);

    /// Makes one image the current one. Fates that are missing are `lost`, names that are missing
    /// did not survive. Returns its hash.
    std::uint64_t choose(const Choice& choice);
    /// Everything that completed or is in flight survives.
    std::uint64_t choose_all();
    std::uint64_t choose_nothing() { return choose(Choice{{}, false, {}}); }

    // Of the current image.
    [[nodiscard]] const Choice& choice() const { return choice_; }
    /// Valid until the next image.
    const Image& image();
    /// What the units are, for a story: file, offset and bytes of each.
    struct UnitText {
        FileId file = 0;
        bool is_truncate = false;
        bool in_flight = false;
        std::uint64_t offset = 0;
        std::uint64_t bytes = 0;
    };
    [[nodiscard]] std::vector<UnitText> units() const;
    [[nodiscard]] const std::vector<NameOp>& name_ops() const { return name_ops_; }

private:
    struct Unit {
        std::uint32_t file = 0;  // place in files_
        std::uint32_t piece = 0;
        std::uint64_t offset = 0;
        std::uint32_t length = 0;
        std::uint32_t cut = 0;       // bytes kept by Fate::cut
        std::uint32_t cut_by_8 = 0;  // and by Fate::cut_by_8
        bool in_flight = false;
    };
    /// One way a sector may look, by the fates of its units.
    struct Variant {
        std::uint64_t key = 0;
        std::uint64_t hash = 0;
        std::array<std::byte, sector_bytes> bytes{};
    };
    /// A sector that some unit changes.
    struct Touched {
        std::uint64_t number = 0;
        std::vector<std::uint32_t> units;  // in order
        std::vector<Variant> variants;
        std::size_t variants_used = 0;
        std::uint32_t current = 0;  // of the image chosen
        std::uint32_t in_buffer = no_variant;
    };
    /// A file that is read under the names chosen.
    struct File {
        FileId id = 0;
        std::vector<Piece> pieces;  // in flight ones last
        std::uint32_t first_in_flight = 0;
        std::uint32_t first_unit = 0;
        std::uint32_t units = 0;
        std::vector<Touched> touched;
        std::size_t touched_used = 0;
        std::size_t last_touched = 0;       // place in touched
        std::uint64_t highest_touched = 0;  // number of a sector
        std::uint64_t still_hash = 0;       // of the sectors that no unit changes
        std::uint64_t size = 0;             // of the image chosen
        std::uint64_t hash = 0;
        Bytes buffer;
        bool buffered = false;
        bool grows = false;
    };
    static constexpr std::uint32_t no_variant = UINT32_MAX;

    void choose_names(const std::vector<std::uint8_t>& survive);
    void add_file(FileId id);
    void cut_into_units(std::uint32_t place);
    Touched& touch(File& file, std::uint64_t number);
    void add_unit(File& file, Unit unit);
    [[nodiscard]] std::uint64_t sized(File& file) const;
    [[nodiscard]] std::uint32_t variant_of(File& file, Touched& touched);
    void paint(const File& file, const Touched& touched, std::uint64_t visible,
               std::byte* sector) const;
    std::uint64_t hash_now();
    bool visit_units(ImageVisitor& visitor, Families families);
    bool visit_subset(ImageVisitor& visitor, bool shaped);
    bool visit_sizes(ImageVisitor& visitor, bool shaped);
    bool visit_torn(ImageVisitor& visitor, bool shaped);

    const NameTable& names_table_;
    std::uint64_t seed_;
    DiskState* state_ = nullptr;
    const IoTrace* trace_ = nullptr;
    std::vector<NameOp> name_ops_;  // pending, then in flight
    Names shown_;                   // as chosen
    std::vector<FileId> read_;      // of these, the files that are read
    std::vector<File> files_;
    std::size_t files_used_ = 0;
    std::vector<Unit> units_;
    Choice choice_;
    Image image_;
    bool any_growth_ = false;  // some file of the current image is larger than before
};

}  // namespace brokersim::enumeration
