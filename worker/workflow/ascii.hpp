// Characters as the languages of a workflow class them, in any locale.
#pragma once

namespace hil::worker {

// What JMESPath and Jinja skip between words; a vertical tab is none of it.
inline bool is_gap(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool starts_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
inline bool continues_name(char c) { return starts_name(c) || is_digit(c); }

}  // namespace hil::worker
