//! SARIF reports of the standard's samples, of real tools and of attackers: what is made of each.

mod attacks;
mod baseline;
mod corpora;
mod counting;
mod delegated;
mod hostile;
mod real;
mod schema;
mod world;
