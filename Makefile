# Thin aliases: every recipe is a command that you could type yourself.
#   make tune       set up, build, tune KERNELS for this machine, print the results
#   make test       set up, build, run every test
#   make check      formatting, warnings as errors, the systemd unit
#   make bench      tuned kernels against the libraries people would pick, interleaved on a pinned core
#   make install    PREFIX=/usr/local DESTDIR=
PREFIX ?= /usr/local
DESTDIR ?=
TARGET ?= cpu-native
TIME ?= 150s
# All of the catalogue: make tune KERNELS= TIME=20m
KERNELS ?= sgemm dot rmsnorm

RELEASE_FLAGS = -c release --static-swift-stdlib
BIN = .build/release
BINDIR = $(DESTDIR)$(PREFIX)/bin
SHAREDIR = $(DESTDIR)$(PREFIX)/share/tunerd
UNITDIR = $(DESTDIR)$(PREFIX)/lib/systemd/system

COMPUTING = ^(KernelSpace|SIMDKernels|Tuner)Tests\.

.PHONY: tune test check format bench build install uninstall clean setup

tune: build
	$(BIN)/tunectl tune $(KERNELS) --standalone --target $(TARGET) --time $(TIME)

build: setup
	swift build $(RELEASE_FLAGS) --product tunerd
	swift build $(RELEASE_FLAGS) --product tunectl
	swift build $(RELEASE_FLAGS) --product tune-worker

test: setup
	swift build --build-tests
# What only computes first: it would starve the tests of daemons and workers.
	swift test --skip-build --disable-xctest --filter '$(COMPUTING)'
	swift test --skip-build --disable-xctest --skip '$(COMPUTING)'

check: setup
	swift format lint --strict --recursive --parallel Package.swift Sources Tests Benchmarks
	swift build --build-tests -Xswiftc -warnings-as-errors --scratch-path .build-check
	Support/check-unit.sh

format:
	swift format --in-place --recursive --parallel Package.swift Sources Tests Benchmarks

bench: build
	swift build $(RELEASE_FLAGS) --product tune-bench
	Benchmarks/run.sh

setup:
	@Support/setup.sh liblmdb-dev zlib1g-dev pkg-config curl

# Built by `make build` as yourself; only the copying needs the rights of the destination.
install:
	install -d $(BINDIR) $(SHAREDIR)/include $(UNITDIR)
	install -m 755 $(BIN)/tunerd $(BIN)/tunectl $(BIN)/tune-worker $(BINDIR)
	install -m 644 Sources/CSIMD/include/* $(SHAREDIR)/include
	cd Sources/SIMDKernels && find . -mindepth 2 -type f -exec install -D -m 644 {} $(SHAREDIR)/kernels/{} \;
	sed "s|/usr/bin/tunerd|$(PREFIX)/bin/tunerd|" Support/systemd/tunerd.service > $(UNITDIR)/tunerd.service
	chmod 644 $(UNITDIR)/tunerd.service

uninstall:
	rm -f $(BINDIR)/tunerd $(BINDIR)/tunectl $(BINDIR)/tune-worker $(UNITDIR)/tunerd.service
	rm -rf $(SHAREDIR)

clean:
	swift package clean
