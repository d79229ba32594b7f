// RecordingDisk: stands before another disk and notes what was asked of it.
#pragma once

#include "sim/enumerate/io_trace.h"

namespace brokersim::enumeration {

/// FileIds of the trace are the handles of the other disk, counted from 0.
class RecordingDisk final : public broker::Disk {
public:
    RecordingDisk(broker::Disk& other, IoTrace& trace, NameTable& names)
        : other_{other}, trace_{trace}, names_{names} {}

    std::vector<std::string> list() override { return other_.list(); }
    broker::Result<Bytes> read(std::string_view name, std::uint64_t offset) override {
        return other_.read(name, offset);
    }
    /// Changes nothing, so there is nothing to note; the workload that is recorded asks for none.
    void read(OpId op, std::string_view name, std::uint64_t offset, std::uint64_t length) override {
        other_.read(op, name, offset, length);
    }
    broker::FileHandle create(OpId op, std::string_view name) override;
    void write(OpId op, broker::FileHandle file, std::uint64_t offset, ByteSpan data) override;
    void truncate(OpId op, broker::FileHandle file, std::uint64_t size) override;
    void sync(OpId op, broker::FileHandle file) override;
    void rename(OpId op, std::string_view from, std::string_view to) override;
    void remove(OpId op, std::string_view name) override;
    void sync_dir(OpId op) override;

    /// The other disk completed this operation.
    void completed(OpId op);

private:
    void note(const IoOp& op, ByteSpan data = {});

    broker::Disk& other_;
    IoTrace& trace_;
    NameTable& names_;
    std::vector<std::uint32_t> in_flight_;  // places in the trace
};

}  // namespace brokersim::enumeration
