# Short names for what is done often. The steps of the check stand in one place, .ci/check.

# List the recipes.
default:
    @just --list

# Everything that must hold before a commit; the same as in CI. Steps can be named: `just check format test`.
check *steps:
    .ci/check {{ steps }}

# Put the code into the one format.
format:
    cargo fmt --all

# The end-to-end suite against real servers, on a fresh build. `just end-to-end --only proxy` runs a part.
end-to-end *arguments:
    cargo build --locked --release
    tests/e2e/run {{ arguments }}

# flagdl next to wget2, curl and an asyncio program, as ratios.
compare *arguments:
    cargo build --locked --release
    benches/compare {{ arguments }}

# Download a list of flags from the practice origin inside the program.
demo:
    cargo run --locked --release -- --demo
