#include "config/providers.hpp"

namespace hil::worker {

void add_provider_keys(Reader& reader, Reader::Keys& keys, Catalogue& catalogue) {
    keys["model_profiles"] = [&](const Json& value, const std::string& pointer) {
        reader.named(value, pointer, [&](const std::string& name, const Json& given, const std::string& at) {
            ModelProfile& profile = catalogue.model_profiles[name];
            reader.object(given, at,
                          {{"provider", reader.one_of(profile.provider, {"rules"})},
                           {"model", reader.text(profile.model)},
                           {"options", reader.json_object(profile.options)}});
        });
    };
}

}  // namespace hil::worker
