// DiskState: what is durable, what only completed, and what is in flight, at one crash point.
//
// The rules are those of env/disk.h and the simulated disk: a sync covers what had completed when
// it was submitted; names wait for a sync of the directory. Contents are spans where nothing
// changed them, so that thousands of states share one set of bytes.
#pragma once

#include "sim/enumerate/io_trace.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace brokersim::enumeration {

inline constexpr std::uint64_t sector_bytes = 512;
inline constexpr std::uint64_t page_bytes = 4096;

/// A file as a recovery reads it: `content`, then zeros up to `size`.
struct ImageFile {
    NameId name = 0;
    FileId file = 0;
    ByteSpan content;  // no longer than size
    std::uint64_t size = 0;
    std::uint64_t hash = 0;  // content_hash(content), if known
    bool hash_known = false;
};

/// What is on a disk when a node boots. The spans belong to whoever made the image.
struct Image {
    std::vector<ImageFile> files;  // each name once, in any order
    FileId next_file = 0;          // larger than any file so far
};

/// A change of content that no completed sync covers.
struct Piece {
    std::uint64_t sequence = 0;  // of its completion
    bool is_truncate = false;
    std::uint64_t offset = 0;  // truncate: the new size
    ByteSpan data;
};

struct FileState {
    ByteSpan durable;  // in `own`, or somebody else's
    std::uint64_t durable_size = 0;
    Bytes own;
    std::vector<Piece> pieces;       // ascending by sequence
    std::uint64_t durable_hash = 0;  // of all sectors; see content_hash
    bool hash_known = false;
};

struct NameOp {
    std::uint64_t sequence = 0;
    IoKind kind = IoKind::create;
    NameId from = 0;
    NameId to = 0;
    FileId file = 0;
};

/// The bytes that the machine reads: the durable ones, and what completed since.
Bytes cached_content(const FileState& file);

/// Which file a name leads to; each name once.
using Names = std::vector<std::pair<NameId, FileId>>;
void apply_name(Names& names, const NameOp& op);

class DiskState {
public:
    /// Everything in the image is durable, and nothing is under way.
    void start_from(const Image& image);
    /// The trace's buffer must outlive the state.
    void apply(const IoTrace& trace, const IoEvent& event);
    void copy_from(const DiskState& other);

    /// The process dies: of what is in flight, operation i happens as fates[i] says: 0 not at all;
    /// 1 wholly; k + 1: a write up to its k-th page border. Nothing is in flight afterwards.
    void process_dies(const IoTrace& trace, const std::vector<std::uint32_t>& fates);
    /// How many fates the operation in flight has.
    [[nodiscard]] std::uint32_t process_fates(const IoTrace& trace, std::size_t place) const;

    struct InFlight {
        std::uint32_t op = 0;      // of the trace
        std::uint64_t covers = 0;  // syncs: sequences up to here
    };
    [[nodiscard]] const std::vector<InFlight>& in_flight() const { return in_flight_; }
    [[nodiscard]] const std::vector<NameOp>& pending_names() const { return pending_names_; }
    [[nodiscard]] const Names& durable_names() const { return durable_names_; }
    [[nodiscard]] const Names& names() const { return names_; }
    [[nodiscard]] FileState& file(FileId id) { return files_[id]; }
    [[nodiscard]] const FileState& file(FileId id) const { return files_[id]; }
    [[nodiscard]] FileId next_file() const { return files_used_; }

    /// A disk that lies, for tests of the checks: its syncs cover nothing.
    void lie_about_syncs() { syncs_lie_ = true; }

private:
    void use_files(FileId count);
    void finish(const IoTrace& trace, const InFlight& done);
    void finish_name(NameOp op);
    void add_piece(FileId file, Piece piece);
    void make_durable(FileId file, std::uint64_t covers);

    std::vector<FileState> files_;
    FileId files_used_ = 0;
    Names names_;
    Names durable_names_;
    std::vector<NameOp> pending_names_;  // ascending by sequence
    std::vector<InFlight> in_flight_;    // in order of submission
    std::uint64_t sequence_ = 0;
    bool syncs_lie_ = false;
};

/// Sum over the sectors of a content, of which those that hold zeros only count nothing.
std::uint64_t content_hash(ByteSpan content);
/// Of the sector that begins at number * sector_bytes.
std::uint64_t sector_hash(ByteSpan sector, std::uint64_t number);

}  // namespace brokersim::enumeration
