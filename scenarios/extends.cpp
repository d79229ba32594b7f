// Reading files, following `extends`, and merging trees.
#include "scenarios/extends.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace brokersim {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t deepest_chain = 8;
/// Files of one scenario; a bound on diamonds of files that extend each other's bases.
constexpr std::size_t files_at_most = 64;

constexpr std::array<std::string_view, 10> not_inherited = {
    "$schema", "format", "name",    "why",    "comment",
    "covers",  "tags",   "extends", "matrix", "regressions"};

bool is_distribution(const JsonValue& value) {
    return value.find("uniform") != nullptr || value.find("log_uniform") != nullptr ||
           value.find("exponential") != nullptr || value.find("choice") != nullptr;
}

bool merges(const JsonValue& base, const JsonValue& own) {
    return base.is(JsonValue::Kind::object) && own.is(JsonValue::Kind::object) &&
           !is_distribution(base) && !is_distribution(own);
}

/// Whether two values say the same.
bool same(const JsonValue& a, const JsonValue& b) {
    if (a.kind != b.kind || a.boolean != b.boolean || a.text != b.text ||
        a.items.size() != b.items.size() || a.members.size() != b.members.size()) {
        return false;
    }
    for (std::size_t i = 0; i < a.items.size(); ++i) {
        if (!same(a.items[i], b.items[i])) {
            return false;
        }
    }
    return std::all_of(a.members.begin(), a.members.end(), [&](const JsonMember& member) {
        const JsonMember* const other = b.find(member.key);
        return other != nullptr && same(member.value, other->value);
    });
}

/// Lays `own` over `base`; both are objects.
void merge(Findings& findings, JsonValue& base, JsonValue own, const std::string& pointer) {
    std::map<std::string, std::size_t, std::less<>> index;
    for (std::size_t i = 0; i < base.members.size(); ++i) {
        index.emplace(base.members[i].key, i);
    }
    std::vector<std::string> deleted;
    base.span = own.span;
    for (JsonMember& member : own.members) {
        std::string const at = pointer_to(pointer, member.key);
        auto const found = index.find(member.key);
        if (member.value.is(JsonValue::Kind::null)) {
            if (found == index.end()) {
                findings.error(member.value.span, at, "SCN214",
                               "null deletes an inherited key, but this one is not inherited",
                               "remove the key");
            } else {
                deleted.push_back(member.key);
            }
        } else if (found != index.end() &&
                   merges(base.members[found->second].value, member.value)) {
            merge(findings, base.members[found->second].value, std::move(member.value), at);
        } else {
            JsonValue value = std::move(member.value);
            if (value.is(JsonValue::Kind::object) && !is_distribution(value)) {
                JsonValue fresh;
                fresh.kind = JsonValue::Kind::object;
                merge(findings, fresh, std::move(value), at);
                value = std::move(fresh);
            }
            if (found != index.end()) {
                if (member.key_span.file == 0 && same(base.members[found->second].value, value)) {
                    findings.warn(member.value.span, at, "SCN107", "this repeats what is inherited",
                                  "remove the key");
                }
                base.members[found->second] = {member.key, member.key_span, std::move(value)};
            } else {
                base.members.push_back({std::move(member.key), member.key_span, std::move(value)});
            }
        }
    }
    if (!deleted.empty()) {
        std::sort(deleted.begin(), deleted.end());
        std::erase_if(base.members, [&](const JsonMember& member) {
            return std::binary_search(deleted.begin(), deleted.end(), member.key);
        });
    }
}

/// The folder of the repository that holds `path`, or "" if there is none.
fs::path repository_of(const fs::path& path) {
    std::error_code ignored;
    for (fs::path folder = fs::absolute(path, ignored).lexically_normal().parent_path();
         folder != folder.root_path(); folder = folder.parent_path()) {
        if (fs::exists(folder / ".git", ignored)) {
            return folder;
        }
    }
    return {};
}

bool is_inside(const fs::path& path, const fs::path& folder) {
    std::error_code ignored;
    fs::path const relative =
        fs::absolute(path, ignored).lexically_normal().lexically_relative(folder);
    return folder.empty() || (!relative.empty() && *relative.begin() != "..");
}

class Loader {
public:
    Loader(Findings& findings, const std::string& path)
        : findings_{findings}, repository_{repository_of(path)} {}

    std::optional<JsonValue> load(const std::string& path, const std::optional<std::string>& text) {
        auto const file = static_cast<std::uint32_t>(findings_.files.size());
        findings_.files.push_back({path, ""});
        if (text) {
            findings_.files[file].text = *text;
        } else if (!read_file(path, findings_.files[file].text)) {
            findings_.error({.file = file}, "", "SCN213", "the file cannot be read");
            return std::nullopt;
        }
        JsonDocument document = read(path, file);
        for (JsonError& error : document.errors) {
            findings_.error(error.span, "", std::move(error.code), std::move(error.message),
                            std::move(error.help));
        }
        if (!document.root) {
            return std::nullopt;
        }
        if (!document.root->is(JsonValue::Kind::object)) {
            findings_.error(
                document.root->span, "", "SCN012",
                fmt::format("a scenario is an object, not {}", describe(document.root->kind)));
            return std::nullopt;
        }
        return with_bases(path, std::move(*document.root));
    }

private:
    /// Comments in a .json file are read all the same, with a warning at the first of them.
    JsonDocument read(const std::string& path, std::uint32_t file) {
        bool const comments = fs::path{path}.extension() == ".jsonc";
        const SourceFile& source = findings_.files[file];
        JsonDocument strict = read_json(source, file, comments);
        if (strict.root || comments || strict.errors.empty()) {
            return strict;
        }
        Span const first = strict.errors.front().span;
        std::string const line = source.line(first.line);
        bool const comment =
            first.column <= line.size() &&
            line.find_first_of('/', first.column > 1 ? first.column - 2 : 0) != std::string::npos;
        JsonDocument lax = read_json(source, file, true);
        if (!comment || !lax.root) {
            return strict;
        }
        findings_.warn(first, "", "SCN101", "a comment in a .json file: other tools will refuse it",
                       "write it as \"comment\", or name the file .jsonc");
        return lax;
    }

    static bool read_file(const std::string& path, std::string& into) {
        std::error_code failed;
        if (!fs::is_regular_file(path, failed)) {
            return false;
        }
        std::ifstream input{path, std::ios::binary};
        // One byte more than allowed, so that the reader sees that it is too long.
        into.resize(max_document_bytes + 1);
        input.read(into.data(), static_cast<std::streamsize>(into.size()));
        into.resize(static_cast<std::size_t>(input.gcount()));
        return !input.bad();
    }

    std::optional<JsonValue> with_bases(const std::string& path, JsonValue own) {
        JsonValue merged;
        merged.kind = JsonValue::Kind::object;
        chain_.push_back(fs::path{path}.lexically_normal().string());
        bool good = true;
        if (const JsonMember* const extends = own.find("extends")) {
            for (const JsonValue* item : paths_of(extends->value)) {
                good = load_base(path, *item, merged) && good;
            }
        }
        chain_.pop_back();
        if (!good) {
            return std::nullopt;
        }
        merge(findings_, merged, std::move(own), "");
        return merged;
    }

    std::vector<JsonValue const*> paths_of(const JsonValue& value) {
        std::vector<JsonValue const*> paths;
        if (value.is(JsonValue::Kind::list)) {
            for (const JsonValue& item : value.items) {
                paths.push_back(&item);
            }
        } else {
            paths.push_back(&value);
        }
        return paths;
    }

    bool load_base(const std::string& path, const JsonValue& item, JsonValue& merged) {
        auto const refuse = [&](std::string code, std::string message, std::string help = "") {
            findings_.error(item.span, "/extends", std::move(code), std::move(message),
                            std::move(help));
            return false;
        };
        if (!item.is(JsonValue::Kind::string)) {
            return refuse("SCN012",
                          fmt::format("a path belongs here, not {}", describe(item.kind)));
        }
        if (fs::path{item.text}.is_absolute()) {
            return refuse("SCN213", "the path must be relative to this file");
        }
        std::string const base = path_beside(path, item.text);
        if (!is_inside(base, repository_)) {
            return refuse("SCN213", "the path leaves the repository");
        }
        if (std::find(chain_.begin(), chain_.end(), base) != chain_.end()) {
            return refuse("SCN213", fmt::format("{} extends itself", quote_json(item.text)));
        }
        if (chain_.size() >= deepest_chain || findings_.files.size() >= files_at_most) {
            return refuse("SCN213", fmt::format("the chain of extends is deeper than {}, or has "
                                                "more than {} files",
                                                deepest_chain, files_at_most));
        }
        std::error_code ignored;
        if (!fs::is_regular_file(base, ignored)) {
            return refuse("SCN213", fmt::format("there is no file {}", quote_json(item.text)));
        }
        std::optional<JsonValue> tree = load(base, std::nullopt);
        if (!tree) {
            return false;
        }
        std::erase_if(tree->members, [](const JsonMember& member) {
            return std::find(not_inherited.begin(), not_inherited.end(), member.key) !=
                   not_inherited.end();
        });
        merge(findings_, merged, std::move(*tree), "");
        return true;
    }

    Findings& findings_;
    fs::path repository_;
    std::vector<std::string> chain_;
};

}  // namespace

std::optional<JsonValue> load_tree(Findings& findings, const std::string& path,
                                   const std::optional<std::string>& text) {
    return Loader{findings, path}.load(path, text);
}

std::string stem_of(const std::string& path) {
    return fs::path{path}.stem().string();
}

bool is_file(const std::string& path) {
    std::error_code ignored;
    return fs::is_regular_file(path, ignored);
}

std::string path_beside(const std::string& from, const std::string& written) {
    return (fs::path{from}.parent_path() / written).lexically_normal().string();
}

}  // namespace brokersim
