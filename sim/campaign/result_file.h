// The file that one attempt of one shard appends its results to.
#pragma once

#include <cstdint>
#include <string>

namespace brokersim {

/// Each line is one write() of a file opened for appending, so a kill loses at most one line.
class ResultFile {
public:
    ResultFile() = default;
    ResultFile(const ResultFile&) = delete;
    ResultFile& operator=(const ResultFile&) = delete;
    ~ResultFile();

    bool open(const std::string& path);
    /// False: the disk is full, or the file is gone; what a failed write left behind is cut off.
    bool append(const std::string& line);
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
    int file_ = -1;
};

}  // namespace brokersim
