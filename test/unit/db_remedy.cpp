// What is said of a database that was not set up for hil.
#include <gtest/gtest.h>

#include "db/remedy.hpp"

namespace hil::worker {
namespace {

std::string of_role(const std::string& role, const std::string& function) {
    return remedy("42501", "permission denied for function " + function, "support", role);
}

TEST(Remedy, AMissingFunctionOfHilsIsAMissingExtension) {
    const std::string text = remedy("42883", "function hil_tick() does not exist", "support", "hil_worker");
    EXPECT_TRUE(
        text.starts_with("The extension hil is missing in the database \"support\": a superuser creates "
                         "it there with CREATE EXTENSION hil."))
        << text;
    EXPECT_EQ(remedy("42883", "function shop.refund(jsonb, jsonb) does not exist", "support", "u"), "");
    EXPECT_EQ(remedy("42883", "function my_hil_tick() does not exist", "support", "u"), "");
}

TEST(Remedy, AMissingPrivilegeNamesTheRoleAndItsProfile) {
    const std::string start = "The role \"front\" lacks a profile; whoever administers hil gives it: SELECT ";
    EXPECT_EQ(of_role("front", "hil_claim_runs"), start + "hil_grant('front', 'worker')");
    EXPECT_EQ(of_role("front", "hil_find_agent"), start + "hil_grant('front', 'agent')");
    EXPECT_EQ(of_role("front", "hil_create_conversation"), start + "hil_grant('front', 'app')");
    EXPECT_EQ(of_role("front", "hil_run_steps"), start + "hil_grant('front', 'reader')");
    EXPECT_NE(of_role("O'Brien \"x\"", "hil_tick").find("hil_grant('\"O''Brien \"\"x\"\"\"', 'worker')"),
              std::string::npos)
        << of_role("O'Brien \"x\"", "hil_tick");
    EXPECT_EQ(remedy("42501", "the conversation is another agent's", "support", "front"), "");
    EXPECT_EQ(remedy("42501", "permission denied for function refund", "support", "front"), "");
}

// Whoever writes an SQL tool has names of their own.
TEST(Remedy, WhatOnlyBeginsLikeAFunctionOfHilsIsNone) {
    for (const char* message :
         {"permission denied for table hil_orders", "permission denied for function hil_refund",
          "permission denied for function hil_tick2", "permission denied for function hil_tick_all"})
        EXPECT_EQ(remedy("42501", message, "support", "front"), "") << message;
    EXPECT_EQ(remedy("42883", "function hil_refund(jsonb, jsonb) does not exist", "support", "front"), "");
}

TEST(Remedy, AWorkersReportsNeedItsProfile) {
    for (const char* function : {"hil_record_calls", "hil_record_step", "hil_complete_run"})
        EXPECT_NE(of_role("front", function).find("hil_grant('front', 'worker')"), std::string::npos)
            << of_role("front", function);
}

TEST(Remedy, OtherErrorsAreLeftAlone) {
    EXPECT_EQ(remedy("22023", "hil_tick takes nothing", "support", "front"), "");
}

}  // namespace
}  // namespace hil::worker
