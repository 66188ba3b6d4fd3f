// Conversations with which a duty failed. They are left out for a while, so that one that cannot be dealt
// with does not keep the others from being.
#pragma once

#include <optional>
#include <set>

#include "pg/values.hpp"

namespace hil::engine {

// While it lives, take_up refuses these conversations.
class SettingAside {
  public:
    explicit SettingAside(const std::set<pg::Uuid>& conversations);
    ~SettingAside();
    SettingAside(const SettingAside&) = delete;
    SettingAside& operator=(const SettingAside&) = delete;
};

// Said by a duty before it deals with a conversation: false where that one is to be left out.
bool take_up(const pg::Uuid& conversation);

// Said where no single conversation can be blamed for what comes.
void put_down();

// The conversation that was taken up last: where a duty failed, the one with which it did.
const std::optional<pg::Uuid>& at_hand();

}  // namespace hil::engine
