// Reads the values of a configuration file and notes every mistake with its place.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/json.hpp"
#include "workflow/mistake.hpp"
#include "workflow/yaml.hpp"

namespace hil::worker {

// The names, as "a, b, c".
std::string listed(const std::vector<std::string>& names);

// A text can be a secret, so no message repeats one that was not expected.
class Reader {
  public:
    // How the value of a key is taken; the string is the value's JSON pointer. What a Take puts something
    // into outlives it.
    using Take = std::function<void(const Json&, const std::string&)>;
    using Keys = std::map<std::string, Take>;

    Reader(const Places& places, std::vector<Mistake>& errors) : places_(places), errors_(errors) {}

    // An object of which these keys are known.
    void object(const Json& value, const std::string& pointer, const Keys& keys);

    // An object whose keys are names of the user's choice.
    void named(const Json& value, const std::string& pointer,
               const std::function<void(const std::string&, const Json&, const std::string&)>& take);

    Take text(std::string& into, std::size_t max_bytes = std::string::npos);
    Take texts(std::vector<std::string>& into);
    Take one_of(std::string& into, std::vector<std::string> names);
    Take boolean(bool& into);
    Take integer(int& into, int least, int most);
    Take number(double& into, double least, double most);
    Take seconds(std::chrono::milliseconds& into, double least, double most = 86400);
    Take json_object(Json& into);
    Take output_schema(Json& into);

    // Notes that the value is not what was expected; the value is told unless it is a text.
    void expected(const std::string& what, const Json& value, const std::string& pointer);
    // Notes a mistake at the value, or at its key.
    void mistake(const std::string& pointer, const std::string& message);
    void mistake_at_key(const std::string& pointer, const std::string& message);

  private:
    bool is_object(const Json& value, const std::string& pointer);
    void add(Place place, const std::string& message);

    const Places& places_;
    std::vector<Mistake>& errors_;
};

}  // namespace hil::worker
