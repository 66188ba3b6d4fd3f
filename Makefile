# hil: the extension by PGXS (all, install, uninstall, installcheck, clean), and the project's own commands:
#   make deps      installs or fetches what the build needs (Debian)
#   make worker    builds build/hil-worker
#   make demo      plays whole conversations on a throw-away server
#   make check     builds and runs every test; the last line counts them
#   make bench     measures how fast it is, against baselines
#   make format    formats the sources         make lint    checks format and clang-tidy
# PG_CONFIG names the pg_config of the server to build for.

PG_CONFIG ?= pg_config
JOBS ?= $(shell nproc)
CMAKE_FLAGS ?=
export PG_CONFIG JOBS

own_goals := deps worker unit_tests tests demo check bench format lint

ifneq ($(filter $(own_goals),$(MAKECMDGOALS)),)

# These goals must work before PostgreSQL is installed, so PGXS is left out while one of them is asked for.
.NOTPARALLEL:
.PHONY: $(MAKECMDGOALS)

$(filter-out $(own_goals),$(MAKECMDGOALS)):
	$(MAKE) $@

deps:
	.ci/deps

cmake_build = env -u MAKEFLAGS -u MFLAGS cmake -S . -B build/cmake -DPG_CONFIG=$(PG_CONFIG) $(CMAKE_FLAGS) -Wno-dev && \
	env -u MAKEFLAGS -u MFLAGS cmake --build build/cmake -j $(JOBS) --target

worker: deps
	$(cmake_build) hil-worker

unit_tests: deps
	$(cmake_build) core_tests worker_tests

tests: deps
	$(cmake_build) all
	$(MAKE) -j $(JOBS) all build/hil_boundary.so

demo: worker
	$(MAKE) -j $(JOBS) all
	test/with-cluster test/demo

check: tests
	test/check

bench: worker
	$(MAKE) -j $(JOBS) all build/bench
	test/bench/run

cxx_sources = $(shell git ls-files --cached --others --exclude-standard '*.cpp' '*.hpp')

format:
	clang-format -i $(cxx_sources)

lint:
	test/lint $(cxx_sources)

else

MODULE_big = hil
EXTENSION = extension/hil
DATA = $(wildcard extension/hil--*.sql)
PGFILEDESC = "hil - human-in-the-loop conversations"

core_sources := $(wildcard extension/core/*.cpp)
server_sources := extension/module.cpp $(wildcard $(patsubst %,extension/%/*.cpp,pg engine functions background))
boundary_sources := $(wildcard test/boundary/*.cpp)
object = $(patsubst %.cpp,build/%.o,$(1))

OBJS = $(call object,$(core_sources) $(server_sources))
SHLIB_LINK += -lstdc++ -lm

REGRESS = $(sort $(basename $(notdir $(wildcard sql/*.sql))))
REGRESS_OPTS = --outputdir=build/regress
REGRESS_PREP = build/hil_boundary.so build/regress build/isolation

ISOLATION = $(sort $(basename $(notdir $(wildcard test/isolation/specs/*.spec))))
ISOLATION_OPTS = --inputdir=test/isolation --outputdir=build/isolation --launcher=test/isolation/prepared

# `clean` keeps what `make deps` fetched; `distclean` does not.
EXTRA_CLEAN = $(filter-out build/deps,$(wildcard build/*))

# Bitcode for the JIT would compile every file a second time and helps nobody: hil's functions are not inlined.
override with_llvm = no

PGXS := $(shell $(PG_CONFIG) --pgxs)
ifeq ($(PGXS),)
$(error $(PG_CONFIG) was not found. Run `make deps`, or name the server's with PG_CONFIG=/path/to/pg_config)
endif
include $(PGXS)

# Our flags come after the server's own. -g1 still names functions and lines in a backtrace, for a fraction of the size and
# with less to compile. The server's headers are system headers to us (their warnings are not ours to fix), and the core
# is compiled without them: what it includes cannot reach Postgres.
ccache := $(if $(CCACHE_DISABLE),,$(shell command -v ccache))
compile = $(ccache) $(CXX) $(CXXFLAGS) -g1 -std=c++20 -Wall -Wextra -Werror -Wno-register \
	-fvisibility=hidden -fvisibility-inlines-hidden $(CFLAGS_SL) -Iextension -MMD -MP $(1) -c -o $@ $<
server_headers := -isystem $(shell $(PG_CONFIG) --includedir-server) -D_GNU_SOURCE

# As in CMakeLists.txt: without ccache the header that costs most is parsed once, before all others.
ifeq ($(ccache),)
parsed := build/parsed.hpp
build/parsed.hpp:
	@mkdir -p $(@D)
	echo '#include <nlohmann/json.hpp>' >$@

build/parsed.hpp.gch: build/parsed.hpp
	$(call compile,-x c++-header)
endif

build/extension/core/%.o: extension/core/%.cpp $(addsuffix .gch,$(parsed))
	@mkdir -p $(@D)
	$(call compile,$(addprefix -include ,$(parsed)))

build/%.o: %.cpp $(addsuffix .gch,$(parsed))
	@mkdir -p $(@D)
	$(call compile,$(server_headers) $(addprefix -include ,$(parsed)))

-include $(patsubst %.o,%.d,$(OBJS) $(call object,$(boundary_sources)))

# Functions that exercise the C++/Postgres boundary from SQL; a library of its own, never installed.
build/hil_boundary.so: $(call object,$(boundary_sources) $(wildcard extension/pg/*.cpp) $(core_sources))
	$(CXX) -shared -o $@ $^ $(LDFLAGS)

# Measures how fast hil is; a program of its own, never installed.
bench_objects := $(call object,$(wildcard test/bench/*.cpp))
build/test/bench/%.o: test/bench/%.cpp
	@mkdir -p $(@D)
	$(shell command -v ccache) $(CXX) -O2 -std=c++20 -Wall -Wextra -Werror -pthread -MMD -MP \
		-isystem $(shell $(PG_CONFIG) --includedir) -c -o $@ $<

build/bench: $(bench_objects)
	$(CXX) -pthread -o $@ $^ -L$(shell $(PG_CONFIG) --libdir) -lpq

-include $(patsubst %.o,%.d,$(bench_objects))

build/regress build/isolation:
	mkdir -p $@

# The tests load that library, so the server must be able to read it wherever the checkout lies.
pg_regress := $(pg_regress_installcheck)
pg_regress_installcheck = test/with-boundary build/hil_boundary.so '$(subst ','\'',$(pg_regress))'

distclean: remove-build
.PHONY: remove-build
remove-build:
	rm -rf build

endif
