# vitalsd. One non-recursive Makefile; one build directory per flavour:
#   make                                      build/         programs
#   make B=build-asan SAN=address,undefined   build-asan/    with sanitizers
#   make CC=clang B=build-clang               build-clang/
# `make demo` and `make test` install missing Debian packages by themselves (.ci/packages).

.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-builtin-variables

PREFIX      ?= /usr
SBINDIR     ?= $(PREFIX)/sbin
BINDIR      ?= $(PREFIX)/bin
SYSCONFDIR  ?= /etc
UNITDIR     ?= /lib/systemd/system
UDEVDIR     ?= /lib/udev/rules.d
SYSUSERSDIR ?= /usr/lib/sysusers.d
TMPFILESDIR ?= /usr/lib/tmpfiles.d
MANDIR      ?= $(PREFIX)/share/man
DOCDIR      ?= $(PREFIX)/share/doc/vitalsd
INSTALL     ?= install
PKG_CONFIG  ?= pkg-config
PYTHON      ?= /usr/bin/python3
CC          := $(if $(filter default undefined,$(origin CC)),gcc,$(CC))
AR          := $(if $(filter default undefined,$(origin AR)),ar,$(AR))
CFLAGS      ?= -O2 -g
B           ?= build
SAN         ?=

VERSION := $(shell sed -n 's/^\#\# \[\([0-9.]*\)\].*/\1/p' CHANGELOG.md 2>/dev/null | head -n 1)

WARN := -Wall -Wextra -Wformat=2 -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
        -Wswitch-enum -Wvla -Wundef -Wdouble-promotion -Wimplicit-fallthrough -Wdate-time -Wcast-qual -Wpointer-arith \
        -Wunused-result -Werror
HARDEN := -fstack-protector-strong -fstack-clash-protection -fcf-protection
# clang 14 knows this only behind a switch of its own.
HARDEN += $(if $(findstring clang,$(CC)),,-ftrivial-auto-var-init=zero)
# _FORTIFY_SOURCE needs optimisation and gets in the sanitizers' way.
FORTIFY := $(if $(SAN),,-D_FORTIFY_SOURCE=2)
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)

# Of what judges: the same one has the same state in memory and comes to the same bytes.
CORE_ID := $(shell cat daemon/core/*.[ch] include/vitals/*.h | sha256sum | cut -c1-16)

BASE_CPPFLAGS := -Iinclude -I$(B)/proto -I. -D_GNU_SOURCE -DVITALS_VERSION='"$(VERSION)"'
BASE_CFLAGS   := -std=c17 -fPIE -pthread -ffile-prefix-map=$(CURDIR)=. $(WARN) $(HARDEN) $(FORTIFY) $(SANFLAGS)
BASE_LDFLAGS  := -pie -pthread -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed $(SANFLAGS)

DAEMON_LIBS = $(shell $(PKG_CONFIG) --libs libmodbus libserialport libzmq libprotobuf-c libconfuse sqlite3 libsodium)
CLIENT_LIBS = $(shell $(PKG_CONFIG) --libs libzmq libprotobuf-c)
CTL_LIBS    = $(shell $(PKG_CONFIG) --libs libzmq libprotobuf-c libconfuse libsodium libserialport sqlite3)
SIM_LIBS    = $(shell $(PKG_CONFIG) --libs libmodbus) -lm
MODBUS_CPPFLAGS = $(shell $(PKG_CONFIG) --cflags libmodbus)

CORE_SRC   := $(sort $(wildcard daemon/core/*.c))
DAEMON_SRC := $(sort $(filter-out daemon/main.c,$(wildcard daemon/*.c)) $(wildcard daemon/link/*.c daemon/driver/*.c \
              daemon/record/*.c daemon/wire/*.c daemon/desk/*.c daemon/publish/*.c \
              daemon/config/*.c))
CLIENT_SRC := $(sort $(wildcard clients/lib/*.c))
CTL_SRC    := $(sort $(wildcard clients/ctl/*.c))
SIM_SRC    := $(sort $(wildcard clients/sim/*.c))
UNIT_SRC   := $(sort $(wildcard tests/unit/test_*.c))
FUZZ_SRC   := $(sort $(wildcard tests/fuzz/fuzz_*.c))
BENCH_SRC  := $(sort $(wildcard tests/bench/*.c))
SIMULATE_SRC := $(sort $(wildcard tests/simulation/*.c)) $(addprefix clients/sim/,patient.c person.c pk.c prng.c)
STORIES_SRC := $(sort $(wildcard tests/stories/*.c)) \
               $(addprefix clients/sim/,story.c scenario.c patient.c person.c pk.c prng.c)
REPLAY_SRC := $(sort $(wildcard tests/replay/*.c))

# One short line for each file; V=1 shows the commands.
Q   := $(if $(V),,@)
say  = $(if $(V),,@echo "  $(1)  $@")

obj = $(patsubst %.c,$(B)/%.o,$(1))
PROTO_OBJ := $(B)/proto/vitals.pb-c.o
PROTO_PY  := $(B)/proto/vitals_pb2.py
PROGRAMS  := $(B)/vitalsd $(B)/vitalsctl $(B)/vitals-sim
UNIT_BIN  := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(UNIT_SRC))
BENCH_BIN := $(patsubst tests/bench/%.c,$(B)/tests/bench/%,$(BENCH_SRC))
REPLAY_BIN := $(patsubst tests/replay/%.c,$(B)/tests/replay/%,$(REPLAY_SRC))

.PHONY: all deps demo test unit stories integration fault fault-short simulation simulation-short lint format check-pure check-asan check-tsan \
        fuzz-targets fuzz-smoke mutation bench install \
        uninstall clean

all: $(PROGRAMS)

deps:
	@.ci/install-packages

# ---- objects ------------------------------------------------------------------------------------------------------

$(B)/%.o: %.c | $(B)/proto/vitals.pb-c.h
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(BASE_CPPFLAGS) $(MODBUS_CPPFLAGS) $(CPPFLAGS) $(BASE_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/daemon/record/core_id.o: CPPFLAGS += -DCORE_ID='"$(CORE_ID)-$(firstword $(SAN) plain)"'
$(B)/daemon/record/core_id.o: $(CORE_SRC) $(wildcard daemon/core/*.h include/vitals/*.h)

# The core is compiled without fortify so that its undefined symbols prove its purity (check-pure).
$(call obj,$(CORE_SRC)): FORTIFY :=
$(call obj,$(CORE_SRC)): BASE_CFLAGS += -Wstack-usage=4096
ifneq (,$(findstring clang,$(CC)))
$(call obj,$(CORE_SRC)): BASE_CFLAGS := $(filter-out -Wstack-usage=4096,$(BASE_CFLAGS))
endif

$(B)/proto/vitals.pb-c.c $(B)/proto/vitals.pb-c.h &: proto/vitals.proto
	@mkdir -p $(B)/proto
	$(call say,PROTO)
	$(Q)protoc-c --c_out=$(B)/proto -I proto proto/vitals.proto
$(PROTO_OBJ): $(B)/proto/vitals.pb-c.c
	$(call say,CC)
	$(Q)$(CC) -I$(B)/proto -std=c17 -fPIE $(HARDEN) $(FORTIFY) $(SANFLAGS) $(CFLAGS) -c -o $@ $<
$(PROTO_PY): proto/vitals.proto
	@mkdir -p $(B)/proto
	$(call say,PROTO)
	$(Q)protoc --python_out=$(B)/proto -I proto proto/vitals.proto

$(B)/libcore.a: $(call obj,$(CORE_SRC))
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcsD $@ $^
$(B)/libdaemon.a: $(call obj,$(DAEMON_SRC)) $(PROTO_OBJ)
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcsD $@ $^
# What displays and command lines are built on; it knows the monitor by proto/ alone.
$(B)/libvitals-client.a: $(call obj,$(CLIENT_SRC)) $(PROTO_OBJ)
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcsD $@ $^

# ---- programs -----------------------------------------------------------------------------------------------------

LINK = $(CC) $(BASE_LDFLAGS) $(LDFLAGS) -o $@
$(B)/vitalsd: $(B)/daemon/main.o $(B)/libdaemon.a $(B)/libcore.a
	$(call say,LINK)
	$(Q)$(LINK) $^ $(DAEMON_LIBS)
$(B)/vitalsctl: $(call obj,$(CTL_SRC)) $(B)/libvitals-client.a $(B)/libdaemon.a $(B)/libcore.a
	$(call say,LINK)
	$(Q)$(LINK) $^ $(CTL_LIBS)
$(B)/vitals-sim: $(call obj,$(SIM_SRC)) $(B)/libcore.a
	$(call say,LINK)
	$(Q)$(LINK) $^ $(SIM_LIBS)
$(B)/tests/unit/%: $(B)/tests/unit/%.o $(B)/tests/unit/guard.o $(B)/libvitals-client.a $(B)/libdaemon.a $(B)/libcore.a
	$(call say,LINK)
	$(Q)$(LINK) $^ $(DAEMON_LIBS) -lcmocka
$(B)/tests/unit/test_story: $(B)/tests/unit/test_story.o $(B)/tests/unit/guard.o $(filter-out %/main.o,$(call obj,$(STORIES_SRC))) \
  $(B)/libdaemon.a $(B)/libcore.a
	$(call say,LINK)
	$(Q)$(LINK) $^ $(DAEMON_LIBS) -lcmocka -lm
# Without the daemon: the library needs nothing of it.
$(B)/tests/unit/test_client: $(B)/tests/unit/test_client.o $(B)/tests/unit/guard.o $(B)/libvitals-client.a
	$(call say,LINK)
	$(Q)$(LINK) $^ $(CLIENT_LIBS) -lcmocka
$(B)/tests/bench/%: $(B)/tests/bench/%.o $(B)/libdaemon.a $(B)/libcore.a
	$(call say,LINK)
	$(Q)$(LINK) $^ $(DAEMON_LIBS)
$(B)/tests/replay/%: $(B)/tests/replay/%.o $(B)/libdaemon.a $(B)/libcore.a
	$(call say,LINK)
	$(Q)$(LINK) $^ $(DAEMON_LIBS)
$(B)/stories: $(call obj,$(STORIES_SRC)) $(B)/libdaemon.a $(B)/libcore.a
	$(call say,LINK)
	$(Q)$(LINK) $^ $(DAEMON_LIBS) -lm
$(B)/simulate: $(call obj,$(SIMULATE_SRC)) $(B)/libdaemon.a $(B)/libcore.a
	$(call say,LINK)
	$(Q)$(LINK) $^ $(DAEMON_LIBS) -lm
.PRECIOUS: $(B)/%.o

# ---- proofs -------------------------------------------------------------------------------------------------------

# The core may need nothing but these: no I/O, no clock, no heap, no locale.
CORE_ALLOWED := memcpy|memset|memmove|memcmp|strlen|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_
# The names of writable data; fails if there is none.
WRITABLE = objdump -t $(1) | awk 'NF > 4 && $$(NF-2) ~ /^(\.data|\.bss|\*COM\*)/ && $$(NF-2) !~ /^\.data\.rel\.ro/ && \
  $$NF !~ /^\./ {print $$NF}' | grep .
check-pure: $(B)/libcore.a $(B)/libvitals-client.a
	@nm --defined-only $< | awk 'NF == 3 {print $$3}' | sort -u > $(B)/core-defined
	@nm -u $< | awk '$$1 == "U" {print $$2}' | sort -u | grep -vxF -f $(B)/core-defined | \
	  grep -Evx '$(CORE_ALLOWED)' && { echo "check-pure: the core needs the symbols above"; exit 1; } || \
	  echo "check-pure: the core is pure"
	@$(call WRITABLE,$<) && { echo "check-pure: writable data in the core"; exit 1; } || true
	@$(call WRITABLE,$(B)/libvitals-client.a) && \
	  { echo "check-pure: writable data in the client library: two handles would share it"; exit 1; } || true

test: deps
	@tests/run-all $(B)

# make unit T=WORD, make integration T="WORD WORD": only what has the word in its name, program (file) or test.
ifneq ($(origin T),command line)
T := # one of the environment would shrink `make test` without a word
endif
unit_of = $(filter $(UNIT_SRC),$(wildcard tests/unit/*$(1)*.c)) $(shell grep -lE '^static void [a-z0-9_]*$(1)[a-z0-9_]*.void' $(UNIT_SRC))
UNIT_RUN := $(if $(T),$(sort $(foreach word,$(T),$(call unit_of,$(word)))),$(UNIT_SRC))
unit: $(UNIT_RUN:%.c=$(B)/%)
	@T='$(T)' tests/run-unit $^
# Lets libserialport take a pty for a port; for one test, never installed.
SHIM := $(B)/tests/shim/serial_pty.so
$(SHIM): tests/shim/serial_pty.c
	@mkdir -p $(@D)
	$(call say,SHIM)
	$(Q)$(CC) -std=c17 -D_GNU_SOURCE $(WARN) $(CFLAGS) -fPIC -shared -o $@ $<
integration: all $(REPLAY_BIN) $(PROTO_PY) $(SHIM)
	@B=$(B) $(PYTHON) tests/integration/run.py $(T)

# Each system call of the daemon fails once; `fault-short` takes the first few of each kind. T="socket poll:7" takes these.
FAULT := $(B)/tests/fault/nth.so
$(FAULT): tests/fault/nth.c
	@mkdir -p $(@D)
	$(call say,SHIM)
	$(Q)$(CC) -std=c17 -D_GNU_SOURCE -U_FORTIFY_SOURCE $(WARN) $(CFLAGS) -fPIC -shared -o $@ $<
fault fault-short: all $(PROTO_PY) $(FAULT)
	@B=$(B) $(PYTHON) tests/fault/run.py $(if $(filter fault,$@),--all) $(T)

# Courses that a clinician can read and sign; those in tests/stories/open are not kept yet.
stories: $(B)/stories
	@$(B)/stories tests/stories tests/stories/open

# Random sessions with the invariants after every step, and the published rates; `simulation` is the long run.
simulation-short: $(B)/simulate
	@$(B)/simulate --sessions 400
	@$(B)/simulate --population ketamine-iv 200
	@$(B)/simulate --population esketamine-spray 200
simulation: $(B)/simulate
	@$(B)/simulate --sessions 10000
	@$(B)/simulate --population ketamine-iv 10000
	@$(B)/simulate --population esketamine-spray 40000
	@$(B)/simulate --population esketamine-spray 10000 --placebo

check-asan:
	@$(MAKE) B=build-asan SAN=address,undefined unit integration
# The rooms with threads: core, drivers and configuration have none, and are what takes time.
SINGLE := $(wildcard $(addprefix tests/unit/test_,core_*.c driver_*.c config*.c plan_*.c event_*.c))
check-tsan:
	@TSAN_OPTIONS=suppressions=$(CURDIR)/tests/tsan.supp $(MAKE) B=build-tsan SAN=thread CC=clang \
	  UNIT_RUN='$(filter-out $(SINGLE),$(UNIT_SRC))' unit

FUZZ_SECONDS ?= 5
FUZZ_BIN := $(patsubst %.c,$(B)/%,$(FUZZ_SRC))
$(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(B)/libdaemon.a $(B)/libcore.a
	$(call say,LINK)
	$(Q)$(LINK) -fsanitize=fuzzer $^ $(DAEMON_LIBS)
fuzz-targets: $(FUZZ_BIN)
fuzz-smoke:
	@$(MAKE) B=build-fuzz CC=clang SAN=fuzzer-no-link,address,undefined fuzz-targets
	@tests/run-fuzz $(FUZZ_SECONDS) $(patsubst tests/fuzz/%.c,build-fuzz/tests/fuzz/%,$(FUZZ_SRC))

lint:
	@tests/lint

format:
	@clang-format -i $(CORE_SRC) $(DAEMON_SRC) daemon/main.c $(CLIENT_SRC) $(CTL_SRC) $(SIM_SRC) $(UNIT_SRC) tests/unit/guard.c $(FUZZ_SRC) $(BENCH_SRC) \
	  $(SIMULATE_SRC) $(STORIES_SRC) \
	  $(REPLAY_SRC) $(wildcard include/vitals/*.h daemon/*.h daemon/*/*.h clients/*/*.h tests/*/*.h)

# Are the tests of the core good enough? MUTANTS= takes all of them, which takes an hour.
MUTANTS ?= 300
mutation: deps
	@$(PYTHON) tests/mutation/mutate.py --build $(B) $(if $(MUTANTS),--sample $(MUTANTS))

bench: deps all $(BENCH_BIN) $(PROTO_PY)
	@B=$(B) $(PYTHON) tests/bench/run.py
	@B=$(B) $(PYTHON) tests/bench/restart.py

DEMO_SECONDS ?=
demo: deps
	@$(MAKE) --no-print-directory -j"$$(nproc)" all $(PROTO_PY)
	@B=$(B) DEMO_SECONDS=$(DEMO_SECONDS) $(PYTHON) tests/demo/demo.py

# ---- installation -------------------------------------------------------------------------------------------------

# Without DESTDIR this is a live system: a configuration file that is there stays, and the new one is put beside it.
DATADIR   ?= $(PREFIX)/share/vitalsd
CONFDIR   := $(SYSCONFDIR)/vitalsd
PLACE     := $(INSTALL) -D -m
EXAMPLES  := $(sort $(wildcard etc/plans/*.conf etc/devices/*.conf))
SCENARIOS := $(sort $(wildcard clients/sim/scenarios/* tests/stories/*.story))
CONTRACT  := $(sort $(wildcard proto/*.proto proto/README.md))
GUIDES    := README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md LICENSE $(sort $(wildcard docs/*.md))
MANUALS   := $(sort $(wildcard docs/*.[158]))
# Where each manual page goes: docs/vitalsd.8 -> man8/vitalsd.8
man_path   = man$(subst .,,$(suffix $(1)))/$(notdir $(1))

define PLACE_CONFIG
@to='$(DESTDIR)$(CONFDIR)/$(2)'; \
if [ -z '$(DESTDIR)' ] && [ -e "$$to" ]; then \
  cmp -s '$(1)' "$$to" || { echo "$$to is kept, the new one is $$to.new"; $(PLACE) 644 '$(1)' "$$to.new"; }; \
else echo "$(PLACE) 644 $(1) $$to"; $(PLACE) 644 '$(1)' "$$to"; fi

endef

install: all
	$(PLACE) 755 $(B)/vitalsd $(DESTDIR)$(SBINDIR)/vitalsd
	$(PLACE) 755 $(B)/vitalsctl $(DESTDIR)$(BINDIR)/vitalsctl
	$(PLACE) 755 $(B)/vitals-sim $(DESTDIR)$(BINDIR)/vitals-sim
	@mkdir -p '$(DESTDIR)$(UNITDIR)'
	sed 's|/usr/sbin/vitalsd|$(SBINDIR)/vitalsd|; s|/etc/vitalsd|$(CONFDIR)|' systemd/vitalsd@.service \
	  > '$(DESTDIR)$(UNITDIR)/vitalsd@.service'
	$(PLACE) 644 systemd/vitalsd.sysusers $(DESTDIR)$(SYSUSERSDIR)/vitalsd.conf
	$(PLACE) 644 systemd/vitalsd.tmpfiles $(DESTDIR)$(TMPFILESDIR)/vitalsd.conf
	$(PLACE) 644 systemd/70-vitalsd.rules $(DESTDIR)$(UDEVDIR)/70-vitalsd.rules
	$(foreach f,realtime.conf vitalsd.rsyslog.conf vitalsd.journald.conf,$(PLACE) 644 systemd/$(f) $(DESTDIR)$(DOCDIR)/examples/$(f) &&) :
	$(call PLACE_CONFIG,etc/vitalsd.conf,room-1.conf)
	$(foreach f,$(EXAMPLES),$(call PLACE_CONFIG,$(f),$(f:etc/%=%)))
	@mkdir -p $(addprefix '$(DESTDIR)$(DATADIR)'/,proto scenarios)
	$(INSTALL) -m 644 -t '$(DESTDIR)$(DATADIR)/proto' $(CONTRACT)
	$(if $(SCENARIOS),$(INSTALL) -m 644 -t '$(DESTDIR)$(DATADIR)/scenarios' $(SCENARIOS))
	$(INSTALL) -m 644 -t '$(DESTDIR)$(DOCDIR)' $(GUIDES)
	$(foreach f,$(MANUALS),$(PLACE) 644 $(f) $(DESTDIR)$(MANDIR)/$(call man_path,$(f)) &&) :
	@[ -n '$(DESTDIR)' ] || echo "Now, as root: systemd-sysusers; systemd-tmpfiles --create; udevadm control --reload;" \
	  "systemctl daemon-reload. The configuration of the first bedside is $(CONFDIR)/room-1.conf (see README.md)."

# What people wrote stays: configuration, keys, records, the account.
uninstall:
	rm -f $(addprefix $(DESTDIR),$(SBINDIR)/vitalsd $(BINDIR)/vitalsctl $(BINDIR)/vitals-sim $(UNITDIR)/vitalsd@.service \
	  $(SYSUSERSDIR)/vitalsd.conf $(TMPFILESDIR)/vitalsd.conf $(UDEVDIR)/70-vitalsd.rules \
	  $(foreach f,$(MANUALS),$(MANDIR)/$(call man_path,$(f))))
	rm -rf '$(DESTDIR)$(DATADIR)' '$(DESTDIR)$(DOCDIR)'
	@echo "kept: $(DESTDIR)$(CONFDIR), /var/lib/vitalsd, user vitalsd"

clean:
	rm -rf build build-asan build-tsan build-clang build-fuzz

-include $(patsubst %.o,%.d,$(call obj,$(CORE_SRC) $(DAEMON_SRC) daemon/main.c $(CLIENT_SRC) $(CTL_SRC) $(SIM_SRC) $(UNIT_SRC) $(BENCH_SRC) \
  $(REPLAY_SRC) $(SIMULATE_SRC) $(STORIES_SRC) $(FUZZ_SRC) tests/unit/guard.c))
