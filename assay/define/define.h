// The front door of define: an experiment file becomes a checked, fingerprinted plan.
//
//   auto parsed = parse(text, {.file = "exp.yaml"});
//   if (!parsed) return report(to_text(parsed.error()));
//   const std::string version = fingerprint(parsed->experiment);
#pragma once

#include "assay/define/adaptive.h"
#include "assay/define/canonical.h"
#include "assay/define/condition.h"
#include "assay/define/experiment.h"
#include "assay/define/freeze.h"
#include "assay/define/import.h"
#include "assay/define/layers.h"
#include "assay/define/metric.h"
#include "assay/define/parse.h"
#include "assay/define/schema.h"
#include "assay/define/words.h"
