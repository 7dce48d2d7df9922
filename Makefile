# Makefile: builds, installs and tests spine.
#
#   make, make install, make installcheck   the usual PGXS targets
#   make check        everything, from a bare Debian on (scripts/check)
#   make torture      ten times the crashes, 10^8 random operations, ten minutes of
#                     twin tables, fuzzing; an hour
#   make check-core   the algorithm's own tests; needs no server
#   make check-cassert   the server's tests, on a PostgreSQL with assertions
#   make check-compat   PostgreSQL's own tests, with native tables in place of heaps;
#                     SQLSMITH=600: random queries on what they leave, for so long
#   make check-17     make check on Debian 13, in a folder, with PostgreSQL 17
#   make check-golden-sql   recorded answers, replayed through SQL on a server
#   make fuzz         libFuzzer on the core's input, FUZZ_SECONDS (600) a target
#   make fuzz-flat    the same time for damaged jsonb, given to spine_unflatten()
#   make replay       build/replay, the algorithm without PostgreSQL
#   make demo         two small shows on throwaway clusters
#   make lake         Parquet files, compacted by Node programs that are killed
#   make bench-core   what the algorithm alone costs (bench/ has the rest)
#   make bench-cost   what merging costs over ten million pushes: doc/cost.svg
#   make format       clang-format over src/
#
# WERROR=1 turns warnings into errors, STOP_POINTS=1 adds the places where tests
# hold a process up. A change of compiler or flags rebuilds nothing by itself:
# make clean first.

# Every test is listed by hand: a file that is forgotten here is reported by
# make check. Each has the extension loaded already (--load-extension below).
REGRESS = frontier push dims apply transaction buffer errors privileges roles worker mishaps \
	garbage claim hold snapshot inbox merge_function retry exert flat events \
	native_lifecycle native_write native_read native_sums native_past
ISOLATION = push_push push_repeatable_read push_apply push_since push_drop push_deadlock \
	append_push savepoint prepared own_writes register_race apply_truncate worker_busy \
	sweep claiming wait_upper inbox_waits inbox_generation temporary push_exert \
	native_writers native_absorb native_ticks native_locks native_sum_marks native_refill

# Where test output goes, e.g. when the source tree cannot be written to.
TEST_OUTPUT ?= .

PG_CONFIG ?= pg_config

# --------------------------------------------------------------------
# Sources

HDRS := $(sort $(wildcard src/*.h src/*/*.h))

# The core proper, without the programs that stand beside it: replay.c with its
# replay_*.c, and test_*.c and fuzz_*.c, each a program by itself.
REPLAY := $(sort $(wildcard src/core/replay.c src/core/replay_*.c))
CORE := $(filter-out $(REPLAY) src/core/test_%.c src/core/fuzz_%.c, \
          $(sort $(wildcard src/core/*.c)))
# hollow.c is the tests' and the replay program's stand-in for the tables.
SRCS := $(filter-out src/core/hollow.c src/core/chunks.c, $(CORE)) $(sort $(wildcard src/state/*.c src/sql/*.c src/worker/*.c \
          src/am/*.c src/*.c))
# What only tests use, places where they can hold a process up among it; never in
# what is installed.
ifeq ($(STOP_POINTS),1)
SRCS += $(sort $(wildcard src/dev/*.c))
endif

MODULE_big = spine
OBJS = $(SRCS:.c=.o)
EXTENSION = spine
DATA = spine--1.0.sql

# -isystem silences warnings that come out of the server's own headers.
PG_CPPFLAGS = -Isrc -isystem $(includedir_server) $(if $(filter 1,$(STOP_POINTS)),-DSPINE_STOP_POINTS)

# PostgreSQL loads libraries with RTLD_GLOBAL, so a function of ours could be
# taken over by one of the same name in another extension. -fvisibility=hidden
# would prevent it, but 15's PG_FUNCTION_INFO_V1 declares SQL functions without
# PGDLLEXPORT and they would be hidden too (16 and later do all this by
# themselves). Binding our calls to our own functions at link time does it.
BIND_LOCALLY = -Wl,-Bsymbolic-functions
# Row groups are compressed by the server's libraries (src/am/pack.c).
SHLIB_LINK = $(if $(filter linux,$(PORTNAME)),$(BIND_LOCALLY)) $(filter -lzstd,$(LIBS))

WARNINGS = $(if $(filter 1,$(WERROR)),-Wall -Wextra -Wshadow -Werror \
             -Wno-unused-parameter $(CLANG_QUIET))
# The server's flags are gcc's; clang does not know all of them.
CLANG_QUIET = $(if $(findstring clang,$(CC)),-Wno-unknown-warning-option \
                -Wno-ignored-optimization-argument)
PG_CFLAGS = $(WARNINGS)

REGRESS_OPTS = --inputdir=. --outputdir=$(TEST_OUTPUT) --load-extension=spine
ISOLATION_OPTS = --outputdir=$(TEST_OUTPUT)/output_iso --load-extension=spine
REGRESS_PREP = preloaded
EXTRA_CLEAN = build output_iso tmp_check $(wildcard src/*/*.o src/*/*.bc)

all:

# --------------------------------------------------------------------
# PGXS, unless only targets of our own are asked for: those have to work where
# pg_config is not installed yet, too.

OURS = check torture check-core check-golden-sql check-cassert check-compat check-17 demo lake bench-core bench-cost replay fuzz fuzz-flat format print-% build/%

ifneq ($(filter-out $(OURS),$(or $(MAKECMDGOALS),all)),)
PGXS := $(wildcard $(shell $(PG_CONFIG) --pgxs 2>/dev/null))
ifneq ($(PGXS),)
include $(PGXS)
else
all install installcheck:
	@echo "$(PG_CONFIG) finds no PostgreSQL to build against: run scripts/setup" >&2; exit 1
clean:
	rm -rf $(EXTRA_CLEAN) spine.so $(OBJS)
endif
endif

$(OBJS) $(OBJS:.o=.bc): $(HDRS)

# Loops over all values of a column
src/am/ints_read.o src/am/chunk_read.o: CFLAGS += $(CFLAGS_VECTORIZE)

# Without this, every single test would fail with an error of its own.
.PHONY: preloaded
preloaded:
	@libs=$$('$(bindir)/psql' -XAt -d postgres -c 'SHOW shared_preload_libraries') || exit 1; \
	case ",$$(echo "$$libs" | tr -d " \"')")," in \
	  *[,/]spine,* | *[,/]spine.so,*) ;; \
	  *) echo "spine is not loaded: put shared_preload_libraries = 'spine' in postgresql.conf and restart the server" >&2; exit 1 ;; \
	esac
	@prepared=$$('$(bindir)/psql' -XAt -d postgres -c 'SHOW max_prepared_transactions') || exit 1; \
	[ "$$prepared" -gt 0 ] || { \
	  echo "the tests use prepared transactions: put max_prepared_transactions = 10 in postgresql.conf and restart the server" >&2; exit 1; }
	@mkdir -p '$(TEST_OUTPUT)'

# --------------------------------------------------------------------
# The core alone: plain C11, no PostgreSQL header. build/NAME is the program
# src/core/NAME.c (replay, test_*), build/san/NAME the same with sanitizers,
# by the other compiler so that both read the code.

CORE_CC = gcc
SAN_CC = clang
CORE_CFLAGS = -std=c11 -D_POSIX_C_SOURCE=200809L -O2 -g -Wall -Wextra -Wshadow -Werror -Isrc
SAN_CFLAGS = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

.PHONY: replay
replay: build/replay

build/obj/%.o: src/core/%.c $(HDRS)
	@mkdir -p $(@D)
	$(CORE_CC) $(CORE_CFLAGS) -c -o $@ $<

build/san/obj/%.o: src/core/%.c $(HDRS)
	@mkdir -p $(@D)
	$(SAN_CC) $(CORE_CFLAGS) $(SAN_CFLAGS) -c -o $@ $<

build/replay: $(REPLAY:src/core/%.c=build/obj/%.o)
build/%: build/obj/%.o $(CORE:src/core/%.c=build/obj/%.o)
	$(CORE_CC) $(CORE_CFLAGS) -o $@ $^

build/san/replay: $(REPLAY:src/core/%.c=build/san/obj/%.o)
build/san/%: build/san/obj/%.o $(CORE:src/core/%.c=build/san/obj/%.o)
	$(SAN_CC) $(CORE_CFLAGS) $(SAN_CFLAGS) -o $@ $^

# Fuzz targets: build/fuzz/NAME for libFuzzer, build/replay_NAME and
# build/san/replay_NAME to run files through them.
FUZZ := $(sort $(patsubst src/core/%.c,%,$(wildcard src/core/fuzz_*.c)))
FUZZ_SECONDS ?= 600

build/fuzz/%: src/core/%.c $(CORE) $(HDRS)
	@mkdir -p $(@D)
	clang $(CORE_CFLAGS) $(SAN_CFLAGS) -fsanitize=fuzzer -o $@ $< $(CORE)

build/replay_%: src/core/%.c $(CORE:src/core/%.c=build/obj/%.o) $(HDRS)
	$(CORE_CC) $(CORE_CFLAGS) -DFUZZ_REPLAY -o $@ $< $(CORE:src/core/%.c=build/obj/%.o)

build/san/replay_%: src/core/%.c $(CORE:src/core/%.c=build/san/obj/%.o) $(HDRS)
	$(SAN_CC) $(CORE_CFLAGS) $(SAN_CFLAGS) -DFUZZ_REPLAY -o $@ $< $(CORE:src/core/%.c=build/san/obj/%.o)

.PHONY: fuzz
fuzz: $(FUZZ:%=build/fuzz/%)
	@for name in $(FUZZ:fuzz_%=%); do \
	  mkdir -p build/corpus/$$name; \
	  build/fuzz/fuzz_$$name -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -artifact_prefix=build/ \
	    -print_final_stats=1 build/corpus/$$name src/core/corpus/$$name || exit 1; \
	done

build/bench_core: bench/core.c $(CORE:src/core/%.c=build/obj/%.o)
	$(CORE_CC) $(CORE_CFLAGS) -o $@ $^

build/bench_cost: bench/cost.c $(CORE:src/core/%.c=build/obj/%.o)
	$(CORE_CC) $(CORE_CFLAGS) -o $@ $^

# Keep the objects that make would delete as intermediate.
.SECONDARY:

# --------------------------------------------------------------------
# Tests and the rest

# The scripts call make again, which then finds what setup has installed.
RUN = MAKE='$(MAKE)' PG_CONFIG='$(PG_CONFIG)'

# PGXS has a check of its own, which only says that it is not supported. Ours
# comes after it and wins; it is defined only when asked for, to spare every
# other run make's warning about the second recipe.
ifneq ($(filter check,$(MAKECMDGOALS)),)
.PHONY: check
check:
	@$(RUN) scripts/setup
	@$(RUN) scripts/check
endif

.PHONY: torture check-core check-golden-sql check-cassert check-compat check-17 fuzz-flat demo lake bench-core bench-cost format
torture:
	@$(RUN) scripts/setup
	@$(RUN) SPINE_CRASH_ROUNDS=200 SPINE_TWIN_SECONDS=600 SPINE_TAP_SECONDS=7200 scripts/check build install tap
	@$(MAKE) build/test_model fuzz fuzz-flat
	@SPINE_MODEL_OPERATIONS=100000000 build/test_model

check-core:
	@$(RUN) scripts/check core

# GOLDEN=folder... replays other scripts; the extension has to be installed.
check-golden-sql:
	@$(RUN) scripts/cluster -- scripts/golden $(abspath $(GOLDEN))

check-cassert check-17:
	@$(RUN) scripts/$@

check-compat:
	@$(RUN) scripts/setup demo
	@$(RUN) scripts/$@ $(if $(SQLSMITH),sqlsmith $(SQLSMITH))

# The extension has to be installed.
fuzz-flat:
	@$(RUN) scripts/cluster -- scripts/fuzz-flat -t $(FUZZ_SECONDS)

demo:
	@$(RUN) scripts/setup demo
	@mkdir -p build; $(MAKE) -s install >build/install.log 2>&1 || { cat build/install.log; exit 1; }
	@$(RUN) scripts/cluster -- examples/pgbench/demo.sh
	@$(RUN) scripts/cluster -- examples/counter/demo.sh

# LAKE_SECONDS=60 writes for longer, LAKE_LOG=x.csv.gz is another input.
lake:
	@$(RUN) scripts/setup lake
	@mkdir -p build; $(MAKE) -s install >build/install.log 2>&1 || { cat build/install.log; exit 1; }
	@$(RUN) examples/parquet/run.sh

bench-core: build/bench_core
	@build/bench_core

# LOG=history.csv.gz is one more input, with the columns that bench/cost.c tells.
bench-cost: build/bench_cost
	@$(if $(LOG),zcat '$(LOG)' | )build/bench_cost $(if $(LOG),-) > build/cost.tsv
	@awk -f bench/plot.awk build/cost.tsv > doc/cost.svg
	@awk -F '\t' '{ at[$$1 "\t" $$2 "\t" $$3] = $$4 "\t" $$5 } \
		END { for (key in at) print key "\t" at[key] }' build/cost.tsv | sort

format:
	clang-format -i $(sort $(wildcard src/*.[ch] src/*/*.[ch]))

# make print-REGRESS: how scripts/check reads the lists.
print-%:
	@echo $($*)
