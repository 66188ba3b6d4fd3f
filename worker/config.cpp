#include "config.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <sstream>

#include "core/text.hpp"
#include "workflow/schema.hpp"
#include "workflow/yaml.hpp"

namespace hil::worker {
namespace {

constexpr std::array log_levels = {"trace", "debug", "info", "warn", "error", "critical", "off"};
constexpr std::array providers = {"rules"};

template <typename Names>
std::string listed(const Names& names) {
    std::string list;
    for (const auto& name : names) list += (list.empty() ? "" : ", ") + std::string(name);
    return list;
}

// Where the reader stands in the document, and what it makes of it.
class Reader {
  public:
    // How the value of a key is taken; the string is the value's JSON pointer.
    using Take = std::function<void(const Json&, const std::string&)>;
    using Keys = std::map<std::string, Take>;

    Reader(const Places& places, std::vector<Mistake>& errors) : places_(places), errors_(errors) {}

    void object(const Json& value, const std::string& pointer, const Keys& keys) {
        if (!is_object(value, pointer)) return;
        for (const auto& [key, member] : value.items()) {
            const std::string at = pointer_to(pointer, key);
            if (const auto known = keys.find(key); known != keys.end()) {
                known->second(member, at);
            } else {
                std::vector<std::string> names;
                for (const auto& entry : keys) names.push_back(entry.first);
                add(places_.key(at), "unknown key \"" + key + "\"; known here: " + listed(names));
            }
        }
    }

    // An object whose keys are names of the user's choice.
    void named(const Json& value, const std::string& pointer,
               const std::function<void(const std::string&, const Json&, const std::string&)>& take) {
        if (!is_object(value, pointer)) return;
        for (const auto& [name, member] : value.items()) take(name, member, pointer_to(pointer, name));
    }

    Take text(std::string& into, std::size_t max_bytes = std::string::npos) {
        return [this, &into, max_bytes](const Json& value, const std::string& pointer) {
            if (!value.is_string() || is_blank(value.get_ref<const std::string&>())) {
                expected("a text that is not empty", value, pointer);
            } else if (value.get_ref<const std::string&>().size() > max_bytes) {
                expected("a text of at most " + std::to_string(max_bytes) + " bytes", value, pointer);
            } else {
                into = value.get<std::string>();
            }
        };
    }

    template <std::size_t N>
    Take one_of(std::string& into, const std::array<const char*, N>& names) {
        return [this, &into, &names](const Json& value, const std::string& pointer) {
            const std::string given = value.is_string() ? value.get<std::string>() : value.dump();
            if (std::find(names.begin(), names.end(), given) != names.end()) {
                into = given;
            } else {
                add(places_.value(pointer), "expected one of " + listed(names) + ", got " + given);
            }
        };
    }

    Take integer(int& into, int least, int most) {
        return [=, this, &into](const Json& value, const std::string& pointer) {
            if (value.is_number_integer() && value >= least && value <= most) {
                into = value.get<int>();
            } else {
                expected("an integer from " + std::to_string(least) + " to " + std::to_string(most), value,
                         pointer);
            }
        };
    }

    Take seconds(std::chrono::milliseconds& into, double least) {
        return [this, &into, least](const Json& value, const std::string& pointer) {
            if (value.is_number() && value >= least && value <= 86400) {
                into = std::chrono::round<std::chrono::milliseconds>(
                    std::chrono::duration<double>(value.get<double>()));
            } else {
                expected("a number of seconds from " + number_text(least) + " to 86400", value, pointer);
            }
        };
    }

    Take json_object(Json& into) {
        return [this, &into](const Json& value, const std::string& pointer) {
            if (is_object(value, pointer)) into = value;
        };
    }

    Take output_schema(Json& into) {
        return [this, &into](const Json& value, const std::string& pointer) {
            if (!is_object(value, pointer)) return;
            try {
                const OutputSchema checked(value);
                into = value;
            } catch (const SchemaError& error) {
                add(places_.value(pointer + error.pointer()), error.what());
            }
        };
    }

  private:
    bool is_object(const Json& value, const std::string& pointer) {
        if (!value.is_object()) expected("keys with values", value, pointer);
        return value.is_object();
    }

    // A text can be a secret, so it is not repeated.
    void expected(const std::string& what, const Json& value, const std::string& pointer) {
        std::string got = value.dump();
        if (value.is_string())
            got = is_blank(value.get_ref<const std::string&>()) ? "an empty text" : "a text";
        if (value.is_array()) got = "a list";
        if (value.is_object()) got = "keys with values";
        add(places_.value(pointer), "expected " + what + ", got " + got);
    }

    void add(Place place, std::string message) {
        errors_.push_back({place.line, place.column, std::move(message)});
    }

    const Places& places_;
    std::vector<Mistake>& errors_;
};

std::string host_name() {
    std::array<char, 256> name{};
    return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "worker";
}

// A file in which every line is a comment or blank asks for the defaults.
bool says_nothing(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        const std::size_t start = line.find_first_not_of(" \t\r");
        if (start != std::string::npos && line[start] != '#') return false;
    }
    return true;
}

// What the file leaves out of a preset or profile stays as it was built in.
void read_catalogue(Reader& reader, Reader::Keys& keys, Catalogue& catalogue) {
    keys["agents"] = [&](const Json& value, const std::string& pointer) {
        reader.named(value, pointer, [&](const std::string& name, const Json& preset, const std::string& at) {
            AgentPreset& agent = catalogue.agents[name];
            reader.object(preset, at,
                          {{"system_prompt", reader.text(agent.system_prompt)},
                           {"output_schema", reader.output_schema(agent.output_schema)}});
        });
    };
    keys["model_profiles"] = [&](const Json& value, const std::string& pointer) {
        reader.named(value, pointer, [&](const std::string& name, const Json& given, const std::string& at) {
            ModelProfile& profile = catalogue.model_profiles[name];
            reader.object(given, at,
                          {{"provider", reader.one_of(profile.provider, providers)},
                           {"model", reader.text(profile.model)},
                           {"options", reader.json_object(profile.options)}});
        });
    };
}

}  // namespace

ConfigResult read_config(const std::string& text, const std::filesystem::path& folder) {
    Config config;
    config.worker = host_name();
    if (says_nothing(text)) return {std::move(config), {}};

    YamlResult yaml = read_yaml(text);
    ConfigResult result{std::nullopt, std::move(yaml.errors)};
    std::string rules;
    if (yaml.value) {
        Reader reader(yaml.places, result.errors);
        Reader::Keys keys = {{"database_url", reader.text(config.database_url)},
                             {"worker", reader.text(config.worker, max_worker_bytes)},
                             {"concurrency", reader.integer(config.concurrency, 1, 1000)},
                             {"lease_seconds", reader.seconds(config.lease, 1)},
                             {"tick_seconds", reader.seconds(config.tick, 0.1)},
                             {"poll_seconds", reader.seconds(config.poll, 0.1)},
                             {"drain_seconds", reader.seconds(config.drain, 0.1)},
                             {"rules", reader.text(rules)},
                             {"log_level", reader.one_of(config.log_level, log_levels)}};
        read_catalogue(reader, keys, config.catalogue);
        reader.object(*yaml.value, "", keys);
    }
    std::sort(result.errors.begin(), result.errors.end());
    if (!rules.empty()) config.rules = folder / rules;
    if (result.errors.empty()) result.config = std::move(config);
    return result;
}

}  // namespace hil::worker
