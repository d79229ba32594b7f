// One write per line.
#include "sim/campaign/result_file.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace brokersim {

ResultFile::~ResultFile() {
    if (file_ >= 0) {
        close(file_);
    }
}

bool ResultFile::open(const std::string& path) {
    path_ = path;
    file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    return file_ >= 0;
}

bool ResultFile::append(const std::string& line) {
    std::string const text = line + "\n";
    off_t const before = lseek(file_, 0, SEEK_END);
    ssize_t wrote = -1;
    do {
        wrote = write(file_, text.data(), text.size());
    } while (wrote < 0 && errno == EINTR);
    if (wrote == static_cast<ssize_t>(text.size())) {
        return true;
    }
    if (wrote > 0 && ftruncate(file_, before) != 0) {
        return false;  // half a line stays: readers know torn lines
    }
    return false;
}

}  // namespace brokersim
