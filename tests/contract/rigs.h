// The disks that one contract is held against, and a folder for the real one.
#pragma once

#include "broker_core/posix/posix_disk.h"
#include "tests/support/manual_disk.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

namespace brokersim::test {

using broker::DiskDone;
using broker::DiskOutcome;

/// A fresh folder that goes when the test does.
class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string name =
            (std::filesystem::temp_directory_path() / "brokersim-contract-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

/// The simulated disk. Everything that completed survives the death of the process; what is pending
/// is cut short as drawn.
class VirtualRig {
public:
    broker::Disk& disk() { return manual_.disk; }
    [[nodiscard]] std::size_t pending() const { return manual_.pending(); }
    DiskDone complete(std::size_t place = 0) { return manual_.complete_at(place); }
    void die() { manual_.crash_process(); }

private:
    ManualDisk manual_{1};
};

/// Real files.
class PosixRig {
public:
    PosixRig() { open(); }
    broker::Disk& disk() { return *disk_; }
    [[nodiscard]] std::size_t pending() const { return disk_->pending(); }
    DiskDone complete(std::size_t place = 0) { return disk_->complete(place); }
    void die() {
        disk_.reset();
        open();
    }
    [[nodiscard]] const std::string& path() const { return folder_.path(); }

private:
    void open() {
        auto opened = broker::posix::PosixDisk::open(folder_.path());
        REQUIRE(opened.has_value());
        disk_ = std::move(*opened);
    }

    TemporaryFolder folder_;
    std::unique_ptr<broker::posix::PosixDisk> disk_;
};

/// Name and content of every file.
inline std::map<std::string, Bytes> contents_of(broker::Disk& disk) {
    std::map<std::string, Bytes> contents;
    for (const std::string& name : disk.list()) {
        auto content = disk.read_all(name);
        REQUIRE(content.has_value());
        contents[name] = std::move(*content);
    }
    return contents;
}

}  // namespace brokersim::test
