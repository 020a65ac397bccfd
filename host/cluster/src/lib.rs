//! What we read from the cluster and the little we write to it.
