// The front door of sim: seeded worlds in which the true effect is known, and what the methods make
// of them. In production nobody knows the truth, so only here can an error rate or a coverage be
// checked. Also whether assignment is fair.
#pragma once

#include "assay/sim/calibrate.h"
#include "assay/sim/fairness.h"
#include "assay/sim/studies.h"
#include "assay/sim/study.h"
#include "assay/sim/world.h"
