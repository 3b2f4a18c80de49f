#include "assay/assign/interleave.h"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "assay/base/hash.h"

namespace assay::assign {
namespace {

// Where an item stands in both rankings, from 1; 0: nowhere.
struct Places {
  std::uint32_t control = 0;
  std::uint32_t treatment = 0;
  bool is_shown = false;
};

class Merge {
 public:
  Merge(const Rankings& rankings, const InterleavingOptions& options)
      : rankings_(rankings), options_(options), request_(unit_digest(options.request)) {}

  Problems check() {
    const auto need = [&](const char* field, bool is_there, const char* message) {
      if (!is_there) problems_.push_back({.field = field, .message = message});
    };
    need("request", !options_.request.empty(), "is missing: it is what the coins are drawn for");
    need("salt", !options_.salt.empty(), "is missing: it names the test");
    need("length", options_.length > 0, "must be 1 or more");
    find_places("control", rankings_.control, &Places::control);
    find_places("treatment", rankings_.treatment, &Places::treatment);
    return std::move(problems_);
  }

  std::vector<ShownItem> run() {
    options_.scheme == InterleavingScheme::kTeamDraft ? draft() : balance();
    // What nobody is credited for: by then only one ranking has anything of its own.
    for (const auto& ranking : {rankings_.control, rankings_.treatment}) {
      for (const std::string_view item : ranking) show(item, Team::kNobody);
    }
    return std::move(shown_);
  }

 private:
  void find_places(const char* name, std::span<const std::string_view> ranking,
                   std::uint32_t Places::*place) {
    for (std::size_t i = 0; i < ranking.size(); ++i) {
      std::uint32_t& at = places_[ranking[i]].*place;
      if (at == 0) {
        at = static_cast<std::uint32_t>(i + 1);
        continue;
      }
      problems_.push_back({.field = std::string("rankings.") + name + "[" + std::to_string(i) + "]",
                           .message = "\"" + std::string(ranking[i].substr(0, 80)) +
                                      "\" is there before, at [" + std::to_string(at - 1) + "]",
                           .hint = "an item has one rank"});
    }
  }

  bool control_first(std::size_t round) const {
    const std::string salt = std::string(options_.salt) + "@" + std::to_string(round);
    return scale(draw(request_, salt_digest(salt)), 2) == 0;
  }

  bool is_full() const { return shown_.size() >= options_.length; }

  void show(std::string_view item, Team team, ShownItem ranks = {}) {
    Places& places = places_[item];
    if (is_full() || places.is_shown) return;
    places.is_shown = true;
    control_left_ -= places.control > 0 ? 1 : 0;
    treatment_left_ -= places.treatment > 0 ? 1 : 0;
    ranks.item = item;
    ranks.team = team;
    shown_.push_back(ranks);
  }

  std::string_view best(std::span<const std::string_view> ranking, std::size_t& from) const {
    while (places_.at(ranking[from]).is_shown) ++from;
    return ranking[from];
  }
  // After the item at `from`, which is not shown and not the last one.
  std::string_view next_best(std::span<const std::string_view> ranking, std::size_t from) const {
    return best(ranking, ++from);
  }

  // Which rounds count may not hang on the coins, or several clicks without taste could prefer one
  // ranking. What is shown hangs on them from the first round on in which both would pick the same
  // item and then different ones: each round from there on uses up two items of each at most.
  void draft() {
    std::size_t control_at = 0, treatment_at = 0;
    std::size_t left = 0;  // Of the ranking with fewer, however the coins fall.
    bool is_open = false;  // What is shown hangs on coins.
    for (std::size_t round = 0;; ++round) {
      left = is_open ? left - std::min<std::size_t>(left, 2)
                     : std::min(control_left_, treatment_left_);
      if (is_full() || left == 0) return;
      const std::string_view control = best(rankings_.control, control_at);
      const std::string_view treatment = best(rankings_.treatment, treatment_at);
      const bool has_two_places = shown_.size() + 1 < options_.length;
      if (has_two_places && left == 1 && (is_open || control == treatment)) return;
      is_open = is_open || (has_two_places && control == treatment &&
                            next_best(rankings_.control, control_at) !=
                                next_best(rankings_.treatment, treatment_at));
      const bool first = control_first(round);
      for (const bool is_control : {first, !first}) {
        is_control ? show(best(rankings_.control, control_at), Team::kControl)
                   : show(best(rankings_.treatment, treatment_at), Team::kTreatment);
        if (is_full()) return;
      }
    }
  }

  void balance() {
    const std::size_t both = std::min(rankings_.control.size(), rankings_.treatment.size());
    const bool first = control_first(0);
    const auto counted = [&](std::uint32_t rank) { return rank > both ? 0 : rank; };
    for (std::size_t i = 0; i < both; ++i) {
      for (const bool is_control : {first, !first}) {
        const std::string_view item = is_control ? rankings_.control[i] : rankings_.treatment[i];
        const Places& places = places_.at(item);
        show(item, Team::kNobody,
             {.item = {},
              .control_rank = counted(places.control),
              .treatment_rank = counted(places.treatment)});
      }
    }
  }

  const Rankings& rankings_;
  const InterleavingOptions& options_;
  std::uint64_t request_;
  std::unordered_map<std::string_view, Places> places_;
  std::size_t control_left_ = rankings_.control.size();  // Not shown yet.
  std::size_t treatment_left_ = rankings_.treatment.size();
  std::vector<ShownItem> shown_;
  Problems problems_;
};

}  // namespace

Checked<std::vector<ShownItem>> interleave(const Rankings& rankings,
                                           const InterleavingOptions& options) {
  Merge merge(rankings, options);
  if (Problems problems = merge.check(); !problems.empty()) return unexpected(std::move(problems));
  return merge.run();
}

}  // namespace assay::assign
