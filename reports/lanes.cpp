// State of every broker, line by line.
#include "reports/lanes.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>

namespace brokersim::reports {
namespace {

struct Lane {
    bool up = false;
    bool serving = false;
    std::uint32_t leads = 0;  // partitions
    std::uint32_t paused = 0;
    std::uint32_t cut = 0;

    [[nodiscard]] char symbol() const {
        if (!up) {
            return '#';
        }
        if (paused > 0) {
            return '=';
        }
        if (cut > 0) {
            return '~';
        }
        if (leads > 0) {
            return '/';
        }
        return serving ? '\\' : '^';
    }
};

class Lanes {
public:
    Lanes(const Timeline& timeline, const LaneFilter& filter)
        : timeline_{timeline}, filter_{filter}, lanes_(timeline.brokers) {}

    std::string text() {
        text_ = fmt::format("{:>8}  {:>12}  {:<4} {:<{}}  {:>4}  {:<20} {}\n", "event", "time",
                            "ev", "lanes", width(), "term", "commit/sync/append", "note");
        std::size_t next = 0;
        for (const Moment& moment : timeline_.moments) {
            rungs_until(moment.event, next);
            on_moment(moment);
        }
        rungs_until(std::numeric_limits<std::uint64_t>::max(), next);
        return text_;
    }

private:
    [[nodiscard]] std::size_t width() const { return std::max<std::size_t>(5, timeline_.brokers); }

    void row(std::uint64_t event, std::int64_t time_ns, std::string_view mark, std::uint64_t term,
             const std::string& triple, std::string_view note) {
        std::string lanes;
        for (const Lane& lane : lanes_) {
            lanes += lane.symbol();
        }
        fmt::format_to(std::back_inserter(text_), "{:>8}  {:>12}  {:<4} {:<{}}  {:>4}  {:<20} {}\n",
                       event, seconds_text(time_ns), mark, lanes, width(),
                       term == 0 ? "" : fmt::format("{}", term), triple, note);
    }

    [[nodiscard]] bool wanted(std::uint64_t event, std::uint32_t node) const {
        return event >= filter_.from && event <= filter_.to &&
               (filter_.node == 0 || filter_.node == node);
    }

    void rungs_until(std::uint64_t event, std::size_t& next) {
        for (; next < timeline_.rungs.size() && timeline_.rungs[next].event <= event; ++next) {
            const Rung& rung = timeline_.rungs[next];
            bool const of_message = std::find(filter_.messages.begin(), filter_.messages.end(),
                                              rung.message) != filter_.messages.end();
            if (!of_message || !wanted(rung.event, rung.node)) {
                continue;
            }
            std::string const where =
                rung.node == 0
                    ? fmt::format("producer-{}", timeline_.messages[rung.message].producer)
                    : fmt::format("n{}/{}", rung.node, rung.incarnation);
            row(rung.event, rung.time_ns, rung.step == Step::synced ? "$" : "msg", rung.term,
                rung.index == 0 ? "" : fmt::format("entry {}", rung.index),
                fmt::format("{} {} {}", timeline_.message_text(rung.message), name_of(rung.step),
                            where));
        }
    }

    void on_moment(const Moment& moment) {
        Lane none;
        Lane& lane = moment.node == 0 ? none : lanes_[moment.node - 1];
        std::string note;
        std::string_view mark = "";
        switch (moment.change) {
            case Change::phase:
                note = "-- " + moment.text;
                break;
            case Change::started:
                lane = Lane{true, false, 0, lane.paused, lane.cut};
                mark = "up";
                note = "starts";
                break;
            case Change::start_failed:
                lane.up = false;
                mark = "!";
                note = "could not start";
                break;
            case Change::crashed:
            case Change::lost_power:
            case Change::stopped:
            case Change::broke: {
                lane = Lane{false, false, 0, 0, lane.cut};
                constexpr std::string_view notes[] = {"process dies", "power lost", "stopped",
                                                      "broke"};
                mark = moment.change == Change::stopped ? "dn" : "!";
                note = notes[static_cast<std::size_t>(moment.change) -
                             static_cast<std::size_t>(Change::crashed)];
                break;
            }
            case Change::became_leader:
                ++lane.leads;
                mark = "el";
                note = "leads " + timeline_.partitions[moment.partition].label;
                break;
            case Change::stepped_down:
                lane.leads -= lane.leads > 0 ? 1 : 0;
                mark = "el";
                note = "follows in " + timeline_.partitions[moment.partition].label;
                break;
            case Change::serving:
                lane.serving = true;
                mark = "ok";
                note = "recovered " + timeline_.partitions[moment.partition].label;
                break;
            case Change::committed:
                return;
            case Change::fault_began:
            case Change::fault_ended:
                mark = on_fault(moment);
                note = fmt::format("fault {} ({}) {}", timeline_.faults[moment.fault].id,
                                   timeline_.faults[moment.fault].kind,
                                   moment.change == Change::fault_began ? "begins" : "is over");
                break;
            case Change::violation:
                mark = "X";
                note = "VIOLATED " + moment.text;
                break;
        }
        if (filter_.only_messages || !wanted(moment.event, moment.node)) {
            return;
        }
        bool const has_log = moment.change == Change::became_leader ||
                             moment.change == Change::stepped_down ||
                             moment.change == Change::serving;
        std::string const node = moment.node == 0 ? "" : fmt::format("n{}: ", moment.node);
        row(moment.event, moment.time_ns, mark, moment.term,
            has_log ? fmt::format("{}/{}/{}", moment.committed, moment.synced, moment.appended)
                    : "",
            node + note);
    }

    std::string_view on_fault(const Moment& moment) {
        const Fault& fault = timeline_.faults[moment.fault];
        bool const begins = moment.change == Change::fault_began;
        for (std::uint32_t const node : fault.nodes) {
            Lane& lane = lanes_[node - 1];
            std::uint32_t& count = fault.kind == "pause" ? lane.paused : lane.cut;
            if (fault.kind == "pause" || fault.kind == "partition") {
                count = begins ? count + 1 : count - (count > 0 ? 1 : 0);
            }
        }
        return "F";
    }

    const Timeline& timeline_;
    const LaneFilter& filter_;
    std::vector<Lane> lanes_;
    std::string text_;
};

}  // namespace

std::string lanes_text(const Timeline& timeline, const LaneFilter& filter) {
    return Lanes{timeline, filter}.text();
}

}  // namespace brokersim::reports
