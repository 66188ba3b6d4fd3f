// YAML as JSON with places.
#include <gtest/gtest.h>

#include "workflow/yaml.hpp"

namespace hil::worker {
namespace {

Json read(const std::string& text) {
    const YamlResult result = read_yaml(text);
    for (const Mistake& mistake : result.errors) ADD_FAILURE() << mistake.line << ": " << mistake.message;
    return result.value.value_or("no value");
}

// "line:column message" of each mistake.
std::vector<std::string> mistakes(const std::string& text) {
    std::vector<std::string> out;
    for (const Mistake& mistake : read_yaml(text).errors)
        out.push_back(std::to_string(mistake.line) + ":" + std::to_string(mistake.column) + " " +
                      mistake.message);
    return out;
}

using Texts = std::vector<std::string>;
using namespace std::string_literals;

TEST(Yaml, ScalarsFollowTheCoreSchema) {
    EXPECT_EQ(read("[true, False, null, ~, 12, -3, 0x1F, 0o17, 1.5, .5, -1e3, 2.]"),
              Json::parse("[true, false, null, null, 12, -3, 31, 15, 1.5, 0.5, -1000.0, 2.0]"));
    EXPECT_EQ(read("['true', \"12\", 2.0.0, yes, on, 1_000, 12:30, +, 0x, 1e]"),
              Json::parse(R"(["true", "12", "2.0.0", "yes", "on", "1_000", "12:30", "+", "0x", "1e"])"));
    EXPECT_EQ(read("[!!str 12, !!float 3, 18446744073709551615, 99999999999999999999]"),
              Json::parse(R"(["12", 3, 18446744073709551615, 1e20])"));
    EXPECT_EQ(read("a:\nb: |\n  x\n  y\nc: >\n  x\n  y\n"),
              Json::parse("{\"a\": null, \"b\": \"x\\ny\\n\", \"c\": \"x y\\n\"}"));
}

TEST(Yaml, AliasesRepeatValues) {
    EXPECT_EQ(read("a: &x {b: [1, 2]}\nc: *x\nd: &y 5\ne: *y"),
              Json::parse(R"({"a": {"b": [1, 2]}, "c": {"b": [1, 2]}, "d": 5, "e": 5})"));
}

TEST(Yaml, ReportsEveryMistakeWithItsPlace) {
    EXPECT_EQ(mistakes("a: 1\nb: .inf\na: {c: 2}\n[x]: 3\nd: !odd 4\ne: !!int x\n"),
              (Texts{"2:4 `.inf` is no number that JSON knows; quote it to mean a text",
                     "3:1 the key `a` is given twice (first in line 1)",
                     "4:1 a key must be a text; a template needs quotes: \"{{ ... }}\"",
                     "5:4 unknown tag `!odd`", "6:4 `x` is no int"}));
    EXPECT_EQ(mistakes("a: &x [*x]"), Texts{"1:8 this alias stands inside the value that it names"});
    EXPECT_EQ(mistakes("a: 1\n---\nb: 2\n"), Texts{"2:1 more than one YAML document"});
    EXPECT_EQ(mistakes(""), Texts{"1:1 the document is empty"});
}

TEST(Yaml, WhatIsNoUtf8HasItsPlace) {
    const std::string not_utf8 = "the text is not UTF-8 from here on; save the file as UTF-8";
    EXPECT_EQ(mistakes("a: 1\nb: \"\xC3\xA9 \xE9\"\n"), Texts{"2:8 " + not_utf8});
    EXPECT_EQ(mistakes("\xFF\xFE"s + "a\0:\0"s), Texts{"1:1 " + not_utf8});
    EXPECT_EQ(mistakes("a: 1\nb: x\0y\n"s),
              Texts{"2:5 the character U+0000, which no text may hold; save the file as UTF-8"});
    EXPECT_EQ(mistakes("a: 1\nb: \"x\\0y\"\n"), Texts{"2:4 the character U+0000, which no text may hold"});
}

TEST(Yaml, AKeyThatIsNoTextIsToldOnce) {
    EXPECT_EQ(mistakes("[x]: 3\n? {y: 1}\n: {z: 2}\nb: 4\n"),
              (Texts{"1:1 a key must be a text; a template needs quotes: \"{{ ... }}\"",
                     "2:3 a key must be a text; a template needs quotes: \"{{ ... }}\""}));
    EXPECT_EQ(read_yaml("[x]: 3\n? {y: 1}\n: {z: 2}\nb: 4\n").value, Json({{"b", 4}}));
    EXPECT_EQ(mistakes("!!binary b: 1\n!!str c: 2\n"),
              Texts{"1:1 a key must be a text, not `tag:yaml.org,2002:binary`"});
}

TEST(Yaml, PlacesDoNotDependOnLineEndsOrByteOrderMarks) {
    const YamlResult result = read_yaml("\xEF\xBB\xBFplain: abc def\r\nblock: |\r\n  one\r\n  two three\r\n");
    const auto at = [&](const std::string& pointer, std::size_t offset) {
        const Json::json_pointer path(pointer);
        const Place place = result.places.inside(pointer, result.value->at(path).get<std::string>(), offset);
        return std::to_string(place.line) + ":" + std::to_string(place.column);
    };
    EXPECT_EQ(at("/plain", 4), "1:12");
    EXPECT_EQ(at("/block", 8), "4:7");
    EXPECT_EQ(mistakes("\xEF\xBB\xBF[x]: 1"),
              Texts{"1:1 a key must be a text; a template needs quotes: \"{{ ... }}\""});
}

TEST(Yaml, SyntaxErrorsHaveTheirPlace) {
    const Texts found = mistakes("a: 1\nb: [1, 2\nc: 3\n");
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].substr(0, 9), "3:2 YAML:");
}

TEST(Yaml, LimitsSizeDepthAndAliases) {
    EXPECT_EQ(mistakes(std::string(max_json_bytes + 1, 'x')).size(), 1u);
    EXPECT_EQ(read(std::string(64, '[') + std::string(64, ']')).size(), 1u);
    EXPECT_EQ(mistakes(std::string(65, '[') + std::string(65, ']')),
              Texts{"1:65 nested deeper than 64 levels"});
    // Not closed, which YAML reads as keys of maps: two levels each.
    EXPECT_EQ(mistakes(std::string(5000, '[')),
              (Texts{"1:1 a key must be a text; a template needs quotes: \"{{ ... }}\"",
                     "1:33 nested deeper than 64 levels"}));
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 9; ++i) {
        const std::string before = "*a" + std::to_string(i - 1);
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
        for (int k = 0; k < 9; ++k) bomb += ", " + before;
        bomb += "]\n";
    }
    const Texts found = mistakes(bomb);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_NE(found[0].find("with its aliases written out"), std::string::npos);
}

TEST(Yaml, FindsPlacesInsideTexts) {
    const YamlResult result = read_yaml(
        "plain: abc def\nquoted: 'abc def'\nblock: |\n    one\n    two three\n"
        "folded: >\n  abc\n  def\nescaped: \"a\\tb c\"\nlist:\n  - x\n  - /a~b: y\n");
    const auto at = [&](const std::string& pointer, std::size_t offset) {
        const Json::json_pointer path(pointer);
        const Place place = result.places.inside(pointer, result.value->at(path).get<std::string>(), offset);
        return std::to_string(place.line) + ":" + std::to_string(place.column);
    };
    EXPECT_EQ(at("/plain", 4), "1:12");
    EXPECT_EQ(at("/quoted", 4), "2:14");
    EXPECT_EQ(at("/block", 0), "4:5");
    EXPECT_EQ(at("/block", 8), "5:9");
    EXPECT_EQ(at("/folded", 4), "6:9");  // not byte for byte in the file: where the value starts
    EXPECT_EQ(at("/escaped", 4), "9:10");
    EXPECT_EQ(at("/list/1/~1a~0b", 0), "12:11");
    EXPECT_EQ(result.places.key("/list/1/~1a~0b").column, 5);
    EXPECT_EQ(result.places.value("/list/0/nowhere/at/all").line, 11);
}

TEST(Yaml, SaysWhatASyntaxErrorMeans) {
    const auto says = [](const std::string& yaml, const std::string& expected) {
        const Texts found = mistakes(yaml);
        ASSERT_EQ(found.size(), 1U) << yaml;
        EXPECT_NE(found[0].find(expected), std::string::npos) << found[0];
    };
    says("a: b: c", "1:5 YAML: illegal map value: a `KEY:` cannot stand here");
    says("a: 1\n\tb: c", "2:1 YAML: illegal tab when looking for indentation: a tab");
    says("a: [b, c\nd: 1", "a `[` is not closed: expected `,` or `]`");
    says("a: @b", "1:4 YAML: unknown token: a text that begins with this character needs quotes");
    says("a: *b", "1:4 YAML: the referenced anchor is not defined: a text that begins with `*` needs quotes");
}

}  // namespace
}  // namespace hil::worker
