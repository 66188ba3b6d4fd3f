// The command line of hil-worker, as its users meet it.
#include <gtest/gtest.h>

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
    for (const char* command : {"load", "check", "run", "graph"}) {
        EXPECT_NE(worker({command, "--help"}).find(command), std::string::npos);
        EXPECT_EQ(code, 0) << command;
    }
    EXPECT_NE(worker({"--help"}).find("HIL_DATABASE_URL"), std::string::npos);
    EXPECT_EQ(code, 0);
    worker({"dance"});
    EXPECT_EQ(code, 2);
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
    const std::string output = worker({"load", support_workflow});
    EXPECT_EQ(code, 2);
    EXPECT_NE(output.find("hil_load_workflow"), std::string::npos) << output;
    sql().query("CREATE EXTENSION hil");
}

}  // namespace
}  // namespace hil::test
