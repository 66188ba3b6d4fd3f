#include "workflow/yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <string_view>
#include <utility>

#include "core/text.hpp"
#include "workflow/yaml_advice.hpp"
#include "workflow/yaml_scalar.hpp"

namespace hil::worker {
namespace {

// Ends the reading of a document that is beyond a limit.
struct TooMuch {
    Mistake mistake;
};

Place place_of(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

Mistake mistake_at(Place place, std::string message) {
    return {place.line, place.column, std::move(message)};
}

// A copy of an anchored value that aliases may repeat.
struct Anchored {
    Json value;
    std::size_t weight = 0;  // what the value costs of the limit on expansion, in bytes
};

// Builds the JSON value out of yaml-cpp's events. Events, not YAML::Node: they carry the place of each key,
// show duplicate keys, and leave the expansion of aliases to us.
class Builder : public YAML::EventHandler {
  public:
    Builder(Places& places, std::vector<Mistake>& errors) : places_(places), errors_(errors) {}

    void OnDocumentStart(const YAML::Mark& mark) override { start_ = place_of(mark); }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        if (expects_key()) return take_key(place_of(mark), std::nullopt);
        put(place_of(mark), nullptr, anchor, 1);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const Place place = place_of(mark);
        if (expects_key()) return take_key(place, std::nullopt);
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end()) {
            errors_.push_back(mistake_at(place, "this alias stands inside the value that it names"));
            return put(place, nullptr, 0, 1);
        }
        put(place, found->second.value, 0, found->second.weight);
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& text) override {
        const Place place = place_of(mark);
        if (text.find('\0') != std::string::npos)
            errors_.push_back(mistake_at(place, "the character U+0000, which no text may hold"));
        if (expects_key()) {
            if (tag != "" && tag != "?" && tag != "!" && tag != "tag:yaml.org,2002:str")
                errors_.push_back(mistake_at(place, "a key must be a text, not `" + tag + "`"));
            return take_key(place, text);
        }
        Scalar scalar = read_scalar(text, tag);
        if (!scalar.problem.empty()) errors_.push_back(mistake_at(place, scalar.problem));
        put(place, std::move(scalar.value), anchor, text.size() + 1);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(mark, tag, "tag:yaml.org,2002:seq", anchor, Json::array());
    }
    void OnSequenceEnd() override { close(); }

    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(mark, tag, "tag:yaml.org,2002:map", anchor, Json::object());
    }
    void OnMapEnd() override { close(); }

    Json result() && { return std::move(root_); }
    Place start() const { return start_; }

  private:
    // A list or a map that is not closed yet.
    struct Frame {
        Json value;
        std::string pointer;
        Place place;
        YAML::anchor_t anchor;
        std::size_t weight_before;
        std::optional<std::string> key;  // of a map: the key whose value comes next
        bool is_key = false;             // this container stands where a key belongs
        bool drops = false;              // the value that comes next: its key is none
    };

    bool expects_key() const {
        return !stack_.empty() && stack_.back().value.is_object() && !stack_.back().key;
    }

    std::string next_pointer() const {
        if (stack_.empty()) return "";
        const Frame& top = stack_.back();
        return top.value.is_array() ? pointer_to(top.pointer, top.value.size())
                                    : pointer_to(top.pointer, *top.key);
    }

    void take_key(Place place, std::optional<std::string> text) {
        Frame& top = stack_.back();
        if (!text) {
            const bool in_key =
                std::any_of(stack_.begin(), stack_.end(), [](const Frame& f) { return f.is_key; });
            if (!in_key)
                errors_.push_back(
                    mistake_at(place, "a key must be a text; a template needs quotes: \"{{ ... }}\""));
            text = "";
            top.drops = true;
        } else if (top.value.contains(*text)) {
            const Place first = places_.key(pointer_to(top.pointer, *text));
            errors_.push_back(mistake_at(place, "the key `" + *text + "` is given twice (first in line " +
                                                    std::to_string(first.line) + ")"));
        } else {
            places_.set_key(pointer_to(top.pointer, *text), place);
        }
        spend(place, text->size() + 1);
        top.key = std::move(text);
    }

    void open(const YAML::Mark& mark, const std::string& tag, const char* expected_tag, YAML::anchor_t anchor,
              Json empty) {
        const Place place = place_of(mark);
        if (tag != "" && tag != "?" && tag != "!" && tag != expected_tag)
            errors_.push_back(mistake_at(place, "unknown tag `" + tag + "`"));
        if (stack_.size() >= static_cast<std::size_t>(max_json_depth))
            throw TooMuch{
                mistake_at(place, "nested deeper than " + std::to_string(max_json_depth) + " levels")};
        const bool is_key = expects_key();
        if (is_key) take_key(place, std::nullopt);
        const std::string pointer = next_pointer();
        if (!is_key) places_.set_value(pointer, place);
        stack_.push_back({std::move(empty), pointer, place, anchor, weight_, std::nullopt, is_key});
        spend(place, 1);
    }

    void close() {
        Frame frame = std::move(stack_.back());
        stack_.pop_back();
        if (frame.is_key) return;  // its value comes next
        if (frame.anchor) anchors_[frame.anchor] = {frame.value, weight_ - frame.weight_before};
        attach(std::move(frame.value));
    }

    void put(Place place, Json value, YAML::anchor_t anchor, std::size_t weight) {
        spend(place, weight);
        const std::string pointer = next_pointer();
        if (!stack_.empty() && stack_.back().value.is_object() && !stack_.back().drops &&
            stack_.back().value.contains(*stack_.back().key))
            return stack_.back().key.reset();  // the second value of a duplicate key, reported already
        places_.set_value(pointer, place);
        if (anchor) anchors_[anchor] = {value, weight};
        attach(std::move(value));
    }

    void attach(Json value) {
        if (stack_.empty()) {
            root_ = std::move(value);
            return;
        }
        Frame& top = stack_.back();
        if (top.value.is_array()) {
            top.value.push_back(std::move(value));
        } else {
            // The first of two duplicates stays.
            if (!std::exchange(top.drops, false)) top.value.emplace(*top.key, std::move(value));
            top.key.reset();
        }
    }

    void spend(Place place, std::size_t weight) {
        weight_ += weight;
        if (weight_ > max_json_bytes)
            throw TooMuch{mistake_at(place, "with its aliases written out the document is larger than " +
                                                std::to_string(max_json_bytes) + " bytes")};
    }

    Places& places_;
    std::vector<Mistake>& errors_;
    std::vector<Frame> stack_;
    std::map<YAML::anchor_t, Anchored> anchors_;
    std::size_t weight_ = 0;
    Place start_;
    Json root_;
};

std::string escaped(const std::string& key) {
    std::string out;
    for (const char c : key) {
        if (c == '~')
            out += "~0";
        else if (c == '/')
            out += "~1";
        else
            out += c;
    }
    return out;
}

// Looks `pointer` up, then its parents. The root always has a place.
Place nearest(const std::map<std::string, Place>& first, const std::map<std::string, Place>& values,
              std::string pointer) {
    if (const auto found = first.find(pointer); found != first.end()) return found->second;
    while (true) {
        if (const auto found = values.find(pointer); found != values.end()) return found->second;
        if (pointer.empty()) return {1, 1};
        pointer.erase(pointer.rfind('/'));
    }
}

// The first byte that no text may hold.
std::optional<Mistake> broken_text(const std::string& text) {
    Place place{1, 1};
    for (std::size_t at = 0; at < text.size();) {
        const Character character = character_at(text, at);
        if (character.code == invalid_character)
            return mistake_at(place, "the text is not UTF-8 from here on; save the file as UTF-8");
        if (character.code == 0)
            return mistake_at(place, "the character U+0000, which no text may hold; save the file as UTF-8");
        at += character.bytes;
        if (character.code == '\n')
            place = {place.line + 1, 1};
        else
            place.column += static_cast<int>(character.bytes);
    }
    return std::nullopt;
}

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

}  // namespace

std::string pointer_to(const std::string& parent, const std::string& key) {
    return parent + "/" + escaped(key);
}

std::string pointer_to(const std::string& parent, std::size_t index) {
    return parent + "/" + std::to_string(index);
}

Places::Places(const std::string& source) {
    std::istringstream in(source);
    for (std::string line; std::getline(in, line);) {
        if (line.ends_with('\r')) line.pop_back();
        lines_.push_back(line);
    }
}

Place Places::key(const std::string& pointer) const { return nearest(keys_, values_, pointer); }

Place Places::value(const std::string& pointer) const { return nearest(values_, values_, pointer); }

Place Places::inside(const std::string& pointer, const std::string& text, std::size_t offset) const {
    const auto found = values_.find(pointer);
    if (found == values_.end()) return value(pointer);
    const Place start = found->second;
    if (start.line < 1 || start.line > static_cast<int>(lines_.size())) return start;
    const std::string& line = lines_[start.line - 1];
    const std::size_t at = start.column - 1;
    if (at >= line.size()) return start;
    if (line[at] == '|') return inside_block(start, text, offset);
    const std::size_t first = at + (line[at] == '"' || line[at] == '\'' ? 1 : 0);
    if (line.compare(first, text.size(), text) != 0) return start;
    return {start.line, static_cast<int>(first + offset) + 1};
}

Place Places::inside_block(Place start, const std::string& text, std::size_t offset) const {
    const std::string before = text.substr(0, offset);
    const std::size_t rows = static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
    const std::size_t row_start = before.rfind('\n') == std::string::npos ? 0 : before.rfind('\n') + 1;
    const std::string row = text.substr(row_start, text.find('\n', row_start) - row_start);
    const std::size_t number = start.line + rows;  // of the line in lines_, the block starts below its mark
    if (number >= lines_.size()) return start;
    const std::string& line = lines_[number];
    if (row.size() > line.size() || line.compare(line.size() - row.size(), row.size(), row) != 0)
        return start;
    const std::size_t indent = line.size() - row.size();
    return {static_cast<int>(number) + 1, static_cast<int>(indent + offset - row_start) + 1};
}

YamlResult read_yaml(const std::string& source) {
    YamlResult result;
    // The mark is no part of the first line: columns are counted after it.
    const std::string text = source.substr(source.starts_with(byte_order_mark) ? byte_order_mark.size() : 0);
    if (text.size() > max_json_bytes) {
        result.errors.push_back({1, 1,
                                 "the document has " + std::to_string(text.size()) + " bytes, allowed are " +
                                     std::to_string(max_json_bytes)});
        return result;
    }
    if (auto broken = broken_text(text)) {
        result.errors.push_back(std::move(*broken));
        return result;
    }
    result.places = Places(text);
    std::istringstream in(text);
    try {
        YAML::Parser parser(in);
        Builder builder(result.places, result.errors);
        if (!parser.HandleNextDocument(builder)) {
            result.errors.push_back({1, 1, "the document is empty"});
            return result;
        }
        Places none;
        std::vector<Mistake> ignored;
        Builder second(none, ignored);
        if (parser.HandleNextDocument(second))
            result.errors.push_back(mistake_at(second.start(), "more than one YAML document"));
        result.value = std::move(builder).result();
    } catch (const TooMuch& beyond) {
        result.errors.push_back(beyond.mistake);
    } catch (const YAML::Exception& error) {
        result.errors.push_back(mistake_at(place_of(error.mark), "YAML: " + with_advice(error.msg)));
    }
    return result;
}

}  // namespace hil::worker
