// What a node's model is told where the workflow says nothing.
#include <gtest/gtest.h>

#include "workflow/prompt.hpp"

namespace hil::worker {
namespace {

Json message(const std::string& sender, const std::string& content, bool unanswered = false) {
    return {{"sender_type", sender}, {"content", content}, {"unanswered", unanswered}};
}

TEST(DefaultPrompt, EachMessageIsThereOnce) {
    EXPECT_EQ(default_prompt({{"memory_context", ""},
                              {"messages", {message("user", "Where is it?", true)}},
                              {"customer_message", "Where is it?"}}),
              "What the customer writes now:\nWhere is it?");
    // Written while the AI was at work on what came before.
    EXPECT_EQ(default_prompt({{"memory_context", "Episode ended: resolved"},
                              {"messages",
                               {message("user", "Number 18."), message("user", "No, 19!", true),
                                message("ai", "18 is on its way.")}},
                              {"customer_message", "No, 19!"}}),
              "Earlier conversations with this customer:\nEpisode ended: resolved\n\n"
              "The conversation so far:\ncustomer: Number 18.\nai: 18 is on its way.\n\n"
              "What the customer writes now:\nNo, 19!");
}

TEST(DefaultPrompt, WhatIsAnsweredIsHistory) {
    // A human agent gave the conversation back, and nobody has written since.
    EXPECT_EQ(default_prompt({{"memory_context", ""},
                              {"messages", {message("user", "Hello"), message("agent", "One moment.")}},
                              {"customer_message", ""}}),
              "The conversation so far:\ncustomer: Hello\nagent: One moment.");
}

}  // namespace
}  // namespace hil::worker
