// Reads, judges and prints; the one place where a failure of any kind becomes an exit code.
#include "reports/check.h"

#include "reports/history_json.h"
#include "reports/judge.h"

#include <exception>
#include <fstream>
#include <iostream>

namespace brokersim::reports {

namespace {

constexpr int exit_internal = 70;
constexpr int exit_unsupported = 77;
constexpr int exit_cannot_judge = 125;

int exit_code(Verdict verdict) {
    switch (verdict) {
        case Verdict::pass:
            return 0;
        case Verdict::fail:
            return 1;
        case Verdict::inconclusive:
            break;
    }
    return 6;
}

int check(const std::string& path, std::istream& in, CheckOutput output, std::ostream& out,
          std::ostream& err) {
    std::string const name = path == "-" ? "stdin" : path;
    auto const history = read_history(in, name);
    if (!history) {
        err << history.error().text << '\n';
        return history.error().kind == ReadError::Kind::transactional ? exit_unsupported
                                                                      : exit_cannot_judge;
    }
    auto const judgement = judge(*history);
    if (!judgement) {
        err << name << ": " << judgement.error().text << '\n';
        return judgement.error().kind == JudgeError::Kind::malformed ? exit_cannot_judge
                                                                     : exit_internal;
    }
    if (output == CheckOutput::json) {
        out << to_json(*judgement) << '\n';
    } else {
        out << report_text(*judgement, assess_trust(*history, *judgement));
    }
    out.flush();
    err << closing_block(*judgement, path, history->ops().size());
    return exit_code(judgement->verdict);
}

}  // namespace

int run_check(const std::string& path, std::istream& in, CheckOutput output, std::ostream& out,
              std::ostream& err) noexcept {
    try {
        if (path == "-") {
            return check(path, in, output, out, err);
        }
        std::ifstream file{path};
        if (!file) {
            err << path << ": cannot be read\n";
            return exit_cannot_judge;
        }
        return check(path, file, output, out, err);
    } catch (const std::exception& error) {
        std::cerr.clear();
        std::cerr << path << ": " << error.what() << '\n';
        return exit_internal;
    }
}

int run_check(const std::string& path, CheckOutput output, std::ostream& out,
              std::ostream& err) noexcept {
    return run_check(path, std::cin, output, out, err);
}

}  // namespace brokersim::reports
