#include "metrics_page.hpp"

#include <curl/curl.h>

#include <regex>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace hil::test {

MetricsPage MetricsPage::at(const std::string& url) {
    std::string body;
    const auto take = +[](char* data, std::size_t size, std::size_t count, std::string* into) {
        into->append(data, size * count);
        return size * count;
    };
    CURL* curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    const CURLcode code = curl_easy_perform(curl);
    curl_easy_cleanup(curl);
    if (code != CURLE_OK) throw std::runtime_error(curl_easy_strerror(code));
    return MetricsPage(body);
}

MetricsPage::MetricsPage(std::string text) : text_(std::move(text)) {
    std::istringstream lines(text_);
    for (std::string line; std::getline(lines, line);)
        line.starts_with("#") ? read_header(line) : read_sample(line);
    if (!text_.ends_with('\n')) mistakes_ += "the last line does not end\n";
    for (const auto& [name, type] : types_) {
        if (!helped_[name]) mistakes_ += name + " has no help\n";
        if (!std::regex_match(name, std::regex("(hil_worker|exposer)_[a-z_]+")))
            mistakes_ += name + " is named oddly\n";
        if ((type == "counter") != name.ends_with("_total")) mistakes_ += name + " is a " + type + "\n";
    }
}

void MetricsPage::read_header(const std::string& line) {
    std::smatch part;
    if (std::regex_match(line, part, std::regex("# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)"))) {
        if (std::exchange(helped_[part[1]], true)) mistakes_ += "a second help: " + line + "\n";
    } else if (std::regex_match(
                   line, part,
                   std::regex("# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary)"))) {
        if (!types_.emplace(part[1], part[2]).second) mistakes_ += "a second type: " + line + "\n";
    } else {
        mistakes_ += "neither HELP nor TYPE: " + line + "\n";
    }
}

void MetricsPage::read_sample(const std::string& line) {
    static const std::regex form(
        R"re(([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\.)*"(?:,[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\.)*")*\})? (\S+))re");
    std::smatch part;
    if (!std::regex_match(line, part, form)) {
        mistakes_ += "no sample: " + line + "\n";
        return;
    }
    if (family_of(part[1]).empty()) mistakes_ += "of no type that was told before: " + line + "\n";
    if (!samples_.emplace(part[1].str() + part[2].str(), std::stod(part[3])).second)
        mistakes_ += "twice: " + line + "\n";
}

std::string MetricsPage::family_of(const std::string& name) const {
    if (const auto type = types_.find(name); type != types_.end() && type->second != "histogram") return name;
    for (const std::string ending : {"_bucket", "_sum", "_count"}) {
        if (!name.ends_with(ending)) continue;
        const auto type = types_.find(name.substr(0, name.size() - ending.size()));
        if (type != types_.end() && (type->second == "histogram" || type->second == "summary"))
            return type->first;
    }
    return "";
}

double MetricsPage::value(const std::string& series) const {
    const auto found = samples_.find(series);
    return found == samples_.end() ? -1 : found->second;
}

std::vector<std::string> MetricsPage::names() const {
    std::vector<std::string> names;
    for (const auto& [name, type] : types_) names.push_back(name);
    return names;
}

}  // namespace hil::test
