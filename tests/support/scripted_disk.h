// ScriptedDisk: a disk in memory whose operations complete when, and as, the test says.
#pragma once

#include "broker_core/env/disk.h"

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace broker::test {

/// An operation has no effect before it completed. Everything completed survives the process:
/// a second incarnation reads it after abandon(). Power losses are the simulated disk's business.
class ScriptedDisk final : public Disk {
public:
    enum class Kind : std::uint8_t {
        create,
        write,
        truncate,
        sync,
        rename,
        remove,
        sync_dir,
        read
    };
    struct Op {
        OpId id;
        Kind kind = Kind::write;
        std::size_t file = 0;
        std::string name;  // create, remove, read: the name; rename: the old one
        std::string to;
        std::uint64_t offset = 0;
        Bytes data;
        std::uint64_t length = 0;  // read: bytes wanted
    };

    std::vector<std::string> list() override {
        std::vector<std::string> names;
        for (auto const& [name, file] : names_) {
            names.push_back(name);
        }
        return names;
    }
    Result<Bytes> read(std::string_view name, std::uint64_t offset) override {
        auto const at = names_.find(std::string{name});
        if (at == names_.end()) {
            return fail(ErrorCode::not_found, "scripted disk");
        }
        Bytes const& file = files_[at->second];
        std::uint64_t const begin = std::min<std::uint64_t>(offset, file.size());
        std::uint64_t const end =
            std::min<std::uint64_t>(file.size(), begin + std::max<std::uint64_t>(1, longest_read));
        return Bytes(file.begin() + static_cast<std::ptrdiff_t>(begin),
                     file.begin() + static_cast<std::ptrdiff_t>(end));
    }
    void read(OpId op, std::string_view name, std::uint64_t offset, std::uint64_t length) override {
        submit(Op{op, Kind::read, 0, std::string{name}, "", offset, {}, length});
    }
    FileHandle create(OpId op, std::string_view name) override {
        files_.emplace_back();
        submit(Op{op, Kind::create, files_.size() - 1, std::string{name}, "", 0, {}});
        return FileHandle{static_cast<std::uint32_t>(files_.size())};
    }
    void write(OpId op, FileHandle file, std::uint64_t offset, ByteSpan data) override {
        submit(Op{op, Kind::write, file.value() - 1, "", "", offset, {data.begin(), data.end()}});
    }
    void truncate(OpId op, FileHandle file, std::uint64_t size) override {
        submit(Op{op, Kind::truncate, file.value() - 1, "", "", size, {}});
    }
    void sync(OpId op, FileHandle file) override {
        submit(Op{op, Kind::sync, file.value() - 1, "", "", 0, {}});
    }
    void rename(OpId op, std::string_view from, std::string_view to) override {
        submit(Op{op, Kind::rename, 0, std::string{from}, std::string{to}, 0, {}});
    }
    void remove(OpId op, std::string_view name) override {
        submit(Op{op, Kind::remove, 0, std::string{name}, "", 0, {}});
    }
    void sync_dir(OpId op) override { submit(Op{op, Kind::sync_dir, 0, "", "", 0, {}}); }

    [[nodiscard]] std::deque<Op> const& pending() const { return pending_; }
    [[nodiscard]] std::size_t count(Kind kind) const {
        return static_cast<std::size_t>(std::count_if(
            pending_.begin(), pending_.end(), [kind](Op const& op) { return op.kind == kind; }));
    }
    /// Completes the pending operation at `place`; a failed one has no effect.
    DiskDone complete_at(std::size_t place, DiskOutcome outcome = DiskOutcome::ok) {
        Op const op = pending_.at(place);
        pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(place));
        if (op.kind == Kind::read && outcome == DiskOutcome::ok) {
            Result<Bytes> content = read(op.name, op.offset);
            if (!content) {
                return DiskDone{op.id, DiskOutcome::not_found};
            }
            content->resize(std::min<std::size_t>(content->size(), op.length));
            return DiskDone{op.id, outcome, 0, std::move(*content)};
        }
        if (outcome == DiskOutcome::ok) {
            perform(op);
        }
        return DiskDone{op.id, outcome};
    }
    /// Completes the pending write at `place` short: its last `missing` bytes do not happen.
    DiskDone complete_short(std::size_t place, std::uint64_t missing) {
        Op op = pending_.at(place);
        pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(place));
        op.data.resize(op.data.size() - missing);
        perform(op);
        return DiskDone{op.id, DiskOutcome::ok, missing};
    }
    /// Completes the earliest pending operation of this kind; there must be one.
    DiskDone complete(Kind kind, DiskOutcome outcome = DiskOutcome::ok) {
        auto const at = std::find_if(pending_.begin(), pending_.end(),
                                     [kind](Op const& op) { return op.kind == kind; });
        return complete_at(static_cast<std::size_t>(at - pending_.begin()), outcome);
    }
    /// The process ends: what is pending never happens.
    void abandon() { pending_.clear(); }
    /// Every operation submitted since the last call, by kind and name, in order.
    std::vector<std::string> take_story() {
        std::vector<std::string> story;
        story.swap(story_);
        return story;
    }
    [[nodiscard]] Bytes& content(std::string const& name) { return files_[names_.at(name)]; }

    /// No reading gives more bytes than this.
    std::uint64_t longest_read = UINT32_MAX;

private:
    void submit(Op op) {
        static constexpr const char* kinds[] = {"create", "write",  "truncate", "sync",
                                                "rename", "remove", "sync_dir", "read"};
        std::string line = kinds[static_cast<std::size_t>(op.kind)];
        line += op.name.empty() ? "" : " " + op.name;
        line += op.to.empty() ? "" : " " + op.to;
        story_.push_back(line);
        pending_.push_back(std::move(op));
    }
    void perform(Op const& op) {
        switch (op.kind) {
            case Kind::create:
                names_[op.name] = op.file;
                break;
            case Kind::write: {
                Bytes& file = files_[op.file];
                file.resize(std::max<std::size_t>(file.size(), op.offset + op.data.size()));
                std::copy(op.data.begin(), op.data.end(),
                          file.begin() + static_cast<std::ptrdiff_t>(op.offset));
                break;
            }
            case Kind::truncate:
                files_[op.file].resize(op.offset);
                break;
            case Kind::rename:
                names_[op.to] = names_.at(op.name);
                names_.erase(op.name);
                break;
            case Kind::remove:
                names_.erase(op.name);
                break;
            case Kind::sync:
            case Kind::sync_dir:
            case Kind::read:
                break;
        }
    }

    std::map<std::string, std::size_t> names_;
    std::deque<Bytes> files_;
    std::deque<Op> pending_;
    std::vector<std::string> story_;
};

}  // namespace broker::test
