// The front door of decide. See verdict.h for the rules' order and decide.cc for the rules.
#pragma once

#include "assay/decide/verdict.h"
