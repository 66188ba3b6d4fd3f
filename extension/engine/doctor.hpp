// The doctor: looks whether the tables keep every promise, and whether somebody does the work.
#pragma once

#include "pg/statement.hpp"

namespace hil::engine {

// The rows of hil_doctor: check_name, ok, detail, hint. hint is NULL where ok.
pg::Rows examine();

}  // namespace hil::engine
