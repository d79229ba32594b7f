// Property: any trace of operations gives the same results on the simulated disk and on real files.
#include "tests/contract/rigs.h"

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include <algorithm>
#include <set>
#include <vector>

using namespace brokersim;
using namespace brokersim::test;

namespace {

/// One step of a trace as drawn numbers; what they mean depends on what is there.
struct Step {
    std::uint32_t what = 0;
    std::uint32_t which = 0;
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
};

/// Two disks that are asked the same.
class Twins {
public:
    void play(const std::vector<Step>& steps) {
        for (const Step& step : steps) {
            submit(step);
            if (step.what % 3 != 0) {
                complete(step.which + step.size);
            }
            compare();
        }
        while (!kinds_.empty()) {
            complete(0);
            compare();
        }
        real_.die();
        simulated_.die();
        compare();
    }

private:
    enum class Kind : std::uint8_t { data, name };

    template <class Submit>
    void both(Kind kind, Submit submit) {
        broker::OpId const op = ops_.draw();
        submit(simulated_.disk(), op);
        submit(real_.disk(), op);
        kinds_.push_back(kind);
    }
    static std::string name_of(std::uint32_t number) {
        return std::string{"f"} + static_cast<char>('0' + number % 4) + ".log";
    }
    void submit(const Step& step) {
        std::string const name = name_of(step.which);
        switch (step.what % 9) {
            case 0: {
                FileHandle handle;
                both(Kind::name, [&](broker::Disk& disk, broker::OpId op) {
                    FileHandle const got = disk.create(op, name);
                    RC_ASSERT(handle == FileHandle{} || handle == got);
                    handle = got;
                });
                files_.push_back(handle);
                names_.insert(name);
                return;
            }
            case 1:
                both(Kind::name,
                     [&](broker::Disk& disk, broker::OpId op) { disk.remove(op, name); });
                names_.erase(name);
                return;
            case 2: {
                std::string const to = name_of(step.offset);
                if (!names_.contains(name)) {
                    return;
                }
                both(Kind::name,
                     [&](broker::Disk& disk, broker::OpId op) { disk.rename(op, name, to); });
                names_.erase(name);
                names_.insert(to);
                return;
            }
            case 3:
                both(Kind::name, [](broker::Disk& disk, broker::OpId op) { disk.sync_dir(op); });
                return;
            case 8:
                both(Kind::name, [&](broker::Disk& disk, broker::OpId op) {
                    disk.read(op, name, step.offset % 10'000, 1 + step.size);
                });
                return;
            default:
                break;
        }
        if (files_.empty()) {
            return;
        }
        FileHandle const file = files_[step.which % files_.size()];
        if (step.what % 9 == 4) {
            both(Kind::data, [&](broker::Disk& disk, broker::OpId op) { disk.sync(op, file); });
        } else if (step.what % 9 == 5) {
            both(Kind::data, [&](broker::Disk& disk, broker::OpId op) {
                disk.truncate(op, file, step.offset % 10'000);
            });
        } else {
            Bytes const data(step.size % 5 == 0 ? 0 : step.size % 5'000,
                             static_cast<std::byte>(1 + step.what % 251));
            both(Kind::data, [&](broker::Disk& disk, broker::OpId op) {
                disk.write(op, file, step.offset % 10'000, data);
            });
        }
    }
    /// Any operation on a file; of those on names the oldest, as one may depend on another.
    void complete(std::uint32_t wanted) {
        if (kinds_.empty()) {
            return;
        }
        std::size_t place = wanted % kinds_.size();
        if (kinds_[place] == Kind::name) {
            auto const first = std::find(kinds_.begin(), kinds_.end(), Kind::name);
            place = static_cast<std::size_t>(first - kinds_.begin());
        }
        kinds_.erase(kinds_.begin() + static_cast<std::ptrdiff_t>(place));
        DiskDone const simulated = simulated_.complete(place);
        DiskDone const real = real_.complete(place);
        RC_ASSERT(simulated.op == real.op);
        RC_ASSERT(simulated.outcome == real.outcome);
        RC_ASSERT(simulated.content == real.content);
    }
    void compare() {
        RC_ASSERT(simulated_.pending() == real_.pending());
        RC_ASSERT(contents_of(simulated_.disk()) == contents_of(real_.disk()));
        for (std::uint32_t number = 0; number < 4; ++number) {
            auto const simulated = simulated_.disk().read_all(name_of(number));
            auto const real = real_.disk().read_all(name_of(number));
            RC_ASSERT(simulated.has_value() == real.has_value());
            RC_ASSERT(simulated.has_value() || simulated.error().code == real.error().code);
        }
    }

    VirtualRig simulated_;
    PosixRig real_;
    broker::OpIds ops_;
    std::vector<FileHandle> files_;
    std::vector<Kind> kinds_;      // of what is pending, oldest first
    std::set<std::string> names_;  // once all is completed
};

}  // namespace

TEST_CASE("contract: any trace gives the same on both disks", "[contract]") {
    bool const held = rc::check("traces", [] {
        auto const numbers = *rc::gen::container<std::vector<std::array<std::uint32_t, 4>>>(
            rc::gen::container<std::array<std::uint32_t, 4>>(
                rc::gen::inRange<std::uint32_t>(0, 20'000)));
        std::vector<Step> steps;
        for (const auto& row : numbers) {
            steps.push_back(Step{row[0], row[1], row[2], row[3]});
        }
        Twins twins;
        twins.play(steps);
    });
    CHECK(held);
}
