// Conditions in both languages, and the literals that JMESPath lacks.
#include <gtest/gtest.h>

#include "workflow/condition.hpp"
#include "workflow/jmespath_literals.hpp"

namespace hil::worker {
namespace {

const std::set<std::string> nodes = {"check", "never_ran"};

bool holds(const std::string& type, const std::string& expression) {
    Scope scope;
    scope.variables = {{"customer_message", "hello"}};
    scope.nodes = {
        {"check", {{"can_handle", true}, {"score", 0.9}, {"list", {"a", "b"}}, {"nothing", nullptr}}}};
    scope.output = Json{{"can_handle", false}, {"true", "odd"}};
    return ParsedCondition::parse({type, expression}, nodes).holds(scope);
}

bool jmespath(const std::string& expression) { return holds("jmespath", expression); }

std::string rewritten(const std::string& expression) { return with_literals(expression).source; }

TEST(Literals, BareLiteralsNextToAComparison) {
    EXPECT_EQ(rewritten("output.can_handle == true"), "output.can_handle == `true`");
    EXPECT_EQ(rewritten("a != false && b == null"), "a != `false` && b == `null`");
    EXPECT_EQ(rewritten("a.b >= 0.75||c < -3"), "a.b >= `0.75`||c < `-3`");
    EXPECT_EQ(rewritten("true == a"), "`true` == a");
    EXPECT_EQ(rewritten("xs[?ok==true && n>1e3].id"), "xs[?ok==`true` && n>`1e3`].id");
}

TEST(Literals, WhatIsNoLiteralStays) {
    for (const char* same :
         {"a == true_story", "a.true == b", "true.a == b", "a == true.b", "a == true[0]", "a == \"true\"",
          "a == 'true'", "a == 'x == true'", "a == `true`", "a == `\"x == true\"`", "a == 'it\\'s == true'",
          "{a: true}", "xs[0] == b", "xs[1:2]", "true", "a && true", "!false", "true(a) == b"})
        EXPECT_EQ(rewritten(same), same);
}

TEST(Condition, JmespathComparesWithLiterals) {
    EXPECT_TRUE(jmespath("check.output.can_handle == true"));
    EXPECT_TRUE(jmespath("check.can_handle == true && check.score > 0.7"));
    EXPECT_TRUE(jmespath("output.can_handle == false"));
    EXPECT_TRUE(jmespath("output.true == 'odd'"));
    EXPECT_TRUE(jmespath("check.nothing == null"));
    EXPECT_TRUE(jmespath("contains(check.list, 'a') && length(check.output.list) == 2"));
    EXPECT_TRUE(jmespath("\"check\".can_handle"));
    EXPECT_TRUE(jmespath("customer_message == 'hello'"));
    EXPECT_TRUE(jmespath("@.check.can_handle"));
}

TEST(Condition, WhatNeverRanIsFalseInBothLanguages) {
    for (const char* expression : {"never_ran", "never_ran.output", "never_ran.output.y == true",
                                   "never_ran.output.y == false", "never_ran.y > 0.5", "nobody.x.y"}) {
        EXPECT_FALSE(holds("jmespath", expression)) << expression;
        EXPECT_FALSE(holds("python_expr", expression)) << expression;
    }
    for (const char* expression : {"never_ran.output.y != true", "check.can_handle == true"}) {
        EXPECT_TRUE(holds("jmespath", expression)) << expression;
        EXPECT_TRUE(holds("python_expr", expression)) << expression;
    }
    EXPECT_TRUE(jmespath("never_ran.y == true || check.can_handle == true"));
    EXPECT_FALSE(jmespath("length(never_ran.list) > 0"));
    EXPECT_TRUE(holds("python_expr", "output.can_handle == false and check.output.can_handle"));
}

TEST(Condition, JmespathIsWhatTheStandardSays) {
    for (const char* right : {"a",
                              "a.b.c",
                              "a[0]",
                              "a[-1].b",
                              "a[*].b",
                              "a[]",
                              "a[1:2]",
                              "a[::-1]",
                              "a[:2]",
                              "a[1:]",
                              "*.a",
                              "a.*",
                              "@",
                              "[a, b.c]",
                              "{x: a, \"y z\": b}",
                              "a.[b, c]",
                              "a.{x: b}",
                              "a[?b == `1` && !c].d",
                              "length(a)",
                              "sort_by(a, &b.c)[0]",
                              "a | b | [0]",
                              "(a || b).c",
                              "'raw'",
                              "`[1, {\"a\": 2}]`",
                              "\"quoted\".x",
                              "!a",
                              "!!a && !b",
                              "a.length(@)",
                              "[0]",
                              "[*]",
                              "[?a]",
                              "contains(a, 'b') == true",
                              "a[?b == 'x, ]'] | [0]"})
        try {
            ParsedCondition::parse({"jmespath", right}, nodes);
        } catch (const SyntaxError& error) {
            ADD_FAILURE() << right << ": " << error.what();
        }
}

// On some of these jsoncons reads beyond its buffers, or never ends.
TEST(Condition, WhatIsNoJmespathIsRefusedBeforeJsonconsReadsIt) {
    for (const char* wrong : {"a)",     "a ) b | c",  "map ( break , true {% {# 1 is != ",
                              "a[b]",   "a b",        "a.",
                              ".a",     "a..b",       "a[1",
                              "a[1.5]", "a[1:2:3:4]", "a[1 2]",
                              "{a}",    "{a: }",      "[a",
                              "a &&",   "&a",         "a == == b",
                              "'open",  "`1",         "\"open",
                              "f(a,",   "a[?]",       "a.1",
                              "1",      "#",          "",
                              "()",     "a.'b'",      "a[*",
                              "a[**]",  "nosuch(a)",  "length()",
                              "`{`",    "a | 'text'"})
        EXPECT_THROW(ParsedCondition::parse({"jmespath", wrong}, nodes), SyntaxError) << wrong;
}

TEST(Condition, MistakesHaveTheirOffsetInTheExpressionAsWritten) {
    const auto offset = [](const std::string& type, const std::string& expression) {
        try {
            ParsedCondition::parse({type, expression}, nodes);
        } catch (const SyntaxError& error) {
            return error.offset();
        }
        ADD_FAILURE() << "no mistake in " << expression;
        return std::size_t{0};
    };
    EXPECT_EQ(offset("jmespath", "a == true && b ="), 15u);
    EXPECT_EQ(offset("jmespath", "a == true &&\n b == true && #"), 27u);
    EXPECT_EQ(offset("python_expr", "a == true and"), 13u);
    EXPECT_EQ(offset("python_expr", "a = 1"), 2u);
    EXPECT_EQ(offset("python_expr", "a }} {{ b"), 2u);
    EXPECT_EQ(offset("jmespath", std::string(60, '(')), 40u);
    EXPECT_EQ(offset("jmespath", "a == ')' && b)"), 13u);
    EXPECT_EQ(offset("jmespath", "a[?b == (c]"), 10u);
}

std::string mistake(const std::string& type, const std::string& expression) {
    try {
        ParsedCondition::parse({type, expression}, nodes);
    } catch (const SyntaxError& error) {
        return error.what();
    }
    return "no mistake";
}

// Each step doubles the data: evaluating this takes hours and all memory.
TEST(Condition, RefusesWhatRepeatsTheDataOverAndOver) {
    const std::string grows = "it could repeat the data more than 100 times";
    const auto repeated = [](const std::string& first, const std::string& step) {
        std::string expression = first;
        for (int i = 0; i < 23; ++i) expression += step;
        return expression;
    };
    EXPECT_EQ(mistake("jmespath", repeated("@", " | [@, @]")), grows);
    EXPECT_EQ(mistake("jmespath", repeated("@", ".[@, @]")), grows);
    EXPECT_EQ(mistake("jmespath", repeated("@", " | {a: @, b: @}")), grows);
    EXPECT_EQ(mistake("jmespath", repeated("@", " | map(&[@, @], @)")), grows);
    EXPECT_EQ(mistake("jmespath", repeated("@", " | [to_string(@)]")), grows);
    EXPECT_EQ(mistake("jmespath", "[@" + repeated("", ", @, @, @, @, @") + "]"), grows);
    EXPECT_EQ(mistake("jmespath", "join(a, b)"), grows);
    EXPECT_EQ(mistake("jmespath", "join('" + std::string(2'000, '-') + "', b)"), grows);
    EXPECT_EQ(mistake("jmespath", "join(', ', b) == 'c, d'"), "no mistake");
    EXPECT_EQ(mistake("jmespath", repeated("a[0]", " || [a, b] | [0]")), grows);
    EXPECT_EQ(mistake("jmespath", repeated("[a, b]", " && [a, b]")), "no mistake");
    EXPECT_EQ(mistake("jmespath", "contains(['a'" + repeated("", ", 'b', 'c', 'd', 'e', 'f'") + "], x)"),
              "no mistake");
}

TEST(Condition, MistakesQuoteWholeCharactersAndNotTooMany) {
    EXPECT_EQ(mistake("jmespath", "c.\xC3\xA9 == true"), "expected a field after `.`, found `\xC3\xA9`");
    EXPECT_LT(mistake("jmespath", "a " + std::string(9'000, 'b')).size(), 200u);
    EXPECT_LT(mistake("python_expr", "a " + std::string(9'000, 'b')).size(), 200u);
}

}  // namespace
}  // namespace hil::worker
