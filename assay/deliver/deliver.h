// Front door of deliver: answers a flag over OFREP (ofrep.h) and many units at once
// (assignments.h). An exposure follows only where the unit saw its variant, or where the plan says
// that an answer is as good.
#pragma once

#include "assay/deliver/answer.h"
#include "assay/deliver/assignments.h"
#include "assay/deliver/growthbook.h"
#include "assay/deliver/ofrep.h"
#include "assay/deliver/sticky.h"
