// Which addresses a worker connects to: every range that is not the Internet's, in every way to write it.
#include <gtest/gtest.h>
#include <netdb.h>

#include <string>

#include "http/address_policy.hpp"

namespace hil::worker {
namespace {

// As the resolver reads it, which is what a connection is made to: 0x7f.1 is 127.0.0.1.
bool allowed(const AddressPolicy& policy, const std::string& text) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(text.c_str(), nullptr, &hints, &found) != 0) {
        ADD_FAILURE() << text << " is no address";
        return true;
    }
    const bool allows = policy.allows(*found->ai_addr);
    freeaddrinfo(found);
    return allows;
}

TEST(HttpAddressPolicy, RefusesWhatIsNotTheInternet) {
    for (const char* text :
         {"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1",
          "127.255.255.254", "169.254.169.254", "169.254.0.1", "172.16.0.1", "172.31.255.255", "192.0.0.8",
          "192.0.2.1", "192.88.99.1", "192.168.0.1", "192.168.255.255", "198.18.0.1", "198.19.255.255",
          "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
          // The same in other notations.
          "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0xa9fea9fe", "2852039166", "10.1", "0",
          // IPv6, and IPv4 inside it.
          "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe",
          "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::",
          "2002:a9fe:a9fe::1", "2002:a00:1::", "fe80::1", "fe80::1%lo", "febf::1", "fec0::1", "fc00::1",
          "fd12:3456::1", "ff02::1", "ff0e::1", "100::1", "2001::1", "2001:0:7f00:1::", "2001:10::1",
          "2001:20::1", "2001:1ff::1", "2001:db8::1", "3fff::1", "3fff:fff::1", "4000::1", "5f00::1"})
        EXPECT_FALSE(allowed(*AddressPolicy::public_only(), text)) << text;
}

TEST(HttpAddressPolicy, AllowsTheInternet) {
    for (const char* text : {"1.1.1.1",          "8.8.8.8",
                             "9.255.255.255",    "11.0.0.0",
                             "100.63.255.255",   "100.128.0.0",
                             "126.255.255.255",  "128.0.0.0",
                             "169.253.255.255",  "169.255.0.0",
                             "172.15.255.255",   "172.32.0.0",
                             "192.0.1.0",        "192.167.255.255",
                             "192.169.0.0",      "198.17.255.255",
                             "198.20.0.0",       "223.255.255.255",
                             "134744072",        "2606:4700::1111",
                             "2001:200::1",      "2001:4860:4860::8888",
                             "2003::1",          "3ffe::1",
                             "2400:cb00::1",     "::ffff:8.8.8.8",
                             "64:ff9b::8.8.8.8", "2002:808:808::1"})
        EXPECT_TRUE(allowed(*AddressPolicy::public_only(), text)) << text;
}

TEST(HttpAddressPolicy, AllowsWhatIsNamedBesidesAndNothingElse) {
    const AddressPolicy policy({Network::parse("127.0.0.0/8").value(), Network::parse("10.1.0.0/16").value(),
                                Network::parse("fd00:1::/32").value(), Network::parse("::1").value()});
    for (const char* text : {"127.0.0.1", "::ffff:127.0.0.1", "10.1.2.3", "fd00:1::5", "::1", "8.8.8.8"})
        EXPECT_TRUE(allowed(policy, text)) << text;
    for (const char* text : {"10.2.0.1", "169.254.169.254", "fd00:2::5", "::2", "192.168.0.1"})
        EXPECT_FALSE(allowed(policy, text)) << text;
    for (const char* text : {"127.0.0.1", "169.254.169.254", "::1", "fe80::1"})
        EXPECT_TRUE(allowed(*AddressPolicy::everything(), text)) << text;
}

TEST(HttpAddressPolicy, RefusesOtherFamilies) {
    sockaddr local{};
    local.sa_family = AF_UNIX;
    EXPECT_FALSE(AddressPolicy::everything()->allows(local));
}

TEST(HttpAddressPolicy, ReadsNetworks) {
    for (const char* text :
         {"0.0.0.0/0", "10.0.0.0/8", "10.1.2.3", "10.1.2.3/32", "::/0", "fd00::/8", "::1/128"})
        EXPECT_TRUE(Network::parse(text)) << text;
    for (const char* text : {"", "10", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.1/8",
                             "fd00::1/8", "::/129", "localhost", "10.0.0.0/8/8", "0x7f.1"})
        EXPECT_FALSE(Network::parse(text)) << text;
}

}  // namespace
}  // namespace hil::worker
