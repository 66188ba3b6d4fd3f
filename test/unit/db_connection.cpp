// Which connection strings are tried at all.
#include <gtest/gtest.h>

#include "db/connection.hpp"

namespace hil::worker {
namespace {

TEST(ConnectionString, GoodOnesAreTaken) {
    for (const char* url :
         {"", "support", "postgresql:///support", "postgres://u@h1:5432,h2:5433/db?target_session_attrs=any",
          "postgresql://u:a%40b%2Fc@[::1]/db", "postgresql://u:a?b@h/db", "postgresql:///db?host=@abstract",
          "postgresql://%2Fvar%2Frun/db", "host=/tmp password='a b@c/d' dbname=x"})
        EXPECT_TRUE(is_connection_string(url)) << url;
}

TEST(ConnectionString, BrokenOnesAreRefused) {
    for (const char* url : {"postgresql://u:p%ssword@h/db", "postgresql://u:hunter2@[::1/db",
                            "password=foo hunter2", "postgresql://h/db?passwrd=hunter2"})
        EXPECT_FALSE(is_connection_string(url)) << url;
}

// libpq reads them, but takes a piece of the password for a port, a host or a database, and says so.
TEST(ConnectionString, PasswordsThatEndTooEarlyAreRefused) {
    for (const char* url : {"postgresql://u:hun/ter2@h/db", "postgresql://u:hun@ter2@h/db",
                            "postgresql://u:12/ter2@h/db", "postgresql://u:a@b/c@h/db"})
        EXPECT_FALSE(is_connection_string(url)) << url;
}

}  // namespace
}  // namespace hil::worker
