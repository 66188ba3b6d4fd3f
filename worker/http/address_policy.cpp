#include "http/address_policy.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace hil::worker {
namespace {

std::vector<Network> networks(std::initializer_list<const char*> texts) {
    std::vector<Network> parsed;
    for (const char* text : texts) parsed.push_back(Network::parse(text).value());
    return parsed;
}

// RFC 6890 and its registry, and multicast.
const std::vector<Network>& special() {
    static const std::vector<Network> all =
        networks({"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
                  "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
                  "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
                  "2001::/23", "2001:db8::/32", "3fff::/20"});
    return all;
}

// All of IPv6 that has been given out for the Internet.
const Network& global_unicast() {
    static const Network all = Network::parse("2000::/3").value();
    return all;
}

bool in_any(const std::vector<Network>& networks, int family, const std::uint8_t* bytes) {
    return std::any_of(networks.begin(), networks.end(),
                       [&](const Network& network) { return network.contains(family, bytes); });
}

// Where in an IPv6 address an IPv4 address stands, or nullptr.
const std::uint8_t* embedded(const std::uint8_t* bytes) {
    static const std::vector<Network> at_the_end = networks({"::ffff:0:0/96", "::/96", "64:ff9b::/96"});
    static const Network six_to_four = Network::parse("2002::/16").value();
    if (in_any(at_the_end, AF_INET6, bytes)) return bytes + 12;
    return six_to_four.contains(AF_INET6, bytes) ? bytes + 2 : nullptr;
}

}  // namespace

std::optional<Network> Network::parse(const std::string& text) {
    const std::size_t slash = text.find('/');
    const std::string address = text.substr(0, slash);
    Network network;
    network.family = address.find(':') == std::string::npos ? AF_INET : AF_INET6;
    if (inet_pton(network.family, address.c_str(), network.address.data()) != 1) return std::nullopt;
    const int bits = network.family == AF_INET ? 32 : 128;
    network.prefix = bits;
    if (slash != std::string::npos) {
        const char* const end = text.data() + text.size();
        const auto [read, error] = std::from_chars(text.data() + slash + 1, end, network.prefix);
        if (error != std::errc() || read != end || network.prefix < 0 || network.prefix > bits)
            return std::nullopt;
    }
    for (int bit = network.prefix; bit < bits; ++bit)
        if ((network.address[bit / 8] >> (7 - bit % 8) & 1) != 0) return std::nullopt;
    return network;
}

bool Network::contains(int of_family, const std::uint8_t* bytes) const {
    if (of_family != family || !std::equal(bytes, bytes + prefix / 8, address.begin())) return false;
    const int rest = prefix % 8;
    return rest == 0 || ((bytes[prefix / 8] ^ address[prefix / 8]) >> (8 - rest)) == 0;
}

std::shared_ptr<const AddressPolicy> AddressPolicy::public_only() {
    static const auto policy = std::make_shared<const AddressPolicy>(std::vector<Network>());
    return policy;
}

std::shared_ptr<const AddressPolicy> AddressPolicy::everything() {
    static const auto policy = std::make_shared<const AddressPolicy>(networks({"0.0.0.0/0", "::/0"}));
    return policy;
}

bool AddressPolicy::allows(const sockaddr& address) const {
    if (address.sa_family == AF_INET) {
        sockaddr_in four;
        std::memcpy(&four, &address, sizeof four);
        return allows(AF_INET, reinterpret_cast<const std::uint8_t*>(&four.sin_addr));
    }
    if (address.sa_family != AF_INET6) return false;
    sockaddr_in6 six;
    std::memcpy(&six, &address, sizeof six);
    return allows(AF_INET6, six.sin6_addr.s6_addr);
}

bool AddressPolicy::allows(int family, const std::uint8_t* bytes) const {
    if (in_any(also_, family, bytes)) return true;
    if (family == AF_INET6) {
        if (const std::uint8_t* four = embedded(bytes)) return allows(AF_INET, four);
        if (!global_unicast().contains(family, bytes)) return false;
    }
    return !in_any(special(), family, bytes);
}

std::string address_text(const sockaddr& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const auto* const from = reinterpret_cast<const std::uint8_t*>(&address);
    const std::size_t offset =
        address.sa_family == AF_INET ? offsetof(sockaddr_in, sin_addr) : offsetof(sockaddr_in6, sin6_addr);
    const bool known = address.sa_family == AF_INET || address.sa_family == AF_INET6;
    if (!known || inet_ntop(address.sa_family, from + offset, text.data(), text.size()) == nullptr)
        return "?";
    return text.data();
}

}  // namespace hil::worker
