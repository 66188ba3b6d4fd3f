// URLs of the configuration, and what is put into them.
#include <gtest/gtest.h>

#include "http/url.hpp"

namespace hil::worker {
namespace {

TEST(HttpUrl, TakesHttpAndHttps) {
    for (const char* url : {"http://127.0.0.1:8080/v1", "https://api.openai.com/v1", "https://[::1]/",
                            "https://a.example/x?api-version=2024-10-21", "HTTPS://A.EXAMPLE"})
        EXPECT_EQ(url_problem(url), "") << url;
}

TEST(HttpUrl, RefusesAllElse) {
    const std::map<std::string, std::string> problems = {
        {"ftp://a.example/", "must begin with http:// or https://"},
        {"file:///etc/passwd", "must begin with http:// or https://"},
        {"https://user@a.example/", "must not hold a user or a password"},
        {"https://user:secret@a.example/", "must not hold a user or a password"},
        {"https://a.example/#x", "must not hold a fragment (#)"},
        {"https://a.example/a b", "holds a space or a control character"},
        {"https://a.example/\r\nX: y", "holds a space or a control character"}};
    for (const auto& [url, problem] : problems) EXPECT_EQ(url_problem(url), problem) << url;
    for (const char* url : {"", "a.example/x", "https://", "http://a.example:99999/"})
        EXPECT_NE(url_problem(url), "") << url;
}

TEST(HttpUrl, PutsPathsAndQueriesBehindItsOwn) {
    EXPECT_EQ(url_with("https://a.example/v1", "/chat/completions", {}),
              "https://a.example/v1/chat/completions");
    EXPECT_EQ(url_with("https://a.example/v1/", "/chat/completions", {}),
              "https://a.example/v1/chat/completions");
    EXPECT_EQ(url_with("https://a.example", "/v1/messages", {}), "https://a.example/v1/messages");
    EXPECT_EQ(
        url_with("https://a.example:8443/d?x=1", "/c", {{"api-version", "2024-10-21"}, {"k", "a&b=c#d"}}),
        "https://a.example:8443/d/c?x=1&api-version=2024-10-21&k=a%26b%3dc%23d");
    EXPECT_THROW(url_with("ftp://a.example", "/x", {}), std::invalid_argument);
}

TEST(HttpUrl, EncodesAllThatCouldLeaveItsPlace) {
    EXPECT_EQ(percent_encoded("aZ09-._~"), "aZ09-._~");
    EXPECT_EQ(percent_encoded("../a?b#c&d=e f\r\n\xC3\xBC%"), "..%2Fa%3Fb%23c%26d%3De%20f%0D%0A%C3%BC%25");
}

}  // namespace
}  // namespace hil::worker
