// Which addresses a request may go to.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace hil::worker {

// A range of addresses, as in 10.0.0.0/8 and fd00::/8.
struct Network {
    std::array<std::uint8_t, 16> address{};  // IPv4 as ::ffff:a.b.c.d
    int prefix = 0;                          // of 128 bits

    // Nothing where the text is no network. A bare address is a network of one.
    static std::optional<Network> parse(std::string_view text);
};

// Private, link-local and other special addresses are refused unless they are among `also`.
class AddressPolicy {
  public:
    static std::shared_ptr<const AddressPolicy> public_only();

    explicit AddressPolicy(std::vector<Network> also) : also_(std::move(also)) {}

    // IPv4 inside IPv6 is looked at as IPv4.
    bool allows(const sockaddr& address) const;

  private:
    std::vector<Network> also_;
};

}  // namespace hil::worker
