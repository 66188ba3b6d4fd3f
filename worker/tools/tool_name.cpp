#include "tools/tool_name.hpp"

#include <array>
#include <cstdint>
#include <cstdio>

namespace hil::worker {
namespace {

constexpr std::size_t max_wire_bytes = 64;

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

// FNV-1a: the same on every machine and in every version, as a name that a model has been told must be.
std::uint32_t hash_of(std::string_view text) {
    std::uint32_t hash = 2166136261U;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
    return hash;
}

}  // namespace

bool is_tool_name(std::string_view name) {
    if (name.empty() || name.size() > max_tool_name_bytes || name.front() == '.' || name.back() == '.')
        return false;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const bool joins = name[i] == '.' && name[i - 1] != '.';
        if (!joins && !is_plain(name[i])) return false;
    }
    const std::string wire = wire_name(name);
    return wire != handover_tool_name && wire != answer_tool_name;
}

std::string wire_name(std::string_view name) {
    std::string wire;
    for (const char c : name) {
        if (c == '.')
            wire += "__";
        else
            wire += is_plain(c) ? c : '_';
    }
    if (wire.size() <= max_wire_bytes) return wire;
    std::array<char, 10> ending{};
    std::snprintf(ending.data(), ending.size(), "_%08x", hash_of(name));
    wire.resize(max_wire_bytes - 9);
    return wire + ending.data();
}

}  // namespace hil::worker
