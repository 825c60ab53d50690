#!/usr/bin/env bash
# Runs rustc for cargo, and has it compile of AWS's SDKs only the functions that are used: each SDK has thousands, of which
# this repository calls a few. The flag is not stable, so only these crates get it, see `src/sdk_hint.rs`.
# bash and not sh: cargo passes variables such as CARGO_BIN_EXE_cargo-bedrock, which sh removes because of the dash.
case " $* " in
*" --crate-name aws_sdk_"*) RUSTC_BOOTSTRAP=1 exec "$@" -Zhint-mostly-unused ;;
esac
exec "$@"
