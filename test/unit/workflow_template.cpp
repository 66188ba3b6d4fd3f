// Templates and python_expr: what is undefined, whitespace, limits, mistakes with their offsets.
#include <gtest/gtest.h>

#include <ctime>

#include "workflow/template.hpp"

namespace hil::worker {
namespace {

const std::set<std::string> nodes = {"classify", "answer_it", "never_ran"};

Scope scope() {
    Scope scope;
    scope.variables = {
        {"customer_message", "Where is {{ my }} order?"},
        {"memory_context", ""},
        {"instructions", nullptr},
        {"messages",
         {{{"sender_type", "user"}, {"content", "hello"}}, {{"sender_type", "ai"}, {"content", "hi"}}}}};
    scope.nodes = {{"classify",
                    {{"intent", "billing"},
                     {"confidence", 0.85},
                     {"needs_human", false},
                     {"tags", {"a", "b"}},
                     {"count", 0},
                     {"price", 7}}},
                   {"answer_it", {{"answer", "Déjà vu"}, {"success", true}}}};
    return scope;
}

std::string render(const std::string& source) { return Template::text(source, nodes).render(scope()); }
bool holds(const std::string& expression) { return Template::condition(expression, nodes).holds(scope()); }

std::size_t mistake_at(const std::string& source) {
    try {
        Template::text(source, nodes);
    } catch (const SyntaxError& error) {
        return error.offset();
    }
    ADD_FAILURE() << "no mistake in " << source;
    return 0;
}

std::string failure(const std::string& source) {
    try {
        return "rendered " + render(source).substr(0, 100);
    } catch (const TemplateError& error) {
        return error.what();
    }
}

TEST(Template, FieldsAreReachableWithAndWithoutOutput) {
    EXPECT_EQ(render("{{classify.intent}} {{ classify.output.intent }} {{classify['output']['intent']}}"),
              "billing billing billing");
    EXPECT_EQ(render("{{ classify.output.tags[-1] }}{{ classify.tags[0] }}"), "ba");
}

TEST(Template, PrintsAsJinjaDoes) {
    EXPECT_EQ(render("{{classify.confidence}} {{answer_it.success}} {{classify.tags}} {{classify.price}}"),
              "0.85 True ['a', 'b'] 7");
    EXPECT_EQ(render("{{ answer_it }}"), "{'answer': 'Déjà vu', 'success': True}");
}

TEST(Template, WhatNeverRanRendersAsNothing) {
    EXPECT_EQ(render("[{{never_ran}}{{never_ran.answer}}{{never_ran.output.answer.deeper[3].still}}]"), "[]");
    EXPECT_EQ(render("[{{classify.absent.deeper}}{{classify.tags[9]}}{{nothing.at.all}}{{instructions}}]"),
              "[]");
    EXPECT_EQ(render("[{{never_ran.answer.upper()}}{{never_ran.answer[:3]}}{{never_ran.a|lower}}{{never_ran."
                     "a ~ 'x'}}]"),
              "[x]");
    EXPECT_EQ(render("[{% for x in never_ran.output.list %}{{x}}{% endfor %}]"), "[]");
    EXPECT_EQ(render("[{% for k, v in never_ran.map.items() %}{{k}}{% endfor %}]"), "[]");
    EXPECT_EQ(render("{{never_ran.a|length}} {{never_ran.a|default('none')}} {{never_ran.a + 1}}"),
              "0 none ");
}

TEST(Template, UndefinedIsFalseInConditions) {
    EXPECT_FALSE(holds("never_ran"));
    EXPECT_FALSE(holds("never_ran.output.y == true"));
    EXPECT_FALSE(holds("never_ran.output.y == false"));
    EXPECT_TRUE(holds("never_ran.output.y != true"));
    EXPECT_FALSE(holds("never_ran.output.y > 0.5"));
    EXPECT_FALSE(holds("never_ran.output.y <= 0.5"));
    EXPECT_FALSE(holds("'a' in never_ran.output.y"));
    EXPECT_TRUE(holds("not never_ran.output.y"));
    EXPECT_FALSE(holds("never_ran is defined"));
    EXPECT_TRUE(holds("never_ran is undefined and classify is defined"));
    EXPECT_TRUE(holds("(never_ran.output.y == true) or (classify.output.needs_human == false)"));
}

TEST(Template, ComparesAsPythonDoes) {
    EXPECT_TRUE(holds("classify.confidence >= 0.85 and not classify.confidence > 0.85"));
    EXPECT_TRUE(holds("classify.intent in ['billing', 'returns'] and 'x' not in classify.tags"));
    EXPECT_TRUE(
        holds("classify.price % 4 == 3 and -classify.price // 2 == -4 and classify.price / 2 == 3.5"));
    EXPECT_TRUE(holds("classify.tags == ['a', 'b'] and [0] == [0]"));
    EXPECT_TRUE(holds("2 + 3 * 4 == 14 and (2 + 3) * 4 == 20 and 'a' ~ 1 == 'a1' and 2 ** 3 == 8"));
    EXPECT_FALSE(holds("classify.intent > 3"));  // no order between a text and a number
    EXPECT_FALSE(holds("classify.count"));
    EXPECT_TRUE(holds("true if classify.count else None is none"));
}

TEST(Template, IfForAndSet) {
    EXPECT_EQ(render("{% if classify.intent == 'x' %}1{% elif classify.price > 5 %}2{% else %}3{% endif %}"),
              "2");
    EXPECT_EQ(
        render("{% for m in messages if m.sender_type == 'user' %}{{loop.index}}:{{m.content}}{% endfor %}"),
        "1:hello");
    EXPECT_EQ(render("{% for x in [] %}{% else %}empty{% endfor %}"), "empty");
    EXPECT_EQ(
        render("{% set ns = namespace(n=0) %}{% for x in range(5) %}{% if x == 3 %}{% break %}{% endif %}"
               "{% set ns.n = ns.n + x %}{% endfor %}{{ns.n}}"),
        "3");
    EXPECT_EQ(render("{% set t %}a{{1}}{% endset %}{{ t|upper }}"), "A1");
    EXPECT_EQ(render("{% set never_ran = {'output': {'x': 5}} %}{{ never_ran.output.x }}"), "5");
}

TEST(Template, WhiteSpaceIsJinjas) {
    EXPECT_EQ(render("a\n"), "a");
    EXPECT_EQ(render("a\n\n"), "a\n");
    EXPECT_EQ(render("a  {{- 1 -}}  b {#- gone -#} c"), "a1bc");
    EXPECT_EQ(render("{ {{1}} } {% if true -%}\n x{% endif %} # } %}"), "{ 1 } x # } %}");
    EXPECT_EQ(render("{{ '{{' }}{{ \"}}%}\" }}"), "{{}}%}");
}

TEST(Template, DataIsNeverRenderedAgain) {
    EXPECT_EQ(render("{{customer_message}}"), "Where is {{ my }} order?");
}

TEST(Template, CutsTextsByCharacters) {
    EXPECT_EQ(render("{{answer_it.answer[:2]}} {{answer_it.answer|length}} {{answer_it.answer[::-1]}}"),
              "Dé 7 uv àjéD");
    EXPECT_EQ(render("{{'abc'[1]}}{{'abc'[-1]}}{{'abc'[7]}}"), "bc");
}

TEST(Template, NamesHideNoFilters) {
    Scope given;
    given.nodes = {{"length", {{"x", "abc"}}}};
    EXPECT_EQ(Template::text("{{ length.x|length }}", {"length"}).render(given), "3");
}

TEST(Template, MistakesHaveTheirOffset) {
    EXPECT_EQ(mistake_at("ab {{ 1 + }}"), 10u);
    EXPECT_EQ(mistake_at("{{ a.b "), 6u);
    EXPECT_EQ(mistake_at("{{ a | nosuch }}"), 7u);
    EXPECT_EQ(mistake_at("{{ a is odd }}"), 8u);
    EXPECT_EQ(mistake_at("{{ a.nosuch() }}"), 5u);
    EXPECT_EQ(mistake_at("{{ 'open }}"), 3u);
    EXPECT_EQ(mistake_at("{% if a %}x"), 0u);
    EXPECT_EQ(mistake_at("{% if a %}{% endfor %}"), 13u);
    EXPECT_EQ(mistake_at("x{% endif %}"), 4u);
    EXPECT_EQ(mistake_at("{% macro f() %}{% endmacro %}"), 3u);
    EXPECT_EQ(mistake_at("{# open"), 0u);
    EXPECT_EQ(mistake_at("{{ 1 < 2 < 3 }}"), 9u);
    EXPECT_EQ(mistake_at("{{ _hil_print }}"), 3u);
    EXPECT_EQ(mistake_at("{% break %}"), 3u);
    EXPECT_EQ(mistake_at("{{ " + std::string(500, '(') + " }}"), 63u);
}

TEST(Template, WhatCannotBeRenderedSaysWhy) {
    EXPECT_EQ(failure("{{ 1 // classify.count }}"), "division by zero");
    EXPECT_EQ(failure("{{ 5.5 % -0.75 }}"), "rendered -0.5");
    EXPECT_EQ(failure("{{ range(9223372036854775805, 9223372036854775807, 2)|length }}{{ range(3, 0, -2) }}"),
              "rendered 1[3, 1]");
    EXPECT_EQ(failure("{{ classify.tags - 1 }}"), "`-` needs two numbers, got ['a', 'b'] and 1");
    EXPECT_EQ(failure("{{ 9223372036854775807 + 1 }}"), "the result of `+` is out of range");
    EXPECT_EQ(failure("{{ (-9223372036854775807 - 1) // -1 }}"), "the result of `//` is out of range");
    EXPECT_EQ(failure("{{ 'a,b'.split('') }}"), "`split` needs a text that is not empty");
}

TEST(Template, ExplosionsAreBounded) {
    EXPECT_EQ(failure("{% for x in range(100000) %}{% endfor %}"), "a range of more than 10,000 numbers");
    EXPECT_EQ(failure("{% for x in range(9000) %}{% for y in range(9000) %}{% endfor %}{% endfor %}"),
              "the template takes more than 100,000 operations");
    EXPECT_EQ(failure("{{ 'x' * 100000000 }}"), "the repeated text is too long");
    EXPECT_EQ(failure("{% for x in range(2000) %}{{ 'x' * 1000 }}{% endfor %}"),
              "the template renders more than 1 MB");
    EXPECT_EQ(failure("{% set a = [] %}{% set b = a.append(a) %}{{ a }}"), "rendered [[]]");
    EXPECT_EQ(failure("{% set n = namespace() %}{% set n.n = n %}{{ n }}"), "rendered {'n': {}}");
    EXPECT_THROW(Template::text(std::string(max_template_bytes + 1, 'x'), nodes), SyntaxError);
}

TEST(Template, WhatGrowsByItselfIsBounded) {
    const auto doubled = [](const std::string& start, const std::string& twice) {
        return failure("{% set n = namespace(x=" + start +
                       ") %}{% for i in range(40) %}{% set n.x = " + twice + " %}{% endfor %}{{ n.x }}");
    };
    EXPECT_EQ(doubled("'xy'", "n.x + n.x"), "the joined text is too long");
    EXPECT_EQ(doubled("'xy'", "n.x ~ n.x"), "the joined text is too long");
    EXPECT_EQ(doubled("[1]", "n.x + n.x"), "a list, a map or a text is too large");
    EXPECT_EQ(doubled("[1]", "[n.x, n.x]"), "a list, a map or a text is too large");
    EXPECT_EQ(failure("{{ range(9000)|join('x' * 1000) }}"), "the joined text is too long");
    std::string nested = "{% set x = [1] %}";
    for (int i = 0; i < 40; ++i) nested += "{% set x = [x, x] %}";
    for (const char* use :
         {"{{ x }}", "{{ x == x }}", "{{ x|tojson }}", "{{ x ~ 'a' }}", "{{ x|unique|length }}"})
        EXPECT_EQ(failure(nested + use), "a list, a map or a text is too large") << use;
}

// Each of these took seconds within one operation, which nothing interrupts.
TEST(Template, SearchesInTextsAreQuick) {
    Scope given;
    const std::string text(1'000'000, 'a');
    given.variables = {{"text", text},
                       {"almost", text.substr(0, 500'000) + "b"},
                       {"others", std::string(1'000'000, 'b') + "a"}};
    const std::vector<std::pair<std::string, std::string>> expected = {
        {"{{ almost in text }}", "False"},
        {"{{ text.split(almost)|length }}", "1"},
        {"{{ text.replace(almost, 'x')|length }}", "1000000"},
        {"{{ text.replace('aa', 'b')|length }}", "500000"},
        {"{{ text.strip(others)|length }}", "0"}};
    for (const auto& [source, rendered] : expected) {
        const std::clock_t start = std::clock();
        EXPECT_EQ(Template::text(source, nodes).render(given), rendered) << source;
        EXPECT_LT((std::clock() - start) / CLOCKS_PER_SEC, 2) << source;
    }
}

TEST(Template, TextsAreSplitAndReplacedAsJinjaDoes) {
    EXPECT_EQ(render("{{ 'a,,b,'.split(',')|join('|') }} {{ 'abc'.split('x')|length }}"), "a||b| 1");
    EXPECT_EQ(render("{{ 'aaaa'.replace('aa', 'a') }} {{ 'aaaa'.replace('a', 'bb', 2) }}"), "aa bbbbaa");
    EXPECT_EQ(render("{{ 'abc'.replace('x', 'y') }} {{ 'xxaxx'.strip('yx') }}"), "abc a");
    EXPECT_EQ(failure("{{ ('x' * 1000000).replace('x', 'yy') }}"), "the replaced text is too long");
}

// `in` looks at every element of a list, and at the whole of none that cannot be it.
TEST(Template, SearchesInListsAreBounded) {
    Scope given;
    Json many = Json::array(), lists = Json::array();
    for (int i = 0; i < 8'000; ++i) many.push_back(i);
    for (int i = 0; i < 200; ++i) lists.push_back(i);
    given.variables = {{"many", many}, {"lists", {lists, {1, 2}, "1", 1, nullptr, {{"a", 1}}}}};
    const auto rendered = [&](const std::string& source) {
        try {
            return Template::text(source, nodes).render(given);
        } catch (const TemplateError& error) {
            return std::string(error.what());
        }
    };
    const std::clock_t start = std::clock();
    EXPECT_EQ(rendered("{{ many in many }}"), "False");
    EXPECT_EQ(rendered("{{ (many ~ 'x') in many }}"), "False");
    EXPECT_LT((std::clock() - start) / CLOCKS_PER_SEC, 2);
    EXPECT_EQ(rendered("{% for i in range(20) %}{{ 8000 in many }}{% endfor %}"),
              "the template takes more than 100,000 operations");
    EXPECT_EQ(rendered("{{ [1, 2] in lists }}{{ '1' in lists }}{{ 1.0 in lists }}{{ {'a': 1} in lists }}"),
              "TrueTrueTrueTrue");
    EXPECT_EQ(rendered("{{ [2, 1] in lists }}{{ '2' in lists }}{{ true in lists }}{{ {'a': 2} in lists }}"),
              "FalseFalseFalseFalse");
    EXPECT_EQ(rendered("{{ none in lists }}{{ range(200) in lists }}"), "TrueTrue");
}

TEST(Template, MistakesAreToldInTheAuthorsTerms) {
    EXPECT_EQ(mistake_at("{{ 1 + 1e999 }}"), 7u);
    EXPECT_EQ(failure("{{ range('a') }}"), "range takes one to three whole numbers");
    EXPECT_EQ(failure("{{ classify.tags[1:'a'] }}"), "a slice needs whole numbers");
    EXPECT_EQ(failure("{{ 'a'|indent(1, 'x') }}"), "a value is not of the kind that is needed");
}

TEST(Template, IndentIsBounded) {
    EXPECT_EQ(render("{{ [1]|tojson(indent=2) }}{{ 'a\nb'|indent(1) }}"), "[\n  1\n]a\n b");
    for (const char* wrong : {"-5", "101", "99999999", "'q'", "1.5"}) {
        EXPECT_EQ(failure("{{ 'x'|indent(" + std::string(wrong) + ") }}"),
                  "`indent` needs a whole number from 0 to 100");
        EXPECT_EQ(failure("{{ [1]|tojson(indent=" + std::string(wrong) + ") }}"),
                  "`tojson` needs a whole number from 0 to 100");
    }
    EXPECT_EQ(failure("{% set x = range(10000) %}{{ [x, x, x, x]|tojson(2)|length }}").substr(0, 9),
              "rendered ");
    EXPECT_EQ(failure("{% set x = range(10000) %}{{ [x, x, x, x]|tojson(100)|length }}"),
              "a list, a map or a text is too large");
    EXPECT_EQ(failure("{{ ('\n' * 100000)|indent(100) }}"), "the indented text is too long");
}

// minja reads templates with std::regex, which overflows the stack on long texts: these never get to it.
TEST(Template, LongTextsAreHarmless) {
    const std::string spaces(60'000, ' ');
    EXPECT_EQ(render("a" + spaces + "{{- 1 }}"), "a1");
    EXPECT_EQ(render("{{ '" + spaces + "'|length }}"), "60000");
    EXPECT_EQ(render("{#" + std::string(60'000, 'x') + "#}"), "");
}

// Long templates are parsed piece by piece; in one piece this would take minutes.
TEST(Template, ManyExpressionsAreParsedInReasonableTime) {
    std::string source = "{% set x = 1 %}";
    for (int i = 0; i < 2000; ++i) source += "text {{ classify.intent }} ";
    EXPECT_EQ(render(source).size(), 2000u * 13);
    std::string block = "{% if classify %}";
    for (int i = 0; i < 2000; ++i) block += "text {{ classify.intent }} ";
    EXPECT_EQ(mistake_at(block + "{% endif %}"), 0u);
}

TEST(Template, RendersValidUtf8WhateverItIsGiven) {
    Scope given;
    given.variables = {{"x", std::string("a\xff") + "b"}};
    EXPECT_EQ(Template::text("{{x}}", nodes).render(given),
              "a\xEF\xBF\xBD"
              "b");
}

}  // namespace
}  // namespace hil::worker
