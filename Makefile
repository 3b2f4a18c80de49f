# The commands of the house. Each is short because the work is done by cmake, ctest, npm and tools/.
#
#   make            build with sanitizers and run the fast tests
#   make test       every test but simulations and fuzzing
#   make check      what CI runs: format, lint, all tests, both builds, dashboard, browser
#   make fix        format the code, then show what tidy and clang-tidy find in changed files
#   make lint       clang-tidy over the whole product: minutes
#   make run        two model servers, live traffic, the dashboard, a verdict
#   make bench      micro-benchmarks (FILTER=…)
#   make sim        statistical promises by simulation (SEED=…), into docs/methods/calibration.md
#   make fuzz       every parser against random input (TIME= seconds each)
#   make clean      remove build/ and what the dashboard built
.NOTPARALLEL:
.PHONY: all setup build test check fix lint format_check dashboard release run bench sim fuzz clean

export PATH := $(CURDIR)/.deps/node/bin:$(PATH)
export CTEST_OUTPUT_ON_FAILURE := 1
SEED ?= 1
TIME ?= 30
FILTER ?= .
SOURCES = git ls-files -z --cached --others --exclude-standard -- '*.h' '*.cc'
# $(call run_tests,PRESET,SELECTION) leaves result files that tools/count_tests adds up.
define run_tests
@rm -rf build/$(1)/results && mkdir -p build/$(1)/results
GTEST_OUTPUT=xml:$(CURDIR)/build/$(1)/results/ ctest --preset $(1) $(2) \
  --output-junit $(CURDIR)/build/$(1)/results/ctest.xml
endef

all: build
	ctest --preset dev -L fast -j2

setup:
	@tools/setup

build: setup
	@cmake --preset dev >/dev/null
	@cmake --build --preset dev

release: setup
	@cmake --preset release >/dev/null
	@cmake --build --preset release --target programs

dashboard: setup
	@cd dashboard && npm run --silent typecheck && npm test --silent && npm run --silent build

test: dashboard build
	$(call run_tests,dev,-LE 'sim|fuzz' -j2)
	@tools/count_tests build/dev/results

check: setup format_check dashboard build release
	tools/lint --changed
	@cd dashboard && npm run --silent browser -- -t "with fixtures"
	$(call run_tests,dev,-LE 'sim|fuzz|e2e' -j2)
	$(call run_tests,release,-L e2e)
	@tools/count_tests build/dev/results build/release/results

format_check:
	@$(SOURCES) | xargs -0 clang-format-14 --dry-run -Werror

fix:
	@$(SOURCES) | xargs -0 clang-format-14 -i
	-@tools/tidy
	-@tools/lint --changed

lint: setup
	@tools/lint --all

run: dashboard release
	@exec tools/demo

bench: setup
	@cmake --preset release >/dev/null
	@cmake --build --preset release --target benches
	@for program in $$(find build/release/assay build/release/bench -name '*_bench' -type f \
	  2>/dev/null | sort); do $$program --benchmark_filter='$(FILTER)' || exit 1; done

sim: setup
	@cmake --preset release >/dev/null
	@cmake --build --preset release --target assay
	tools/calibration/run.py --assay build/release/bin/assay --seed $(SEED)
	ASSAY_SEED=$(SEED) ctest --preset release -L sim

fuzz: setup
	@cmake --preset fuzz >/dev/null
	@cmake --build --preset fuzz --target fuzzers
	@tools/fuzz $(TIME)

clean:
	rm -rf build dashboard/dist
