// ForkDisk: the disk on which one recovery runs; it reads an image and notes what is written.
#pragma once

#include "sim/enumerate/disk_state.h"

namespace brokersim::enumeration {

/// A recovery reads while it boots and never again, so what it writes needs no cache here: the
/// trace has it, and DiskState says what of it is durable. Operations complete in their order.
class ForkDisk final : public broker::Disk {
public:
    explicit ForkDisk(NameTable& names) : names_{names} {}

    /// The image must stay as it is until the recovery has booted.
    void begin(const Image& image);

    std::vector<std::string> list() override;
    broker::Result<Bytes> read(std::string_view name, std::uint64_t offset) override;
    /// A recovery never asks for that.
    void read(OpId op, std::string_view name, std::uint64_t offset, std::uint64_t length) override;
    broker::FileHandle create(OpId op, std::string_view name) override;
    void write(OpId op, broker::FileHandle file, std::uint64_t offset, ByteSpan data) override;
    void truncate(OpId op, broker::FileHandle file, std::uint64_t size) override;
    void sync(OpId op, broker::FileHandle file) override;
    void rename(OpId op, std::string_view from, std::string_view to) override;
    void remove(OpId op, std::string_view name) override;
    void sync_dir(OpId op) override;

    [[nodiscard]] bool pending() const { return completed_ < trace_.ops().size(); }
    /// The oldest pending operation completes.
    broker::DiskDone complete();
    [[nodiscard]] const IoTrace& trace() const { return trace_; }

private:
    NameTable& names_;
    const Image* image_ = nullptr;
    FileId next_file_ = 0;
    IoTrace trace_;
    std::uint32_t completed_ = 0;  // operations, from the front
};

}  // namespace brokersim::enumeration
