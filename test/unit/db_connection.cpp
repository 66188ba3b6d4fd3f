// Which connection strings are tried at all.
#include <gtest/gtest.h>

#include "db/connection_string.hpp"

namespace hil::worker {
namespace {

void expect_problem(const std::string& url) {
    const auto problem = connection_string_problem(url);
    ASSERT_TRUE(problem) << url;
    EXPECT_NE(problem->find("expected postgresql://user@host/database"), std::string::npos) << *problem;
    EXPECT_EQ(problem->find("ter2"), std::string::npos) << "a part of the password: " << *problem;
}

TEST(ConnectionString, GoodOnesAreTaken) {
    for (const char* url :
         {"", "support", "postgresql:///support", "postgres://u@h1:5432,h2:5433/db?target_session_attrs=any",
          "postgresql://u:a%40b%2Fc@[::1]/db", "postgresql://u:a?b@h/db", "postgresql:///db?host=@abstract",
          "postgresql://%2Fvar%2Frun/db", "host=/tmp password='a b@c/d' dbname=x"})
        EXPECT_EQ(connection_string_problem(url), std::nullopt) << url;
}

TEST(ConnectionString, BrokenOnesAreRefused) {
    for (const char* url : {"postgresql://u:p%ssword@h/db", "postgresql://u:hunter2@[::1/db",
                            "password=foo hunter2", "postgresql://h/db?passwrd=hunter2"})
        expect_problem(url);
}

// libpq reads them, but takes a piece of the password for a port, a host or a database, and says so.
TEST(ConnectionString, PasswordsThatEndTooEarlyAreRefused) {
    for (const char* url : {"postgresql://u:hun/ter2@h/db", "postgresql://u:hun@ter2@h/db",
                            "postgresql://u:12/ter2@h/db", "postgresql://u:a@b/c@h/db"})
        expect_problem(url);
}

TEST(ConnectionString, IsShownWithoutItsPassword) {
    EXPECT_EQ(without_password("http://u:p@h:5432/db?password=q"), "http://u:[hidden]@h:5432/db");
    EXPECT_EQ(without_password("http://u@h/db"), "http://u@h/db");
    EXPECT_EQ(without_password("http://h:5432/db?password=q"), "http://h:5432/db");
    EXPECT_EQ(without_password("u:p@h/db"), "u:[hidden]@h/db");
    EXPECT_EQ(without_password("http://u:p@q@h/db"), "http://u:[hidden]@h/db");
    // Where it ends cannot be told.
    EXPECT_EQ(without_password("http://u:p?q@h/db"), "http://u:[hidden]");
    EXPECT_EQ(without_password("http://h/db?password=p@q"), "http://h/db");
    EXPECT_EQ(without_password("http://u:pass"), "http://u:[hidden]");
}

TEST(ConnectionString, WhatWasMeantAsAnAddressIsNoName) {
    for (const char* url :
         {"http://u:hunter2@h/db?x=1", "jdbc:postgresql://h/db?password=hunter2", "u:hunter2@h/db",
          "postgresql:/u:hun/ter2@h/db", "localhost:5432/db", "https://u:hun?ter2@h/db", "mysql://h/db"})
        expect_problem(url);
    EXPECT_TRUE(connection_string_problem("http://ann:hunter2@db.example.com/support?ssl=1")
                    ->starts_with("is \"http://ann:[hidden]@db.example.com/support\", which is no database's "
                                  "URL; expected postgresql://"));
    EXPECT_TRUE(connection_string_problem("localhost/support")
                    ->starts_with("is \"localhost/support\", which does not begin with postgresql://;"));
}

}  // namespace
}  // namespace hil::worker
