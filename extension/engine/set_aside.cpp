#include "engine/set_aside.hpp"

namespace hil::engine {
namespace {

const std::set<pg::Uuid>* aside = nullptr;
std::optional<pg::Uuid> taken_up;

}  // namespace

SettingAside::SettingAside(const std::set<pg::Uuid>& conversations) {
    aside = &conversations;
    taken_up.reset();
}

SettingAside::~SettingAside() { aside = nullptr; }

bool take_up(const pg::Uuid& conversation) {
    if (aside != nullptr && aside->contains(conversation)) return false;
    taken_up = conversation;
    return true;
}

void put_down() { taken_up.reset(); }

const std::optional<pg::Uuid>& at_hand() { return taken_up; }

}  // namespace hil::engine
