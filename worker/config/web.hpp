// What tools and providers on the web have in common in the configuration.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/reader.hpp"
#include "http/address_policy.hpp"

namespace hil::worker {

// The value of `allow_private`: true (any address), false (only what everybody can reach), or a list of
// networks that may be reached besides.
Reader::Take addresses(Reader& reader, std::shared_ptr<const AddressPolicy>& into);

// A URL, see url_problem. Where `has_arguments`, {name} in it stands for something else.
Reader::Take web_url(Reader& reader, std::string& into, bool has_arguments = false);

// Texts by name; those of headers and query parameters can hold ${VARIABLE}.
using WebTexts = std::map<std::string, std::string>;

// Headers, save those that hil writes itself.
Reader::Take web_headers(Reader& reader, WebTexts& into);
Reader::Take web_query(Reader& reader, WebTexts& into);

// The texts with their variables. Names of variables that are not set are added to `missing`.
WebTexts with_secrets(const WebTexts& texts, std::vector<std::string>& missing);

// Whether it can be the name of a header.
bool is_header_name(const std::string& text);

}  // namespace hil::worker
