//! Review in, review out.
