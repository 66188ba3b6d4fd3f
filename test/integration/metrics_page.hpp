// A page of metrics as Prometheus would read it.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace hil::test {

class MetricsPage {
  public:
    // The page that a server shows at this address.
    static MetricsPage at(const std::string& url);

    explicit MetricsPage(std::string text);

    const std::string& text() const { return text_; }

    // Of a series as it is written, such as up{job="x"}; -1: it is not there.
    double value(const std::string& series) const;

    // The names of all metrics, in order, without the endings of a histogram's series.
    std::vector<std::string> names() const;

    // What a strict reader of the text format and of its naming rules would find fault with, one per line.
    const std::string& mistakes() const { return mistakes_; }

  private:
    void read_header(const std::string& line);
    void read_sample(const std::string& line);
    std::string family_of(const std::string& name) const;

    std::string text_, mistakes_;
    std::map<std::string, std::string> types_;  // by name
    std::map<std::string, double> samples_;     // by series
    std::map<std::string, bool> helped_;
};

}  // namespace hil::test
