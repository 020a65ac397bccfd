//! Every metric's name, unit, help and buckets.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

pub(super) const REVIEWS: &str = "portcullis_reviews_total";
pub(super) const REVIEW_SECONDS: &str = "portcullis_review_seconds";
pub(super) const POLICY_SECONDS: &str = "portcullis_policy_seconds";
pub(super) const FINDINGS: &str = "portcullis_findings_total";
pub(super) const FAULTS: &str = "portcullis_faults_total";
pub(super) const QUEUE_DEPTH: &str = "portcullis_queue_depth";
pub(super) const QUEUE_LIMIT: &str = "portcullis_queue_limit";
pub(super) const QUEUE_WAIT: &str = "portcullis_queue_wait_seconds";
pub(super) const RELOADS: &str = "portcullis_reloads_total";
pub(super) const HEALTH_UP: &str = "portcullis_health_up";
pub(super) const OBSERVING: &str = "portcullis_observing";
pub(super) const BUILD_INFO: &str = "portcullis_build_info";
pub(super) const CERTIFICATE_EXPIRY: &str = "portcullis_certificate_expiry_timestamp_seconds";
pub(super) const CONNECTIONS: &str = "portcullis_connections";
pub(super) const CONNECTIONS_REFUSED: &str = "portcullis_connections_refused_total";
pub(super) const CALLS_REFUSED: &str = "portcullis_calls_refused_total";
pub(super) const SHED: &str = "portcullis_shed_total";
pub(super) const BREAKER_OPEN: &str = "portcullis_breaker_open";
pub(super) const BREAKER_OPENED: &str = "portcullis_breaker_opened_total";
pub(super) const HELD: &str = "portcullis_held_bytes";
pub(super) const HELD_LIMIT: &str = "portcullis_held_limit_bytes";
pub(super) const RECORDS_DROPPED: &str = "portcullis_records_dropped_total";
pub(super) const REQUESTED_CPU: &str = "portcullis_requested_cpu_cores";
pub(super) const REQUESTED_MEMORY: &str = "portcullis_requested_memory_bytes";
pub(super) const REQUESTED_STORAGE: &str = "portcullis_requested_storage_bytes";
pub(super) const RELOAD_REFUSED: &str = "portcullis_reload_refused";
pub(super) const NAMESPACES_WATCH_UP: &str = "portcullis_namespaces_watch_up";

/// The metrics whose buckets are `SECONDS`.
pub(super) const DURATIONS: &[&str] = &[REVIEW_SECONDS, POLICY_SECONDS, QUEUE_WAIT];

/// From 50 us, where one policy ends, to 10 s, where the API server does.
pub(super) const SECONDS: &[f64] = &[
    0.00005, 0.0001, 0.00015, 0.00025, 0.0005, 0.00075, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0,
    2.5, 5.0, 10.0,
];
/// From a sidecar to a large node.
pub(super) const CORES: &[f64] = &[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];

const MIB: f64 = 1024.0 * 1024.0;
const GIB: f64 = 1024.0 * MIB;
/// From 16 MiB to 1 TiB.
pub(super) const BYTES: &[f64] = &[
    16.0 * MIB,
    64.0 * MIB,
    128.0 * MIB,
    256.0 * MIB,
    512.0 * MIB,
    GIB,
    2.0 * GIB,
    4.0 * GIB,
    8.0 * GIB,
    16.0 * GIB,
    32.0 * GIB,
    64.0 * GIB,
    256.0 * GIB,
    1024.0 * GIB,
];
/// From 10 MiB to 10 TiB.
pub(super) const STORAGE: &[f64] = &[
    10.0 * MIB,
    100.0 * MIB,
    GIB,
    5.0 * GIB,
    10.0 * GIB,
    20.0 * GIB,
    50.0 * GIB,
    100.0 * GIB,
    500.0 * GIB,
    1024.0 * GIB,
    10240.0 * GIB,
];

/// Tells the recorder what each metric means.
pub(super) fn describe() {
    describe_counter!(REVIEWS, Unit::Count, "Decisions, one for each review and policy set.");
    describe_histogram!(REVIEW_SECONDS, Unit::Seconds, "Time from the arrival of a review to its answer.");
    describe_histogram!(POLICY_SECONDS, Unit::Seconds, "Time that one policy took for one review.");
    describe_counter!(FINDINGS, Unit::Count, "Findings by rule and by what they did.");
    describe_counter!(FAULTS, Unit::Count, "Policies that could not judge a review.");
    describe_gauge!(QUEUE_DEPTH, Unit::Count, "Reviews that wait for a compute thread.");
    describe_gauge!(QUEUE_LIMIT, Unit::Count, "Reviews that may wait for a compute thread.");
    describe_histogram!(QUEUE_WAIT, Unit::Seconds, "Time that reviews waited for a compute thread.");
    describe_counter!(
        RELOADS,
        Unit::Count,
        "Reloads of policies with their waivers, of labels, certificates, registries and rates; refused ones changed nothing."
    );
    describe_gauge!(HEALTH_UP, Unit::Count, "1 while reviews can be judged, else 0.");
    describe_gauge!(OBSERVING, Unit::Count, "1 while nothing is enforced (--observe), else 0.");
    describe_gauge!(BUILD_INFO, Unit::Count, "Always 1; its labels say what runs.");
    describe_gauge!(CERTIFICATE_EXPIRY, Unit::Seconds, "When the serving certificate expires, in seconds since 1970.");
    describe_gauge!(CONNECTIONS, Unit::Count, "Connections that stand.");
    describe_counter!(
        CONNECTIONS_REFUSED,
        Unit::Count,
        "Connections that came to nothing, or had to wait for a place."
    );
    describe_counter!(CALLS_REFUSED, Unit::Count, "Calls that were answered without judging a review, by why.");
    describe_counter!(SHED, Unit::Count, "Reviews that were answered without judging them because of overload.");
    describe_gauge!(
        BREAKER_OPEN,
        Unit::Count,
        "Namespaces for which a policy that faulted again and again is not called."
    );
    describe_counter!(BREAKER_OPENED, Unit::Count, "How often a policy stopped being called for a namespace.");
    describe_gauge!(HELD, Unit::Bytes, "Bytes that are set aside for bodies of reviews.");
    describe_gauge!(HELD_LIMIT, Unit::Bytes, "Bytes that may be set aside for bodies of reviews.");
    describe_counter!(RECORDS_DROPPED, Unit::Count, "Reviews that were left out of --record-reviews.");
    describe_histogram!(REQUESTED_CPU, "CPU that a workload asks for in all, in cores.");
    describe_histogram!(REQUESTED_MEMORY, Unit::Bytes, "Memory that a workload asks for in all.");
    describe_histogram!(REQUESTED_STORAGE, Unit::Bytes, "Storage that a workload asks for in all.");
    describe_gauge!(
        RELOAD_REFUSED,
        Unit::Count,
        "1 while the last reload was refused and an older version serves, else 0."
    );
    describe_gauge!(
        NAMESPACES_WATCH_UP,
        Unit::Count,
        "1 while the namespaces of the cluster are watched; 0: their labels are read one by one."
    );
}
