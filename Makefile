# The README's commands, and what they are made of.
SWIFT ?= swift
PROMPT ?= a cat on the moon
PREFIX ?= /usr/local
# TLS=1 builds imago serve with HTTPS, which takes two minutes more.
TLS ?=
traits = $(if $(TLS),--traits TLS)

# These change the number of threads of the whole process, which decides the last bits of float32 elsewhere: they run first, alone.
threads = CKernelsTests|COneDNNTests|ReproducibilityTests

.PHONY: picture test build install uninstall lint dependencies clean

# Installs what is missing, builds, and makes a picture.
picture: build
	.build/release/txt2img "$(PROMPT)" --seed 1 --output outputs/picture.png
	@echo "open outputs/picture.png"

# Checks formatting and package structure, builds everything and runs every test.
test: lint
	scripts/install-dependencies test
	$(SWIFT) build -c release --build-tests
	$(SWIFT) test -c release --skip-build --filter '$(threads)'
	$(SWIFT) test -c release --skip-build --skip '$(threads)'

build: dependencies
	$(SWIFT) build -c release $(traits)

# Puts the commands, their model and their completions under PREFIX (DESTDIR is for packages). Under sudo what was built
# before is installed: toolchains are often not in root's path.
install:
	@if [ -n "$$SUDO_USER" ] && [ -x .build/release/imago ]; then :; else $(MAKE) build; fi
	PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" scripts/install

uninstall:
	PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" scripts/install uninstall

lint:
	scripts/lint

dependencies:
	scripts/install-dependencies

clean:
	rm -rf .build
