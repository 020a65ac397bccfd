//! The runner from outside: what it refuses, what it survives, what an honest plugin gets.

mod fuzzed;
mod guest;
mod hostile;
mod judges;
mod refused;
