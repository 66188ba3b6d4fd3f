// Requests of HTTP tools, made of templates and of arguments that a model chose.
#include <gtest/gtest.h>

#include <string>

#include "tools/http_request.hpp"

namespace hil::worker {
namespace {

std::string url(const std::string& given, const Json& arguments,
                const std::map<std::string, std::string>& query = {}) {
    return url_of(HttpTemplate(given, query), arguments);
}

TEST(HttpToolRequest, ArgumentsAreFilledIn) {
    EXPECT_EQ(url("https://shop.example.com/orders/{order_id}.json", {{"order_id", "17"}}),
              "https://shop.example.com/orders/17.json");
    EXPECT_EQ(url("https://shop.example.com/{a}/{b}", {{"a", 7}, {"b", true}}),
              "https://shop.example.com/7/true");
    EXPECT_EQ(url("https://shop.example.com", Json::object()), "https://shop.example.com");
}

TEST(HttpToolRequest, AnArgumentStaysWhereItIsPut) {
    const std::string template_url = "https://shop.example.com/orders/{id}/items";
    for (const char* id :
         {"../admin", "a/b", "x?y=z", "x#y", "a b", "é", "a\r\nX-Evil: 1", "%2e%2e", "@evil.com"}) {
        const std::string made = url(template_url, {{"id", id}});
        const std::string middle = made.substr(32, made.size() - 32 - 6);
        EXPECT_EQ(made, "https://shop.example.com/orders/" + middle + "/items");
        EXPECT_EQ(middle.find_first_of("/?#\r\n @"), std::string::npos) << middle;
    }
}

TEST(HttpToolRequest, NoArgumentLeadsUpOrAway) {
    for (const char* id : {"..", ".", ""})
        EXPECT_THROW(url("https://shop.example.com/orders/{id}", {{"id", id}}), BadArgument) << id;
    EXPECT_THROW(url("https://shop.example.com/{a}{b}/x", {{"a", "."}, {"b", "."}}), BadArgument);
    EXPECT_THROW(url("https://shop.example.com/{id}", Json::object()), BadArgument);
    EXPECT_THROW(url("https://shop.example.com/{id}", {{"id", nullptr}}), BadArgument);
    EXPECT_THROW(url("https://shop.example.com/{id}", {{"id", {1, 2}}}), BadArgument);
    EXPECT_EQ(url("https://shop.example.com/{id}", {{"id", "..."}}), "https://shop.example.com/...");
}

TEST(HttpToolRequest, QueryParametersOfMissingArgumentsAreLeftOut) {
    const std::map<std::string, std::string> query = {
        {"fields", "id,status"}, {"expand", "{expand}"}, {"q", "a {x}"}};
    EXPECT_EQ(url("https://shop.example.com/o", Json::object(), query),
              "https://shop.example.com/o?fields=id%2Cstatus");
    EXPECT_EQ(url("https://shop.example.com/o?v=2", {{"expand", "a&b=c"}, {"x", "y"}}, query),
              "https://shop.example.com/o?v=2&expand=a%26b%3Dc&fields=id%2Cstatus&q=a%20y");
    EXPECT_EQ(url("https://shop.example.com", {{"x", {1, 2}}}, {{"list", "{x}"}}),
              "https://shop.example.com?list=%5B1%2C2%5D");
}

TEST(HttpToolRequest, TheBodyHasTheRest) {
    const HttpTemplate given("https://shop.example.com/{id}", {{"expand", "{expand}"}});
    EXPECT_EQ(given.names(), (std::set<std::string>{"id", "expand"}));
    EXPECT_EQ(rest_of(given, {{"id", "1"}, {"expand", "x"}, {"note", "n"}, {"n", 3}}),
              (Json{{"note", "n"}, {"n", 3}}));
}

TEST(HttpToolRequest, TemplatesThatMeanNothingAreRefused) {
    for (const char* bad : {"https://{host}.example.com/", "https://{host}/", "shop.example.com/x",
                            "https://a/{", "https://a/}", "https://a/{}", "https://a/{a b}",
                            "https://a/{{id}}", "https://a/?x={id}", "https://a.example.com{id}"})
        EXPECT_THROW(HttpTemplate(bad, {}), BadTemplate) << bad;
    EXPECT_THROW(HttpTemplate("https://a/", {{"q", "{"}}), BadTemplate);
}

}  // namespace
}  // namespace hil::worker
