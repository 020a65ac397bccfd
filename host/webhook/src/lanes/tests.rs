//! Every promise of the lanes: shares, order, bounds.

use super::*;

const MS: Duration = Duration::from_millis(1);

fn name(text: &str) -> Name {
    text.into()
}

fn offer(lanes: &mut Lanes<u32>, lane: &str, job: u32) -> Offered<u32> {
    lanes.offer(&name(lane), job)
}

/// Begins and ends one job after another until none is left, each taking what `cost` says; gives their order.
fn run(lanes: &mut Lanes<u32>, cost: impl Fn(u32) -> Duration) -> Vec<u32> {
    let mut order = Vec::new();
    while let Some((begun, job)) = lanes.begin() {
        lanes.ended(&begun, cost(job));
        order.push(job);
    }
    order
}

#[test]
fn lets_nobody_wait_for_more_than_his_share_of_a_storm() {
    let mut lanes = Lanes::new(1_000, 1);
    for job in 0..500 {
        assert_eq!(offer(&mut lanes, "storm", job), Offered::Waits);
    }
    let (first, _) = lanes.begin().expect("one");
    assert_eq!(offer(&mut lanes, "small", 1_000), Offered::Waits);
    assert_eq!(offer(&mut lanes, "small", 1_001), Offered::Waits);
    lanes.ended(&first, MS);
    let order = run(&mut lanes, |_| MS);
    let place = |job| order.iter().position(|one| *one == job).expect("it ran");
    assert!(place(1_000) <= 1 && place(1_001) <= 3, "{:?}", &order[..8]);
    assert_eq!(order.len(), 501);
}

#[test]
fn shares_by_the_time_that_was_spent_and_not_by_the_number_of_jobs() {
    let mut lanes = Lanes::new(1_000, 1);
    for job in 0..100 {
        offer(&mut lanes, "slow", job);
        offer(&mut lanes, "quick", 1_000 + job);
    }
    let order = run(&mut lanes, |job| if job < 1_000 { MS * 20 } else { MS });
    let slow_before_the_last_quick = order.iter().take_while(|job| **job != 1_099).filter(|job| **job < 1_000).count();
    assert!(
        (4..=8).contains(&slow_before_the_last_quick),
        "100 ms of each, not {slow_before_the_last_quick} times 20 ms"
    );
}

#[test]
fn keeps_the_order_within_a_lane() {
    let mut lanes = Lanes::new(100, 2);
    for job in 0..50 {
        let _ = offer(&mut lanes, "shop", job);
    }
    assert_eq!(run(&mut lanes, |job| MS * (job % 3)), (0..50).collect::<Vec<_>>());
}

#[test]
fn saves_nothing_up_for_who_was_away_and_charges_nobody_for_what_nobody_else_wanted() {
    let mut lanes = Lanes::new(1_000, 1);
    for job in 0..100 {
        let _ = offer(&mut lanes, "busy", job);
    }
    for _ in 0..50 {
        let (begun, _) = lanes.begin().expect("one");
        lanes.ended(&begun, MS);
    }
    for job in 1_000..1_100 {
        let _ = offer(&mut lanes, "back", job);
    }
    let order = run(&mut lanes, |_| MS);
    let back_in_the_first_40 = order[..40].iter().filter(|job| **job >= 1_000).count();
    assert!((18..=22).contains(&back_in_the_first_40), "turn by turn, not {back_in_the_first_40} of 40");
}

#[test]
fn remembers_what_a_lane_had_while_others_wait() {
    // One job at a time, each large: an empty lane must not be a clean slate.
    let mut lanes = Lanes::new(1_000, 1);
    for job in 0..200 {
        let _ = offer(&mut lanes, "small", job);
    }
    let mut large = 0;
    for _ in 0..100 {
        offer(&mut lanes, "large", 1_000);
        let (begun, job) = lanes.begin().expect("one");
        large += u32::from(job == 1_000);
        lanes.ended(&begun, if job == 1_000 { MS * 50 } else { MS });
        lanes.retain(|job| *job != 1_000);
    }
    assert!(large <= 4, "{large} large ones of 50 ms in some 100 ms of small ones");
}

#[test]
fn runs_no_more_of_one_lane_at_once_than_allowed_and_always_takes_another() {
    let mut lanes = Lanes::new(10, 2);
    for job in 0..4 {
        let _ = offer(&mut lanes, "shop", job);
    }
    let (one, _) = lanes.begin().expect("one");
    let (_two, _) = lanes.begin().expect("two");
    assert!(lanes.begin().is_none() && !lanes.has_ready());
    offer(&mut lanes, "other", 9);
    assert_eq!(lanes.begin().map(|(_, job)| job), Some(9));
    lanes.ended(&one, MS);
    assert_eq!(lanes.begin().map(|(_, job)| job), Some(2));
}

#[test]
fn turns_away_the_newest_of_the_longest_lane_and_the_newcomer_where_that_is_his() {
    let mut lanes = Lanes::new(4, 1);
    (0..4).for_each(|job| assert_eq!(offer(&mut lanes, "storm", job), Offered::Waits));
    assert_eq!(offer(&mut lanes, "storm", 4), Offered::Refused(4));
    assert_eq!(offer(&mut lanes, "a", 10), Offered::InPlaceOf(3));
    assert_eq!(offer(&mut lanes, "b", 20), Offered::InPlaceOf(2));
    assert_eq!(offer(&mut lanes, "c", 30), Offered::InPlaceOf(1));
    assert_eq!(offer(&mut lanes, "d", 40), Offered::Refused(40), "as many as another is no storm");
    assert_eq!(lanes.waiting(), 4);
    let mut order = run(&mut lanes, |_| MS);
    order.sort_unstable();
    assert_eq!(order, [0, 10, 20, 30]);
}

#[test]
fn drops_what_nobody_wants_and_drains_the_rest() {
    let mut lanes = Lanes::new(10, 1);
    for job in 0..6 {
        let _ = offer(&mut lanes, if job % 2 == 0 { "even" } else { "odd" }, job);
    }
    lanes.retain(|job| job % 2 == 1);
    assert_eq!(lanes.waiting(), 3);
    assert_eq!(lanes.begin().map(|(_, job)| job), Some(1));
    let mut rest = lanes.drain();
    rest.sort_unstable();
    assert_eq!((rest, lanes.waiting(), lanes.has_ready()), (vec![3, 5], 0, false));
}

#[test]
fn remembers_no_more_lanes_than_are_worth_it() {
    let mut lanes = Lanes::new(10, 1);
    offer(&mut lanes, "stays", 0);
    let (stays, _) = lanes.begin().expect("one");
    for job in 0..10_000 {
        offer(&mut lanes, &format!("tenant-{job}"), job);
        let (begun, _) = lanes.begin().expect("one");
        lanes.ended(&begun, MS);
        assert!(lanes.lanes.len() <= KEPT + 4, "{} lanes after {job} jobs", lanes.lanes.len());
    }
    lanes.ended(&stays, MS);
    assert_eq!((lanes.lanes.len(), lanes.ready.len()), (0, 0));
}

#[test]
fn loses_and_doubles_nothing_whatever_is_done() {
    // A small generator of its own (xorshift), so that a failure can be repeated.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut dice = move |sides: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % sides
    };
    let mut lanes: Lanes<u32> = Lanes::new(16, 2);
    let (mut running, mut inside, mut out) = (Vec::new(), 0_usize, 0_u32);
    for job in 0..200_000_u32 {
        if dice(2) == 0 {
            match lanes.offer(&name(&dice(7).to_string()), job) {
                Offered::Waits => inside += 1,
                Offered::InPlaceOf(_) | Offered::Refused(_) => out += 1,
            }
        } else if dice(3) > 0 {
            if let Some((begun, _)) = lanes.begin() {
                inside -= 1;
                running.push(begun);
            }
        } else if !running.is_empty() {
            let begun = running.swap_remove(usize::try_from(dice(running.len() as u64)).expect("small"));
            lanes.ended(&begun, MS * u32::try_from(dice(50)).expect("small"));
        }
        assert_eq!(lanes.waiting(), inside);
        assert!(lanes.waiting() <= 16);
        assert_eq!(lanes.lanes.values().map(|lane| lane.jobs.len()).sum::<usize>(), inside);
        assert!(lanes.lanes.values().all(|lane| lane.running <= 2));
        let may_begin = lanes.lanes.values().filter(|lane| !lane.jobs.is_empty() && lane.running < 2).count();
        assert_eq!(lanes.ready.len(), may_begin);
    }
    assert!(out > 100, "the queue was full at times");
}
