// Ranges are asked for, checked frame by frame, and asked for again.
#include "broker_core/wal/log_reader.h"

#include "broker_core/base/check.h"

#include <algorithm>
#include <utility>

namespace broker::wal {

std::uint64_t LogReader::begin(Places& places, LogIndex first, LogIndex last,
                               std::uint64_t max_bytes) {
    CHECK(first <= last);
    Reading reading;
    ++begun_;
    reading.number = begun_;
    reading.first = first;
    std::uint64_t bytes = 0;
    for (LogIndex index = first; index <= last; ++index) {
        const FramePlace& place = places.at(index);
        bytes += place.length;
        if (index > first &&
            (place.segment != reading.places.front().segment || bytes > max_bytes)) {
            break;
        }
        reading.places.push_back(place);
    }
    readings_.push_back(std::move(reading));
    probes_.reached(Probe::log_read_started);
    submit(readings_.back());
    return begun_;
}

std::uint64_t LogReader::wanted(const Reading& reading) {
    const FramePlace& last = reading.places.back();
    return last.offset + last.length - reading.places.front().offset;
}

void LogReader::submit(Reading& reading) {
    const FramePlace& front = reading.places.front();
    reading.op = ops_.draw();
    disk_.read(reading.op, segment_name(partition_, front.segment),
               front.offset + reading.bytes.size(), wanted(reading) - reading.bytes.size());
}

std::optional<std::vector<RecoveredEntry>> LogReader::entries_of(const Reading& reading) {
    std::vector<RecoveredEntry> entries;
    std::uint64_t const begin = reading.places.front().offset;
    LogIndex index = reading.first;
    for (const FramePlace& place : reading.places) {
        ByteSpan const frame = ByteSpan{reading.bytes}.subspan(place.offset - begin, place.length);
        std::optional<FrameHeader> const header =
            decode_frame_at(frame, place.segment, place.offset);
        if (!header || header->index != index || header->term != place.term ||
            !payload_intact(frame, *header, 0)) {
            return std::nullopt;
        }
        ByteSpan const payload = frame.subspan(frame_header_bytes, header->length);
        RecoveredEntry entry;
        entry.index = index;
        entry.term = header->term;
        entry.control = (header->flags & frame_control) != 0;
        entry.payload.assign(payload.begin(), payload.end());
        entries.push_back(std::move(entry));
        index = index.next();
    }
    return entries;
}

bool LogReader::take(Reading& reading, const DiskDone& done) {
    EntriesRead result;
    result.number = reading.number;
    if (done.outcome == DiskOutcome::not_found) {
        missing_ = reading.places.front().segment;
        done_.push_back(std::move(result));
        return true;
    }
    if (done.outcome == DiskOutcome::ok && !done.content.empty()) {
        append(reading.bytes, done.content);
        if (reading.bytes.size() < wanted(reading)) {
            submit(reading);
            return false;
        }
        if (std::optional<std::vector<RecoveredEntry>> entries = entries_of(reading)) {
            result.entries = std::move(*entries);
            done_.push_back(std::move(result));
            return true;
        }
    }
    ++reading.attempts;
    if (reading.attempts == attempts_max) {
        failed_ = true;
        return true;
    }
    probes_.reached(Probe::log_read_again);
    reading.bytes.clear();
    submit(reading);
    return false;
}

bool LogReader::on_disk_done(const DiskDone& done) {
    auto const at = std::find_if(readings_.begin(), readings_.end(),
                                 [&](const Reading& reading) { return reading.op == done.op; });
    if (at == readings_.end()) {
        return false;
    }
    if (take(*at, done)) {
        readings_.erase(at);
    }
    return true;
}

std::optional<SegmentId> LogReader::take_missing() {
    return std::exchange(missing_, std::nullopt);
}

std::vector<EntriesRead> LogReader::take_done() {
    return std::exchange(done_, {});
}

}  // namespace broker::wal
