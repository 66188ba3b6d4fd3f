// The command line of hil-worker, as its users meet it.
#include <gtest/gtest.h>

#include <sstream>

#include "fixture.hpp"

namespace hil::test {
namespace {

class CommandLine : public LiveTest {
  protected:
    // Runs hil-worker against the test's database; its exit code is kept in `code`.
    std::string worker(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), worker_program);
        Process process(arguments, {{"HIL_DATABASE_URL", "postgresql:///" + database()}}, file("output", ""));
        code = process.wait();
        return process.output();
    }

    int code = -1;
};

TEST_F(CommandLine, EveryCommandExplainsItself) {
    for (const char* command : {"load", "check", "run", "graph", "chat", "desk"}) {
        const std::string help = worker({command, "--help"});
        EXPECT_EQ(code, 0) << command;
        for (const char* part : {command, "--config", "HIL_CONFIG", "Exit codes"})
            EXPECT_NE(help.find(part), std::string::npos) << part << " is not in\n" << help;
        const bool needs_database = command != std::string("check") && command != std::string("graph");
        EXPECT_EQ(help.find("HIL_DATABASE_URL") != std::string::npos, needs_database) << help;
    }
    EXPECT_NE(worker({"run", "--help"}).find("--metrics-port"), std::string::npos);
    EXPECT_TRUE(worker({"--version"}).starts_with("hil-worker 0.1 (libpq "));
    EXPECT_EQ(code, 0);
}

// A key that --help leaves out is found by nobody. The worker itself lists those that it knows.
TEST_F(CommandLine, HelpListsEveryKeyOfTheConfiguration) {
    const std::string help = worker({"--help"});
    EXPECT_EQ(code, 0);
    EXPECT_NE(help.find("HIL_DATABASE_URL"), std::string::npos);
    const std::string known = worker({"check", "-c", file("odd.yaml", "oddity: 1\n"), support_workflow});
    EXPECT_EQ(code, 1);
    const std::string mark = "known here: ";
    ASSERT_NE(known.find(mark), std::string::npos) << known;
    std::istringstream keys(known.substr(known.find(mark) + mark.size()));
    int count = 0;
    for (std::string key; keys >> key; ++count) {
        if (key.ends_with(',')) key.pop_back();
        EXPECT_NE(help.find("\n  " + key + " "), std::string::npos) << key << " is not in\n" << help;
    }
    EXPECT_GE(count, 20) << known;
}

TEST_F(CommandLine, WhatItDoesNotKnowIsNamed) {
    const auto says = [&](const std::vector<std::string>& arguments, const std::string& expected) {
        const std::string output = worker(arguments);
        EXPECT_EQ(code, 2);
        EXPECT_TRUE(output.starts_with(expected)) << output;
    };
    const std::string commands = "; there are load, check, run, graph, chat, desk";
    says({"chekc", "file"}, "hil-worker: there is no command \"chekc\"" + commands +
                                "; did you mean check?\nRun `hil-worker --help`");
    says({"dance"}, "hil-worker: there is no command \"dance\"" + commands + "\n");
    says({}, "hil-worker: a command is missing" + commands + "\n");
    says({"run", "--confg", "x"}, "hil-worker run: there is no option \"--confg\"; did you mean --config?\n");
    says({"check"}, "hil-worker check: FILE is required\nRun `hil-worker check --help`");
    says({"check", "a", "b"}, "hil-worker check: the argument \"b\" is one too many\n");
}

TEST_F(CommandLine, TheConfigurationIsTakenBeforeAndAfterTheCommand) {
    const std::string odd = file("odd.yaml", "oddity: 1\n");
    worker({"-c", odd, "check", support_workflow});
    EXPECT_EQ(code, 1);
    worker({"check", support_workflow, "--config=" + odd});
    EXPECT_EQ(code, 1);
}

TEST_F(CommandLine, LoadCountsRevisions) {
    EXPECT_TRUE(worker({"load", support_workflow}).ends_with("customer_support_hil revision 1\n"));
    EXPECT_TRUE(worker({"load", support_workflow}).ends_with("customer_support_hil revision 2\n"));
    EXPECT_EQ(code, 0);
    EXPECT_EQ(sql().one("SELECT string_agg(revision::text, ' ') FROM hil.workflows WHERE active"), "2");
}

TEST_F(CommandLine, MistakesAreToldAllAtOnceAndNothingIsStored) {
    const std::string bad = file("bad.yaml", R"(name: bad
workflow:
  nodes:
    - {id: a, agent: reasoning_support_agent, config: {model_profile: enormous}}
    - {id: FINISH, type: sink, action: finish_conversation}
  edges:
    - {from: a, to: FINISH, condition: {type: jmespath, expression: "output.["}}
    - {from: a, to: nowhere}
)");
    for (const char* command : {"check", "load"}) {
        const std::string output = worker({command, bad});
        EXPECT_EQ(code, 1);
        for (const char* line : {":4:", ":7:", ":8:"})
            EXPECT_NE(output.find(bad + line), std::string::npos) << "line " << line << " is not in\n"
                                                                  << output;
    }
    EXPECT_EQ(sql().number("SELECT count(*) FROM hil.workflows"), 0);
}

TEST_F(CommandLine, AFileThatCannotBeReadIsNamedWithTheReason) {
    EXPECT_EQ(worker({"check", "/no/such/file"}),
              "hil-worker: the workflow /no/such/file cannot be read: No such file or directory\n");
    EXPECT_EQ(worker({"check", "/"}), "hil-worker: the workflow / cannot be read: Is a directory\n");
    EXPECT_EQ(worker({"check", "-c", "/no/such/config", support_workflow}),
              "hil-worker: the configuration /no/such/config cannot be read: No such file or directory\n");
    EXPECT_EQ(worker({"check", "-c", file("rules.yaml", "rules: /no/such/rules\n"), support_workflow}),
              "hil-worker: the file of `rules` /no/such/rules cannot be read: No such file or directory\n");
    EXPECT_EQ(code, 2);
}

// Lines of the configuration are not shown: the database's password can stand there.
TEST_F(CommandLine, TheLineOfAMistakeIsShown) {
    const std::string bad = file("bad.yaml", "name: w\nworkflow: [\n");
    EXPECT_NE(worker({"check", bad}).find("\n  3 | "), 0U);
    const std::string wrong = file("wrong.yaml", "nmae: w\nworkflow: {nodes: [], edges: []}\n");
    EXPECT_NE(worker({"check", wrong})
                  .find(":1:1: error: unknown key \"nmae\"; known here are name, version, "
                        "description, hil_config, workflow; did you mean name?\n"
                        "  1 | nmae: w\n    | ^\n"),
              std::string::npos);
    const std::string secret = file("c.yaml", "databse_url: postgresql://u:hunter2@h/d\n");
    const std::string output = worker({"check", "-c", secret, support_workflow});
    EXPECT_NE(output.find("did you mean database_url?"), std::string::npos) << output;
    EXPECT_EQ(output.find("hunter2"), std::string::npos) << output;
}

TEST_F(CommandLine, GraphDrawsEveryNode) {
    for (const char* format : {"mermaid", "dot"}) {
        const std::string drawing = worker({"graph", "--format", format, support_workflow});
        EXPECT_EQ(code, 0);
        for (const char* node : {"classify_intent", "check_confidence", "handle_with_ai", "evaluate_result",
                                 "FINISH", "HANDOVER"})
            EXPECT_NE(drawing.find(node), std::string::npos)
                << node << " is not in the " << format << " drawing";
    }
}

TEST_F(CommandLine, ADatabaseWithoutTheExtensionIsSaidSo) {
    sql().query("DROP EXTENSION hil");
    for (const std::vector<std::string>& command : {std::vector<std::string>{"load", support_workflow},
                                                    {"chat"},
                                                    {"desk", "--agent", "a@example.com"}}) {
        const std::string output = worker(command);
        EXPECT_EQ(code, 2);
        EXPECT_NE(output.find("The extension hil is missing in the database \"" + database() + "\""),
                  std::string::npos)
            << output;
        EXPECT_NE(output.find("CREATE EXTENSION hil"), std::string::npos) << output;
    }
    sql().query("CREATE EXTENSION hil");
}

}  // namespace
}  // namespace hil::test
