// Whole files in and out.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace cats {

// Throws SystemError naming the path.
std::string read_file(const std::filesystem::path& path);

// Writes beside the target and renames: a reader sees the old file or the new one, never half. Throws SystemError.
void write_file(const std::filesystem::path& path, std::string_view content);

// Writes into a file that exists and is not replaced (/proc, /sys, cgroup control files). Throws SystemError.
void write_control(const std::filesystem::path& path, std::string_view value);

// Lower-case hexadecimal SHA-256.
std::string sha256(std::string_view bytes);

}  // namespace cats
