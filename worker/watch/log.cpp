#include "watch/log.hpp"

#include <spdlog/formatter.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <ctime>
#include <memory>
#include <nlohmann/json.hpp>

#include "config/secrets.hpp"

namespace hil::worker {
namespace {

// What the line that is being written says besides its text; the log is written in the thread that logs.
struct Fields {
    const char* event;
    const About& about;
};
thread_local const Fields* fields = nullptr;

std::string_view view(const spdlog::string_view_t& text) { return {text.data(), text.size()}; }

// As spdlog writes it, but for the secrets.
class TextFormatter : public spdlog::formatter {
  public:
    void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& into) override {
        std::string text = fields != nullptr ? whose(fields->about) : "";
        text = redact(text.append(view(message.payload)));
        spdlog::details::log_msg clean = message;
        clean.payload = text;
        pattern_.format(clean, into);
        // Where the colours go.
        message.color_range_start = clean.color_range_start;
        message.color_range_end = clean.color_range_end;
    }
    std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<TextFormatter>(); }

  private:
    static std::string whose(const About& about) {
        std::string text;
        const auto add = [&](const char* what, const auto& value) {
            text += fmt::format("{}{} {}", text.empty() ? "" : " ", what, value);
        };
        if (about.run != 0) add("run", about.run);
        if (about.attempt != 0) add("attempt", about.attempt);
        if (!about.conversation.empty()) add("conversation", about.conversation);
        if (!about.node.empty()) add("node", about.node);
        return text.empty() ? text : text + ": ";
    }

    spdlog::pattern_formatter pattern_;
};

class JsonFormatter : public spdlog::formatter {
  public:
    void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& into) override {
        const auto level = spdlog::level::to_string_view(message.level);
        nlohmann::ordered_json line = {{"at", time(message.time)}, {"level", view(level)}};
        if (fields != nullptr) {
            const About& about = fields->about;
            line["event"] = fields->event;
            if (about.run != 0) line["run"] = about.run;
            if (about.attempt != 0) line["attempt"] = about.attempt;
            if (!about.conversation.empty()) line["conversation"] = about.conversation;
            if (!about.node.empty()) line["node"] = about.node;
        }
        line["message"] = redact(std::string(view(message.payload)));
        const std::string text =
            line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
        into.append(text.data(), text.data() + text.size());
    }
    std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<JsonFormatter>(); }

  private:
    static std::string time(spdlog::log_clock::time_point at) {
        const auto since = at.time_since_epoch();
        const std::time_t whole = std::chrono::duration_cast<std::chrono::seconds>(since).count();
        const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(since).count() % 1000;
        std::tm utc{};
        gmtime_r(&whole, &utc);
        return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1,
                           utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, millis);
    }
};

}  // namespace

void open_log(const std::string& level, bool json) {
    const auto logger = spdlog::stderr_color_mt("hil-worker");
    if (json) {
        logger->set_formatter(std::make_unique<JsonFormatter>());
    } else {
        logger->set_formatter(std::make_unique<TextFormatter>());
    }
    spdlog::set_default_logger(logger);
    spdlog::set_level(spdlog::level::from_str(level));
}

void note(spdlog::level::level_enum level, const char* event, const std::string& message,
          const About& about) {
    const Fields written{event, about};
    fields = &written;
    spdlog::log(level, message);
    fields = nullptr;
}

}  // namespace hil::worker
