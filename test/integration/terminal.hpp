// Both terminals, typed into through pipes.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "fixture.hpp"
#include "patience.hpp"

namespace hil::test {

// `hil-worker chat` or `desk`, with somebody who types.
class Terminal {
  public:
    Terminal(const std::string& pipe, const std::string& database, const std::string& role,
             std::vector<std::string> arguments)
        : Terminal(pipe, database, role, std::move(arguments), made(pipe)) {}

    ~Terminal() { close(input_); }
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    void type(const std::string& line) const {
        const std::string text = line + "\n";
        if (write(input_, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
            throw std::runtime_error("the terminal takes no more");
    }

    testing::AssertionResult shows(const std::string& text) const {
        if (within_patience([&] { return process_.output().find(text) != std::string::npos; }))
            return testing::AssertionSuccess();
        return testing::AssertionFailure() << text << " is not shown, but\n" << process_.output();
    }

    Process& process() { return process_; }
    std::string output() const { return process_.output(); }

  private:
    static int made(const std::string& pipe) {
        if (mkfifo(pipe.c_str(), 0600) != 0) throw std::runtime_error(pipe + " cannot be made");
        return 0;
    }

    static std::vector<std::string> command(const std::string& pipe, std::vector<std::string> arguments) {
        // The shell opens the pipe; opening waits for the other end.
        std::vector<std::string> words = {"sh", "-c", "pipe=$1; shift; exec \"$@\" < \"$pipe\"",
                                          "sh", pipe, worker_program};
        words.insert(words.end(), arguments.begin(), arguments.end());
        return words;
    }

    Terminal(const std::string& pipe, const std::string& database, const std::string& role,
             std::vector<std::string> arguments, int /*made*/)
        : process_(command(pipe, std::move(arguments)),
                   {{"HIL_DATABASE_URL", "postgresql:///" + database}, {"PGUSER", role}}, pipe + ".shown"),
          input_(open(pipe.c_str(), O_WRONLY | O_CLOEXEC)) {}

    Process process_;
    int input_;
};

class ChatDesk : public LiveTest {
  protected:
    std::unique_ptr<Terminal> chat(std::vector<std::string> options = {},
                                   const std::string& role = "postgres") {
        options.insert(options.begin(), "chat");
        return open(std::move(options), role);
    }

    std::unique_ptr<Terminal> desk(const std::string& email) {
        return open({"desk", "--agent", email}, "postgres");
    }

    std::string offline_agent(const std::string& name, const std::string& skills) {
        return sql().one("SELECT hil_add_agent($1::text, $1::text || '@example.com', $2::text[])",
                         {name, skills});
    }

    // How many messages human agents wrote in it.
    std::string replies_in(const std::string& conversation) {
        return sql().one(
            "SELECT count(*) FROM hil.messages WHERE conversation_id = $1 AND sender_type = 'agent'",
            {conversation});
    }

    std::string only_conversation() { return sql().one("SELECT id FROM hil.conversations"); }

  private:
    std::unique_ptr<Terminal> open(std::vector<std::string> arguments, const std::string& role) {
        const std::string pipe = file("terminal-" + std::to_string(++count_), "");
        unlink(pipe.c_str());
        return std::make_unique<Terminal>(pipe, database(), role, std::move(arguments));
    }

    int count_ = 0;
};

}  // namespace hil::test
