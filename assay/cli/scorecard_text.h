// A Scorecard and a Verdict for people: tables for the terminal, a page of Markdown for `assay
// report`. Numbers are rounded here and nowhere else; --json has all digits.
#pragma once

#include <string>

#include "assay/analyze/scorecard.h"
#include "assay/decide/verdict.h"
#include "assay/define/experiment.h"

namespace assay::cli {

std::string scorecard_text(const analyze::Scorecard& scorecard);
std::string verdict_text(const decide::Verdict& verdict);
std::string report_markdown(const define::Experiment& experiment,
                            const analyze::Scorecard& scorecard, const decide::Verdict& verdict);

}  // namespace assay::cli
