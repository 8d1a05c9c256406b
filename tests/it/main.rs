//! The promises of DESIGN.md, shown from outside: the real program against servers that misbehave on purpose.
//!
//! One binary, one promise area a file. The servers and the workspaces below fail their tests by themselves: a
//! server when a scripted answer was never asked for or something unscripted was, a workspace when anything
//! outside the destination has changed.
//!
//! What surprises: nothing here knows the library. What a user cannot see is tested beside the code.

mod fleet;
mod pictures;
mod ports;
mod server;
mod ways;
mod workspace;

mod bodies;
mod bounds;
mod breaker;
mod certificates;
mod digests;
mod encryption;
mod faults;
mod framing;
mod going_on;
mod harness;
mod help;
mod layers;
mod limits;
mod lists;
mod naming;
mod network;
mod options;
mod outcomes;
mod output;
mod pace;
mod patience;
mod planted;
mod power;
mod private;
mod proxies;
mod pushback;
mod redirects;
mod rerun;
mod resume;
mod robots;
mod scarce;
mod secrets;
mod status;
mod stopping;
mod streams;
mod surroundings;
mod update;
mod verify;
