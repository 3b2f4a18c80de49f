// The front door of io/file: the few things assay does with plain files.
#pragma once

#include "assay/io/file/directory_lock.h"
#include "assay/io/file/new_file.h"
#include "assay/io/file/read_file.h"
