#include "http/body_pieces.hpp"

#include <asio/post.hpp>
#include <utility>

namespace hil::worker {

BodyPieces::BodyPieces(asio::any_io_executor caller, std::function<bool(std::string_view)> take)
    : caller_(std::move(caller)), take_(std::move(take)) {}

void BodyPieces::add(std::string_view bytes) {
    if (bytes.empty()) return;
    const std::lock_guard lock(mutex_);
    const bool is_posted = !waiting_.empty();
    waiting_ += bytes;
    if (!is_posted) asio::post(caller_, [self = shared_from_this()] { self->pass_on(); });
}

void BodyPieces::pass_on() {
    std::string bytes;
    {
        const std::lock_guard lock(mutex_);
        bytes.swap(waiting_);
    }
    if (has_enough_ || take_(bytes)) return;
    has_enough_ = true;
    done_();
}

}  // namespace hil::worker
