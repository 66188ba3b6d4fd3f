// Which addresses may be connected to.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hil::worker {

// The addresses of one family that begin with the same `prefix` bits.
struct Network {
    int family = AF_INET;  // or AF_INET6
    std::array<std::uint8_t, 16> address{};
    int prefix = 0;

    // "10.0.0.0/8", "fd00::/8", or an address alone; nothing for any other text, and where bits behind the
    // prefix are set.
    static std::optional<Network> parse(const std::string& text);

    bool contains(int of_family, const std::uint8_t* bytes) const;
};

// Allows what is reachable for everybody, and what is named besides. Private, local, link-local, shared,
// reserved and multicast addresses are none of it. An IPv4 address inside an IPv6 one (mapped, compatible,
// NAT64, 6to4) is looked at as IPv4. Never changes, so it is safe to use from several threads.
class AddressPolicy {
  public:
    static std::shared_ptr<const AddressPolicy> public_only();
    static std::shared_ptr<const AddressPolicy> everything();

    explicit AddressPolicy(std::vector<Network> also) : also_(std::move(also)) {}

    bool allows(const sockaddr& address) const;

  private:
    bool allows(int family, const std::uint8_t* bytes) const;

    std::vector<Network> also_;
};

// The address without its port, as error messages show it.
std::string address_text(const sockaddr& address);

}  // namespace hil::worker
