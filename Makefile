# The README's two commands, and what they are made of.
SWIFT ?= swift
PROMPT ?= a cat on the moon

.PHONY: picture test build lint dependencies clean

# Installs what is missing, builds, and makes a picture.
picture: build
	.build/release/txt2img "$(PROMPT)" --seed 1 --output outputs/picture.png
	@echo "open outputs/picture.png"

# Checks formatting and package structure, builds everything and runs every test.
test: dependencies lint
	$(SWIFT) build -c release --build-tests
	$(SWIFT) test -c release --skip-build

build: dependencies
	$(SWIFT) build -c release

lint:
	scripts/lint

dependencies:
	scripts/install-dependencies

clean:
	rm -rf .build
