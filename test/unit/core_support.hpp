// What the tests of core share.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "core/refusal.hpp"

namespace hil {

// Runs `f` and returns the refusal that it throws. A test fails where it throws none, or one without words.
template <typename F>
Refusal refusal_of(F f) {
    try {
        f();
    } catch (const Refusal& refusal) {
        EXPECT_NE(std::string(refusal.what()), "");
        EXPECT_NE(refusal.hint(), "");
        return refusal;
    }
    ADD_FAILURE() << "nothing was refused";
    return Refusal(Reason::not_allowed, "", "");
}

inline ::testing::AssertionResult says(const std::string& text, const std::string& part) {
    if (text.find(part) != std::string::npos) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << '"' << text << "\" does not say \"" << part << '"';
}

}  // namespace hil
