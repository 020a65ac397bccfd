//! SBOMs: what they list, how much of it they say, and whether they are about what they are said to be about.

pub mod published;
